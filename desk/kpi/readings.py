"""The figure of readings: how often articles of a FAQ were read. They are added up by the day when they are read, without who,
where or about what: so there is nothing to count anew, and of conditions only what is known of them can hold."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from desk.kpi.measuring import MOST_GROUPS, Cell, Condition, Group, Grouping, TooManyGroups, ordered
from desk.kpi.periods import beginning
from storage.faq_counts import added

_EPOCH: Final = date(1970, 1, 1)
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {"brand": ("brand",), "faq": ("faq",), "article": ("faq", "article")}
"""What is known of a reading. An article is named with its FAQ: two may have one of the same name."""


@dataclass(slots=True)
class Reads:
    """`views`, and by how many readers' word it helped, or did not."""

    views: int = 0
    parts: dict[str, int] = field(default_factory=lambda: {"helped": 0, "not_helped": 0})

    def add(self, kind: str, number: int) -> None:
        """Take in some."""
        if kind in self.parts:
            self.parts[kind] += number
        else:
            self.views += number


def read(
    connection: Connection, *, since_ms: int, until_ms: int, where: Sequence[Condition], by: Sequence[Grouping], zone: ZoneInfo
) -> tuple[Reads, Mapping[Cell, Reads]]:
    """All readings of the days that a period touches, and each group, in the order of all figures: spans of time in theirs,
    others with the most views first. A day is counted as that day of the zone, though it was one of UTC.
    Raises `TooManyGroups`."""
    everything = Reads()
    begins = by[0].edges[:-1] if len(by) == 1 else ()
    groups: dict[Cell, Reads] = {(begin,): Reads() for begin in begins}
    if until_ms <= since_ms or any(name not in _COLUMNS for name, _ in where):
        return everything, groups
    is_timed = any(one.edges for one in by)
    used = {column for name in (*(name for name, _ in where), *(one.dimension or "" for one in by)) for column in _of(name)}
    columns = sorted(used | ({"day"} if is_timed else set()))
    first, last = _day(since_ms, zone), _day(until_ms - 1, zone)
    for row, kind, number in added(connection, first, last, columns):
        if all(_value(row, name) in values for name, values in where):
            everything.add(kind, number)
            if by:
                groups.setdefault(tuple(_group(row, one, zone) for one in by), Reads()).add(kind, number)
    if len(groups) > MOST_GROUPS + len(begins):
        raise TooManyGroups
    return everything, ordered(groups, by, lambda reads: reads.views)


def _of(name: str) -> Sequence[str]:
    return _COLUMNS.get(name, ())


def _value(row: Mapping[str, Any], name: str) -> str | None:
    return "/".join(row[column] for column in _of(name)) or None


def _group(row: Mapping[str, Any], by: Grouping, zone: ZoneInfo) -> Group:
    if by.dimension is not None:
        return _value(row, by.dimension)
    # The first span may begin within its day.
    return by.edges[max(0, bisect_right(by.edges, _begin(row["day"], zone)) - 1)]


@lru_cache(maxsize=1_000)
def _begin(day: int, zone: ZoneInfo) -> int:
    return beginning(_EPOCH + timedelta(days=day), zone)


def _day(ms: int, zone: ZoneInfo) -> int:
    return (datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date() - _EPOCH).days
