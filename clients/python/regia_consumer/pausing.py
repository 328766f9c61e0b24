"""A pause of all work while a dependency is away.

While it lasts one message at a time tries again, after a wait that grows; the others hold. The first success ends it.
Nothing is given back meanwhile: each time RabbitMQ takes an unacknowledged message back counts towards its delivery limit.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from regia_consumer.errors import Unavailable
from regia_consumer.waiting import Backoff, Closing, pause

logger = logging.getLogger(__name__)

FIRST_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 30.0


class Pause:
    """Shared by everything that works for one consumer, over all its connections."""

    def __init__(self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._backoff = Backoff(first, longest)
        self._turn = asyncio.Lock()
        self._wait = 0.0
        self.since: float | None = None
        """When it began, in the loop's time; None while nothing is paused."""

    @asynccontextmanager
    async def attempt(self, closing: asyncio.Event) -> AsyncIterator[None]:
        """Around one attempt: waits while paused, begins a pause when it raises `Unavailable`, ends one when it succeeds.

        Raises `Closing` when that is set before the attempt could begin.
        """
        turn = self.since is not None
        if turn:
            await self._turn.acquire()
        try:
            if turn and self.since is None:
                self._turn.release()
                turn = False
            if turn:
                await pause(self._wait, closing)
            if closing.is_set():
                raise Closing
            yield
        except Unavailable as error:
            self.begin(error, grow=turn)
            raise
        else:
            self.end()
        finally:
            if turn:
                self._turn.release()

    def begin(self, error: Unavailable, *, grow: bool = False) -> None:
        if grow or self.since is None:  # several attempts that meet the same outage are one
            self._wait = self._backoff.next()
        if self.since is None:
            self.since = asyncio.get_running_loop().time()
            logger.warning("paused: %s; what is in hand waits, nothing more is taken", error)

    def end(self) -> None:
        if self.since is not None:
            lasted = asyncio.get_running_loop().time() - self.since
            logger.info("the pause is over after %.1f s", lasted)
        self.since = None
        self._backoff.reset()

    async def lasted(self, seconds: float) -> None:
        """Return when a pause has lasted that long."""
        while True:
            now = asyncio.get_running_loop().time()
            left = seconds if self.since is None else self.since + seconds - now
            if left <= 0:
                return
            await asyncio.sleep(min(left, 1.0))
