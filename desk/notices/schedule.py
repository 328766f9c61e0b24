"""When digests are told: at times of a clock on the wall, or so long after the first contact. Pure: nothing reads a clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_DAYS: Final = 8
"""Whatever days of the week there are, one is among so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every `every_ms`, or at minutes `at` of the days of the week (0 is monday) in a `zone`."""

    every_ms: int | None = None
    at: tuple[int, ...] = ()
    days: frozenset[int] = frozenset(range(7))
    zone: ZoneInfo

    def after(self, entered_ms: int) -> int:
        """The time (ms) at which what was entered then is told: the first one later than that.

        A time that the clocks show twice is their first; one that they leave out comes by as much later.
        """
        if self.every_ms is not None:
            return entered_ms + self.every_ms
        day = (_EPOCH + timedelta(milliseconds=entered_ms)).astimezone(self.zone).date()
        dates = (day + timedelta(days=number) for number in range(_DAYS))
        told = (
            (datetime(one.year, one.month, one.day, *divmod(minute, 60), tzinfo=self.zone) - _EPOCH) // _MS
            for one in dates
            if one.weekday() in self.days
            for minute in self.at
        )
        return min(at_ms for at_ms in told if at_ms > entered_ms)
