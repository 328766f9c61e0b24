"""Work in the order of arrival for each key, and side by side for different keys."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """`put` never waits: the number of items is bounded by the prefetch of whoever puts. A key that has nothing left
    costs nothing. `work` handles its own errors: what it raises comes out of `failed`."""

    def __init__(self, work: Callable[[Item], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: dict[Hashable, deque[Item]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._failed = asyncio.Event()
        self._failure: Exception | None = None

    def put(self, key: Hashable, item: Item) -> None:
        lane = self._waiting.get(key)
        if lane is not None:
            lane.append(item)
            return
        self._waiting[key] = deque([item])
        task = asyncio.create_task(self._run(key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, key: Hashable) -> None:
        lane = self._waiting[key]
        try:
            while lane:
                await self._work(lane.popleft())
        except Exception as error:  # noqa: BLE001  # nothing is swallowed: `failed` raises it
            self.fail(error)
        finally:
            del self._waiting[key]

    def fail(self, error: Exception) -> None:
        """Have `failed` raise this."""
        self._failure = error
        self._failed.set()

    async def failed(self) -> None:
        """Wait until some work raised, and raise that."""
        await self._failed.wait()
        if self._failure is not None:
            raise self._failure

    def drop_waiting(self) -> int:
        """Forget what has not begun; how many that was."""
        dropped = sum(map(len, self._waiting.values()))
        for lane in self._waiting.values():
            lane.clear()
        return dropped

    async def finish(self, seconds: float) -> int:
        """Wait for what runs, at most so long, and cancel the rest; how many those were."""
        running = list(self._running)
        late: set[asyncio.Task[None]] = set()
        try:
            if running:
                _, late = await asyncio.wait(running, timeout=seconds)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return len(late)
