"""The page behind a link that was sent to an address: it asks whether the address is theirs, and says what came of it.

It shows the brand and the masked address, nothing of any customer. A page alone proves nothing: programs that guard
mailboxes open every link, so only its button does. It works without a script and has none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from normalizer.advice import LANGUAGES, Language
from normalizer.inbound import Handle
from web.pages.form import TEMPLATES
from web.pages.proof_texts import PROOF_TEXTS
from web.pages.texts import TEXTS

ProofState = Literal[
    "ask",
    "done",
    "already_used",
    "expired",
    "too_many_attempts",
    "not_possible",
    "unknown",
    "rate_limited",
    "unavailable",
]
"""`ask`: the button is there. All others are ends."""

_SHOWN_DIGITS: Final = 3

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
)
"""Of every one of these pages: the address of the page is itself a secret, and must not be kept or passed on."""


def render_proof(
    state: ProofState, language: Language, *, brand: str = "", handle: Handle | None = None, retry_after: int | None = None
) -> str:
    """The page. `brand` and `handle` are known but for the last three states; `retry_after` is in seconds."""
    texts = PROOF_TEXTS[language]
    values = {"brand": brand, "address": "" if handle is None else masked(handle)}
    title, advice = (words.format(**values) for words in texts.states[state])
    return TEMPLATES.get_template("proof.html").render(
        view=None,
        language=language,
        languages=[(code, TEXTS[code].own_name) for code in LANGUAGES],
        texts=texts,
        wait=None if retry_after is None else TEXTS[language].wait.format(seconds=retry_after),
        state=state,
        title=title,
        advice=advice,
        address=values["address"],
        other_language=TEXTS[language].other_language,
    )


def masked(handle: Handle) -> str:
    """As much of an address as its owner needs to know it again: `a…@example.it`, `+39…567`."""
    local, at, domain = handle.value.rpartition("@")
    if at:
        return f"{local[:1] if len(local) > 1 else ''}…@{domain}"
    return f"{handle.value[:_SHOWN_DIGITS]}…{handle.value[-_SHOWN_DIGITS:]}"
