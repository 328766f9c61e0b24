"""The page that shows a customer what became of one contact. It works without a script and has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

from normalizer.advice import LANGUAGES, Language
from web.pages.form import TEMPLATES, headers
from web.pages.look import Look
from web.pages.proof import HEADERS
from web.pages.state_texts import CHANNELS, STATE_TEXTS, StateTexts
from web.pages.texts import TEXTS

__all__ = ["StateEnd", "StepView", "render_end", "render_state", "state_headers"]

StateEnd = Literal["expired", "gone", "unknown", "rate_limited", "unavailable"]
"""Pages that show no contact."""


@dataclass(frozen=True, slots=True)
class StepView:
    """What happened (a key of `StateTexts.steps`), when (None: not known yet), and by which channel."""

    kind: str
    at: datetime | None
    channel: str | None = None


def render_state(
    language: Language, *, reference: str, steps: Sequence[StepView], zone: tzinfo, look: Look | None = None
) -> str:
    """The page of a contact with this reference number; the last step says where it stands. Times are those of `zone`."""
    texts = STATE_TEXTS[language]
    last = steps[-1].kind
    return TEMPLATES.get_template("state.html").render(
        **_common(language, look),
        texts=texts,
        title=texts.title,
        reference=reference,
        state=texts.steps[last][0],
        advice=texts.advice[last],
        steps=[_shown(step, texts, language, zone) for step in steps],
    )


def render_end(end: StateEnd, language: Language, *, retry_after: int | None = None) -> str:
    """The page where no contact is shown; `retry_after` is in seconds."""
    title, advice = STATE_TEXTS[language].ends[end]
    wait = None if retry_after is None else TEXTS[language].wait.format(seconds=retry_after)
    return TEMPLATES.get_template("state.html").render(
        **_common(language, None), texts=STATE_TEXTS[language], title=title, advice=advice, wait=wait, reference=None
    )


def state_headers(look: Look | None = None) -> dict[str, str]:
    """The headers of these pages: their address is itself a secret, and must not be kept, framed or passed on."""
    policy = headers(look)["Content-Security-Policy"]
    parts = [part for part in policy.split("; ") if not part.startswith(("script-src", "connect-src", "frame-ancestors"))]
    return {**HEADERS, "Content-Security-Policy": "; ".join([*parts, "frame-ancestors 'none'"])}


def _common(language: Language, look: Look | None) -> dict[str, object]:
    return {
        "view": look,
        "language": language,
        "languages": [(code, TEXTS[code].own_name) for code in LANGUAGES],
        "other_language": TEXTS[language].other_language,
    }


def _shown(step: StepView, texts: StateTexts, language: Language, zone: tzinfo) -> dict[str, str | None]:
    channel = CHANNELS.get(step.channel or "", {}).get(language)
    return {
        "said": texts.steps[step.kind][1],
        "on": None if channel is None else texts.on.format(channel=channel),
        "at": None if step.at is None else step.at.astimezone(UTC).isoformat(timespec="seconds"),
        "moment": None if step.at is None else moment(step.at.astimezone(zone), texts),
    }


def moment(at: datetime, texts: StateTexts) -> str:
    """A time as people read it: `21 novembre 2026, ore 18:02`."""
    return texts.moment.format(day=at.day, month=texts.months[at.month - 1], year=at.year, time=f"{at:%H:%M}")
