"""The process that tries rules, as the gateway sees it: started when it is needed, ended when it takes too long, replaced.

Reading rules is much work of the interpreter, and may take seconds: in the gateway's own process it would hold up messages.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from pebble import ProcessExpired, ProcessPool

from regia.pipeline.reading_environment import start_tracker
from regia.pipeline.reading_slot import Context
from regia.trying.attempt import prepare, ready

T = TypeVar("T")

SECONDS: Final = 15.0
"""The longest that one attempt may take."""
_MEMORY: Final = 512 << 20
_START: Final = 60.0
_WAITING: Final = 16
"""Attempts that may wait; beyond them nobody is kept waiting."""


class NotTried(Exception):
    """The attempt has no outcome; `why` is time, memory or busy."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Superseded(Exception):
    """The same person asked again before this attempt had begun."""


class Bench:
    """One at a time: whoever comes later waits."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._pool: ProcessPool | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._latest: dict[str, int] = {}

    async def run(self, work: Callable[..., T], *args: Any, key: str = "") -> T:
        """What `work`, a function of `regia.trying.attempt`, gives. Of several with one `key` that wait only the last is done.
        Raises `NotTried` and `Superseded`."""
        if self._waiting >= _WAITING:
            raise NotTried("busy")
        number = self._latest[key] = self._latest.get(key, 0) + 1
        self._waiting += 1
        try:
            async with self._turn:
                if key and self._latest[key] != number:
                    raise Superseded
                return await self._run(work, args)
        finally:
            self._waiting -= 1

    async def warm(self) -> None:
        """Have the process ready for who is about to need it."""
        with suppress(NotTried):
            await self.run(ready)

    async def close(self) -> None:
        """End the process, whatever it does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)

    async def _run(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        pool = await self._started()
        try:
            done: T = await asyncio.wrap_future(pool.schedule(work, args=args, timeout=self._seconds))
        except TimeoutError:
            raise NotTried("time") from None
        except (ProcessExpired, MemoryError):
            raise NotTried("memory") from None
        except RuntimeError:  # the pool was broken from outside: a new one next time
            await self.close()
            raise NotTried("busy") from None
        return done

    async def _started(self) -> ProcessPool:
        if self._pool is not None and self._pool.active:
            return self._pool
        await self.close()
        await asyncio.to_thread(start_tracker)
        pool = self._pool = ProcessPool(max_workers=1, initializer=prepare, initargs=(_MEMORY,), context=Context())
        try:
            future = await asyncio.to_thread(pool.schedule, ready)
            async with asyncio.timeout(_START):
                await asyncio.wrap_future(future)
        except (OSError, RuntimeError):
            await self.close()
            raise NotTried("busy") from None
        return pool


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
