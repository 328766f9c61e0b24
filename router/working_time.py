"""Working time in milliseconds since 1970, for what is counted again and again: opening hours are looked up, not gone through.

`Calendar.add` goes from one opening to the next, which for three days of an office takes a thousand times as long.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import accumulate
from typing import Final

from router.calendars import Calendar, OutOfReach

_PIECE: Final = 32 * 86_400_000
"""Milliseconds of which the opening hours are kept together."""
_REACH: Final = 232
"""Pieces that are looked at: twenty years."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Opening times in order: when each begins, and how much working time of the piece lies before it, and in all."""

    starts: Sequence[int]
    before: Sequence[int]

    @property
    def total(self) -> int:
        return self.before[-1]

    def worked(self, at_ms: int) -> int:
        """Its working time before a moment."""
        place = bisect_right(self.starts, at_ms)
        if place == 0:
            return 0
        return min(self.before[place], self.before[place - 1] + at_ms - self.starts[place - 1])

    def reached(self, worked_ms: int) -> int:
        """When so much of it, which is not 0, has gone by."""
        place = bisect_right(self.before, worked_ms - 1) - 1
        return self.starts[place] + worked_ms - self.before[place]


class WorkingTime:
    """Of a calendar; without one all hours count."""

    def __init__(self, calendar: Calendar | None = None) -> None:
        self._piece = lru_cache(2 * _REACH)(partial(_read, calendar)) if calendar is not None else None

    def after(self, start_ms: int, working_ms: int) -> int:
        """The first moment before which so much working time has gone by since `start_ms`. Raises `OutOfReach` where there is
        not so much of it within twenty years."""
        if self._piece is None:
            return start_ms + working_ms
        if working_ms <= 0:
            return start_ms
        number = start_ms // _PIECE
        left = working_ms + self._piece(number).worked(start_ms)
        for place in range(number, number + _REACH):
            piece = self._piece(place)
            if left <= piece.total:
                return piece.reached(left)
            left -= piece.total
        raise OutOfReach("not that much working time within twenty years")

    def between(self, start_ms: int, end_ms: int) -> int:
        """How much working time goes by from one moment to another; 0 where that is not later."""
        if end_ms <= start_ms:
            return 0
        if self._piece is None:
            return end_ms - start_ms
        first, last = start_ms // _PIECE, end_ms // _PIECE
        whole = sum(self._piece(number).total for number in range(first, last))
        return whole + self._piece(last).worked(end_ms) - self._piece(first).worked(start_ms)


def _read(calendar: Calendar, number: int) -> _Piece:
    start = _EPOCH + timedelta(milliseconds=number * _PIECE)
    try:
        found = list(calendar.open_times(start, start + timedelta(milliseconds=_PIECE)))
    except OverflowError:
        raise OutOfReach("not that much working time before the end of all dates") from None
    lengths = [_ms(end - begin) for begin, end in found]
    return _Piece([_ms(begin - _EPOCH) for begin, _ in found], list(accumulate(lengths, initial=0)))


def _ms(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)
