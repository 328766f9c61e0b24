"""Clocks that are set while we run: how far times may be ahead of now, and whether a clock has gone evenly."""

import time
from collections.abc import Callable
from typing import Final

SLACK_MS: Final = 300_000
"""How far the clocks of nodes may differ. What is later than that was written by a clock that was wrong."""
_LONG: Final = 3600.0
"""Seconds after a jump in which nothing is thrown away for its age: a clock that is wrong is soon put right."""


class Evenness:
    """Whether `now` (seconds since 1970) goes as `clock` does, which nobody sets."""

    def __init__(self, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clock = clock
        self._difference: float | None = None
        self._since = clock()

    def look(self) -> bool:
        """Whether there was no jump for an hour. To be asked every few minutes, since a jump is seen between two looks."""
        difference = self._now() - self._clock()
        if self._difference is not None and abs(difference - self._difference) * 1000 > SLACK_MS:
            self._since = self._clock()
        self._difference = difference
        return self._clock() - self._since >= _LONG
