"""Whether a relay may publish now: only while it knows that nobody else publishes the same outbox.

A process that was paused (SIGSTOP, a frozen machine) wakes up in the middle of its work, and believes what it knew before.
Meanwhile its lease may have ended, and another may publish its rows: what it publishes then comes again, behind what the other
has published since. So a relay looks at the clock before it publishes, and not at what it remembers.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

_LOOK: Final = 0.5
"""Seconds between looks at a clock that nobody announces: whoever holds the lease says when it is held again."""


class Fence:
    """Of one relay. Open for ever until a lease is spoken of. `clock` gives seconds of a clock that nobody sets and that goes
    on while the process is paused, `now` seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._now = now
        self._until = math.inf
        self._news = asyncio.Event()
        self.since_ms = 0
        """When it was opened last. What was accepted before may have been published by somebody else meanwhile."""

    @property
    def is_open(self) -> bool:
        return self._clock() < self._until

    def hold(self, seconds: float, asked: float) -> None:
        """Open for so many seconds from `asked` on: the clock's time just before the lease was asked for."""
        if not self.is_open:
            self.since_ms = int(self._now() * 1000)
        self._until = asked + seconds
        self._news.set()

    def close(self) -> None:
        """Somebody else has the lease."""
        self._until = -math.inf

    async def opened(self) -> None:
        """Return while it is open."""
        while not self.is_open:
            self._news.clear()
            try:
                async with asyncio.timeout(_LOOK):
                    await self._news.wait()
            except TimeoutError:
                continue
