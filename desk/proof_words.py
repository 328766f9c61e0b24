"""What is written to an address that is to be proven, in every language, and what a configuration may write instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Final, Literal

Piece = Literal["subject", "code", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`subject` is of mails, and never holds the secret: it is shown in lists and on locked screens."""

    subject: str
    code: str
    link: str


PLACES: Final[Mapping[Piece, frozenset[str]]] = MappingProxyType(
    {
        "subject": frozenset({"brand"}),
        "code": frozenset({"brand", "code", "minutes"}),
        "link": frozenset({"brand", "link", "hours"}),
    }
)
"""What each piece may name in braces."""
_NEEDED: Final[Mapping[Piece, str]] = MappingProxyType({"code": "code", "link": "link"})

# Short enough for one SMS with most names.
WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "it": Words(
            subject="{brand}: conferma il tuo indirizzo",
            code="{code} è il tuo codice per {brand}. Vale {minutes} minuti. Se non l'hai chiesto tu, non darlo a nessuno.",
            link="Per confermare a {brand} che questo indirizzo è tuo, apri entro {hours} ore:\n{link}\n"
            "Se non l'hai chiesto tu, non confermare.",
        ),
        "en": Words(
            subject="{brand}: confirm your address",
            code="{code} is your code for {brand}, good for {minutes} minutes. If you did not ask for it, give it to nobody.",
            link="To confirm to {brand} that this address is yours, open within {hours} hours:\n{link}\n"
            "If you did not ask for it, do not confirm.",
        ),
    }
)
FALLBACK: Final = "en"


def problem(piece: Piece, text: str) -> str | None:
    """What is wrong with a text of the configuration, or None."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return "a brace stands alone: write {{ and }} for braces themselves"
    named = {name for _, name, _, _ in parts if name is not None}
    plain = not any(spec or conversion for _, _, spec, conversion in parts)
    if not plain or not named <= PLACES[piece]:
        return f"name in braces only: {', '.join(sorted(PLACES[piece]))}"
    if (needed := _NEEDED.get(piece)) and needed not in named:
        return f"{{{needed}}} is missing: the customer would get nothing to answer with"
    return None
