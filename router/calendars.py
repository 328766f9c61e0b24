"""Opening hours: what a moment is by a calendar, and working time counted from one.

A calendar is open when a clock on the wall of its time zone shows a time within a span of that day, or within one of
the day before that goes on after midnight. So an hour that the clock shows twice is open twice, and one that it leaves
out is nobody's working time. Nothing here reads a clock or a file: the same question has the same answer.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from router.vocabulary import DAYS, RECEIVED, Facts, Value

Span: TypeAlias = tuple[int, int]
"""Minutes from the midnight at which a day begins; the end, which is outside, may lie in the day after."""

Holidays: TypeAlias = Callable[[int], frozenset[date]]
"""The public holidays of a year."""

DAY: Final = 24 * 60
_REACH: Final = timedelta(days=20 * 366)
_DAYS_KEPT: Final = 16


class OutOfReach(ValueError):
    """The calendar does not have as much working time within twenty years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a calendar's declaration says. `week` has the spans of monday to sunday; `closed` the first and the last
    of days without any; `open` the spans of single days, which win over all the rest; `holidays` the public holidays
    of a year."""

    zone: ZoneInfo
    week: Sequence[tuple[Span, ...]]
    holidays: Holidays | None = None
    closed: Sequence[tuple[date, date]] = ()
    open: Mapping[date, tuple[Span, ...]]


class Calendar:
    """One calendar, ready to be asked. Immutable but for what it remembers of a few days; safe between threads."""

    def __init__(self, plan: Plan) -> None:
        self.zone = plan.zone
        self._plan = plan
        self._open = {day.toordinal(): spans for day, spans in plan.open.items()}
        closed = _merged((first.toordinal(), last.toordinal() + 1) for first, last in plan.closed)
        self._closed_from, self._closed_to = [first for first, _ in closed], [end for _, end in closed]
        self._spans = lru_cache(_DAYS_KEPT)(self._spans_of)

    def local(self, moment: datetime) -> datetime:
        """The moment (aware) by the clocks of the calendar's place. Raises OverflowError at the ends of time."""
        return moment.astimezone(self.zone)

    def is_open(self, local: datetime) -> bool:
        """Whether it is open when the clocks there show `local`; its date and time count and nothing else of it."""
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self._spans(local.toordinal()))

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday, open or not; without `holidays:` no day is."""
        return self._plan.holidays is not None and day in self._plan.holidays(day.year)

    def open_times(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The times of working from one moment (aware) to another, in UTC and in order; some may touch. Raises OverflowError at
        the ends of time."""
        at, end = start.astimezone(UTC), end.astimezone(UTC)
        while at < end:
            is_open, then = self._stretch(at)
            then = min(then, end)
            if is_open:
                yield at, then
            at = then

    def add(self, start: datetime, seconds: int) -> datetime:
        """The first moment, in UTC, before which `seconds` of working time have gone by since `start` (aware).

        No working time has gone by at `start` itself, also when it is closed then; what is reached when it closes is
        reached at the end of that span, not at the beginning of the next. Raises OutOfReach, and ValueError for a
        negative time.
        """
        if seconds < 0:
            raise ValueError("working time cannot be taken back")
        try:
            at = start.astimezone(UTC)
            limit, left = at + _REACH, timedelta(seconds=seconds)
            while left:
                if at >= limit:
                    raise OutOfReach("not that much working time within twenty years")
                is_open, then = self._stretch(at)
                step = min(left, then - at) if is_open else timedelta()
                left -= step
                at = then if left else at + step
        except OverflowError:
            raise OutOfReach("not that much working time before the end of all dates") from None
        return at

    def _stretch(self, at: datetime) -> tuple[bool, datetime]:
        """Whether it is open at a moment in UTC, and a later one until which that is so, at midnight at the latest."""
        local = self.local(at)
        wall = local.replace(tzinfo=None)
        midnight = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - what a clock shows has no zone
        minute = local.hour * 60 + local.minute
        turns = [edge for span in self._spans(local.toordinal()) for edge in span if edge > minute]
        until = midnight + timedelta(minutes=turns[0] if turns else DAY)
        return self.is_open(local), self._steady(at, at + (until - wall))

    def _steady(self, at: datetime, then: datetime) -> datetime:
        """The end of the time from `at` in which no clock is changed, `then` at the latest."""
        offset = self.local(at).utcoffset()
        if self.local(then).utcoffset() == offset:  # no zone changes its clocks twice within a day
            return then
        start = at.replace(microsecond=0)  # clocks are changed at whole seconds
        same, other = 0, int((then - start).total_seconds())
        while other - same > 1:
            middle = (same + other) // 2
            if self.local(start + timedelta(seconds=middle)).utcoffset() == offset:
                same = middle
            else:
                other = middle
        return start + timedelta(seconds=other)

    def _spans_of(self, ordinal: int) -> tuple[Span, ...]:
        """When it is open on a day, in order and apart, from 0 to 1440: its own spans, and what the day before left."""
        before = ((start - DAY, end - DAY) for start, end in self._begun(ordinal - 1))
        within = ((max(start, 0), min(end, DAY)) for start, end in (*before, *self._begun(ordinal)))
        return _merged((start, end) for start, end in within if start < end)

    def _begun(self, ordinal: int) -> tuple[Span, ...]:
        """The spans that begin on a day, however long they last."""
        if ordinal < 1:  # the day before the first of all dates
            return ()
        spans = self._open.get(ordinal)
        if spans is not None:
            return spans
        place = bisect_right(self._closed_from, ordinal)
        day = date.fromordinal(ordinal)
        if (place and ordinal < self._closed_to[place - 1]) or self.is_holiday(day):
            return ()
        return self._plan.week[day.weekday()]


class Clock:
    """What rules ask of the moment when a message came, as facts. Made once for a ruleset: facts that no rule asks about
    are not made, and cost nothing."""

    def __init__(self, calendars: Mapping[str, Calendar], asked: Collection[str]) -> None:
        self._wanted = tuple(
            (calendar, wanted)
            for name, calendar in calendars.items()
            if (wanted := tuple((fact, read) for kind, read in _READERS.items() if (fact := f"{kind}.{name}") in asked))
        )

    def told(self, facts: Facts) -> Facts:
        """The facts with those of the calendars added; what is there already stays. Without a moment that can be read
        under `received` they are missing. Never fails."""
        if not self._wanted:
            return facts
        received = facts.get(RECEIVED)
        try:
            moment = datetime.fromisoformat(received) if isinstance(received, str) else None
            if moment is None or moment.tzinfo is None:
                return facts
            made: dict[str, Value] = {}
            for calendar, wanted in self._wanted:
                local = calendar.local(moment)
                made.update((fact, read(calendar, local)) for fact, read in wanted)
        except (ValueError, OverflowError):
            return facts
        return {**made, **facts}


_READERS: Final[Mapping[str, Callable[[Calendar, datetime], Value]]] = {
    "hours": lambda calendar, local: "open" if calendar.is_open(local) else "closed",
    "date": lambda calendar, local: local.date().isoformat(),
    "weekday": lambda calendar, local: DAYS[local.weekday()],
    "holiday": lambda calendar, local: calendar.is_holiday(local.date()),
}


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in spans that are in order, and neither overlap nor touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
