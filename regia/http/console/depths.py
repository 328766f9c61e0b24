"""How deep the queues were over the last minutes: looked at every few seconds for as long as somebody watches."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dispatcher.base import Queues, QueueState, QueuesUnavailable
from dispatcher.cancelling import cancelled

EVERY: Final = 5.0
"""Seconds between looks."""
_KEPT: Final = 120
_UNWATCHED: Final = 120.0
"""Seconds after which nobody is taken to watch any more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What lay in the queues (ready, and taken where that is known) at a moment of the monotonic clock."""

    at: float
    depths: Mapping[str, int]


class Depths:
    """Of one gateway. Made inside the event loop."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self.looks: deque[Look] = deque(maxlen=_KEPT)
        self._watched = 0.0
        self._task: asyncio.Task[None] | None = None

    async def now(self) -> list[QueueState]:
        """The queues as they are; from now on they are watched. Raises `QueuesUnavailable`."""
        states = await self._queues.states()
        now = self._watched = time.monotonic()
        if not self.looks or now - self.looks[-1].at > EVERY / 2:
            self._enter(now, states)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="queue depths")
        return states

    def window(self, longest: float) -> float:
        """Over how many seconds, up to `longest`, changes are known; 0 before there is anything to compare."""
        return self.looks[-1].at - self._first(longest).at if self.looks else 0.0

    def change(self, name: str, longest: float) -> float:
        """By how much a queue has grown over that time."""
        return self.looks[-1].depths.get(name, 0) - self._first(longest).depths.get(name, 0) if self.looks else 0.0

    def _first(self, longest: float) -> Look:
        last = self.looks[-1]
        return next(look for look in self.looks if last.at - look.at <= longest)

    def course(self, name: str, most: int = 40) -> list[int]:
        """The last depths, oldest first."""
        return [look.depths.get(name, 0) for look in list(self.looks)[-most:]]

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            await cancelled([self._task])

    def _enter(self, now: float, states: list[QueueState]) -> None:
        if self.looks and now - self.looks[-1].at > _UNWATCHED:
            self.looks.clear()  # what lies between is not known
        self.looks.append(Look(now, {one.name: one.ready + max(0, one.leased) for one in states}))

    async def _watch(self) -> None:
        while time.monotonic() - self._watched < _UNWATCHED:
            await asyncio.sleep(EVERY)
            try:
                self._enter(time.monotonic(), await self._queues.states())
            except QueuesUnavailable:
                continue
