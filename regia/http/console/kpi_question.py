"""What the page of figures was asked for, and the figures of that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from desk.kpi.periods import Span
from desk.kpi.report import Figure, Wanted
from regia.figures import Asked, figures, wanted
from regia.http.console.visit import Visit
from storage import recent
from storage.faq_counts import Read, most_viewed
from web.console.kpi import MOST
from web.console.texts.kpi import KPI

HEADLINES: Final = ("reasons", "first_reply", "closing", "sla", "surveys", "unheard")
OVER_TIME: Final = ("reasons", "first_reply", "closing")
_DAY_MS: Final = 24 * 3600 * 1000
_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the page was asked for, as it stands in its form. `days` is 0 where there is a period of one's own."""

    days: int = _DAYS
    since: str = ""
    until: str = ""
    brand: str = ""
    channel: str = ""
    category: str = ""
    tag: str = ""
    field: str = ""

    @classmethod
    def of(cls, visit: Visit) -> "Chosen":
        words = {name: visit.word(name) for name in ("since", "until", "brand", "channel", "category", "tag", "field")}
        days = visit.word("days")
        own = bool(words["since"] or words["until"])
        known = int(days) if days in {str(one) for one in KPI["en"].days} else _DAYS
        return cls(days=0 if own else known, **words)

    def asked(self, zone: str, names: Sequence[str] = ()) -> Asked:
        return Asked(
            names=names,
            since=self._since(zone),
            until=self.until or None,
            zone=zone,
            brands=_given(self.brand),
            channels=_given(self.channel),
            categories=_given(self.category),
            tags=_given(self.tag),
            fields=_given(self.field),
        )

    def _since(self, zone: str) -> str | None:
        if not self.days:
            return self.since or None
        today = datetime.now(UTC).astimezone(wanted(Asked(zone=zone)).zone).date()
        return (today - timedelta(days=self.days - 1)).isoformat()


def _given(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`before` is of the period of the same length before; `over_time` by `span`."""

    now: dict[str, Figure]
    before: dict[str, Figure]
    over_time: dict[str, Figure]
    span: Span
    articles: list[Read]
    channels: list[str]


def find(connection: Connection, asked: Asked, of: Wanted, chosen: Chosen) -> Found:
    """All of one moment. Raises `NotAsked`, `NotCounted`."""
    span = _span(of.until_ms - of.since_ms)
    previous = replace(of, since_ms=2 * of.since_ms - of.until_ms, until_ms=of.since_ms, by="")
    heads, times = replace(asked, names=HEADLINES), replace(asked, names=OVER_TIME)
    return Found(
        now=_named(figures(connection, asked, of)),
        before=_named(figures(connection, heads, previous)),
        over_time=_named(figures(connection, times, replace(of, by=span))),
        span=span,
        articles=most_viewed(connection, since_ms=of.since_ms, until_ms=of.until_ms, brand=chosen.brand or None, limit=MOST),
        channels=recent.channels(connection),
    )


def _named(found: Sequence[Figure]) -> dict[str, Figure]:
    return {one.kpi: one for one in found}


def _span(length_ms: int) -> Span:
    """So that a plot has enough points and not too many."""
    if length_ms <= 2 * _DAY_MS:
        return "hour"
    return "day" if length_ms <= 93 * _DAY_MS else "week" if length_ms <= 800 * _DAY_MS else "month"
