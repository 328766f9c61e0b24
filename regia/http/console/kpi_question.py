"""What the page of figures was asked for: a period, conditions and groups, as they stand in its address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from desk.kpi.definitions import DIMENSIONS, FIELD, SPANS
from desk.kpi.periods import Span
from desk.kpi.report import Wanted
from regia.figures import Asked, wanted
from regia.http.console.visit import Visit
from web.console.texts.kpi import KPI

MANY: Final = ("brand", "channel", "category", "tag", "field")
"""Conditions, of each of which there may be several."""
MOST: Final = 50
"""Values of one condition."""
_DAY_MS: Final = 24 * 3600 * 1000
_USUAL: Final = "30"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """As it stands in the page's form. `period` is empty where there is one of one's own: from `since` on, before `until`."""

    period: str = _USUAL
    since: str = ""
    until: str = ""
    by: str = ""
    across: str = ""
    brand: Sequence[str] = ()
    channel: Sequence[str] = ()
    category: Sequence[str] = ()
    tag: Sequence[str] = ()
    field: Sequence[str] = ()

    @classmethod
    def of(cls, visit: Visit) -> "Chosen":
        """Groups and periods that there are not are none."""
        since, until, period = (visit.word(name) for name in ("since", "until", "period"))
        known = period if period in KPI["en"].periods else _USUAL
        by, across = (_group(visit.word(name)) for name in ("by", "across"))
        many = {name: _words(visit, name) for name in MANY}
        own = bool(since or until)
        return cls(period="" if own else known, since=since, until=until, by=by, across=across if across != by else "", **many)

    @property
    def names_fields(self) -> bool:
        """Whether anything of it asks for fields."""
        return bool(self.field) or any(one.startswith(FIELD) for one in (self.by, self.across))

    def query(self, *, without_period: bool = False) -> str:
        """As an address carries it."""
        of_time = () if without_period else ("period", "since", "until")
        single = [(name, getattr(self, name)) for name in (*of_time, "by", "across")]
        return urlencode([one for one in single if one[1]] + [(name, value) for name in MANY for value in getattr(self, name)])

    def wanted(self, zone: str) -> Wanted:
        """Raises `NotAsked`."""
        conditions = {
            "brands": self.brand,
            "channels": self.channel,
            "categories": self.category,
            "tags": self.tag,
            "fields": self.field,
        }
        since, until = self._days(zone)
        of = wanted(Asked(since=since, until=until, zone=zone, **conditions))
        return replace(of, by=self.by or None, across=self.across or None)

    def span(self, of: Wanted) -> Span:
        """By what figures over time are drawn: so that a plot has enough points and not too many."""
        for span in SPANS:
            if span in (self.by, self.across):
                return span
        length_ms = of.until_ms - of.since_ms
        if length_ms <= 2 * _DAY_MS:
            return "hour"
        return "day" if length_ms <= 93 * _DAY_MS else "week" if length_ms <= 800 * _DAY_MS else "month"

    def _days(self, zone: str) -> tuple[str | None, str | None]:
        if not self.period:
            return self.since or None, self.until or None
        today = datetime.now(UTC).astimezone(wanted(Asked(zone=zone)).zone).date()
        since, until = days_of(self.period, today)
        return since.isoformat(), until.isoformat() if until else None


def days_of(period: str, today: date) -> tuple[date, date | None]:
    """The first day of a period of `KpiTexts.periods`, and the day before which it ends; None where it goes on until now."""
    month = today.replace(day=1)
    if period == "month":
        return month, None
    if period == "last-month":
        return (month - timedelta(days=1)).replace(day=1), month
    return today - timedelta(days=int(period) - 1), None


def _group(name: str) -> str:
    return name if name in (*SPANS, *DIMENSIONS) or (name.startswith(FIELD) and name != FIELD) else ""


def _words(visit: Visit, name: str) -> tuple[str, ...]:
    words = (one.replace("\0", "").strip() for one in visit.request.query.getall(name, []))
    return tuple(dict.fromkeys(one for one in words if one))[:MOST]
