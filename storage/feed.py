"""Durable rows, handed out in order: the journal's pending rows to the pipeline, the outbox's to the relay.

Rows of one key are handed out in the order of their numbers and never while an earlier one of that key is in flight or
waiting for its retry, so that a sender that fails blocks only itself. Above a cap rows are not kept in memory but read
back from where they are stored.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, Protocol, TypeVar

_READ: Final = 500


class Numbered(Protocol):
    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=Numbered)


class Feed(Generic[R]):
    """One ordered feed. `read(after, limit)` gives the next stored rows above a number, and none only when there are
    none; `key` groups what must stay in order; `a_key` limits how many rows of one key are taken together. At most
    about `cap` rows or `cap_bytes`, as `weigh` counts them, are kept in memory.

    Lives in one event loop. Starts `behind`: whatever was stored before it was made is read first.
    """

    def __init__(
        self,
        read: Callable[[int, int], Awaitable[list[R]]],
        key: Callable[[R], Hashable],
        *,
        cap: int = 4_000,
        weigh: Callable[[R], int] = lambda row: 0,
        cap_bytes: int = 64 * 1024 * 1024,
        a_key: int | None = None,
    ) -> None:
        self._read = read
        self._key = key
        self._cap = cap
        self._weigh = weigh
        self._cap_bytes = cap_bytes
        self._a_key = a_key
        self._loaded = 0
        self._read_back = 0
        """Everything up to here was read from the store: an offer of it comes too late."""
        self._newest = 0
        self._rereads = 0
        self._behind = True
        self._queues: dict[Hashable, deque[R]] = {}
        self._ready: deque[Hashable] = deque()
        self._held: set[Hashable] = set()
        self._known: set[int] = set()
        """Numbers of the rows in memory, those in flight included."""
        self._gone: set[int] = set()
        """Numbers of the rows settled while a read was under way, which may still have seen them."""
        self._size = 0
        self._weight = 0
        self._changed = asyncio.Event()
        self._changed.set()
        self._reading = asyncio.Lock()

    def __len__(self) -> int:
        """Rows in memory that are waiting, without those in flight."""
        return self._size

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is in flight, nothing is to be read back."""
        return not self._queues and not self._behind

    def offer(self, rows: Sequence[R]) -> None:
        """New rows, in their order, just stored. Kept in memory when there is room, else left where they are stored."""
        if not rows:
            return
        self._newest = max(self._newest, rows[-1].seq)
        if self._behind or self._size >= self._cap or self._weight >= self._cap_bytes:
            self._behind = True
        else:
            self._keep([row for row in rows if row.seq > self._read_back])
        self._changed.set()

    def reread(self) -> None:
        """Rows may be stored of which nobody told: read again from the first on what is not in memory. What was stored
        before them must have been offered, so that an offer that follows is known to be newer."""
        self._rereads += 1
        self._newest = self._loaded = self._read_back = 0
        self._behind = True
        self._changed.set()

    async def take(self, limit: int) -> list[R]:
        """At least one and at most `limit` rows; whole keys are marked in flight until `settle`."""
        while True:
            if self._behind and self._size < max(self._cap // 2, 1) and self._weight < self._cap_bytes // 2:
                await self._catch_up()
            batch = self._pop(limit)
            if batch:
                return batch
            if self._behind:
                # Everything in memory belongs to keys that are held: look again when one is let go, or soon.
                await self._wait(0.2)
            else:
                await self._wait(None)

    def settle(self, rows: Sequence[R], *, failed: Sequence[R] = (), delay: float = 0) -> None:
        """These rows of a `take` are over. The `failed` ones among them come again, before later rows of their keys,
        after `delay` seconds; a key with a failed row is not handed out before."""
        if self._reading.locked():
            self._gone.update(row.seq for row in rows)
        self._known.difference_update(row.seq for row in rows)
        self._known.update(row.seq for row in failed)
        for row in reversed(failed):
            self._queues[self._key(row)].appendleft(row)
            self._size += 1
            self._weight += self._weigh(row)
        blocked = {self._key(row) for row in failed}
        for key in {self._key(row) for row in rows} - blocked:
            self._let_go(key)
        for key in blocked:
            asyncio.get_running_loop().call_later(delay, self._let_go, key)

    def _keep(self, rows: Sequence[R]) -> None:
        fresh = [row for row in rows if row.seq not in self._known and row.seq not in self._gone]
        for row in fresh:
            key = self._key(row)
            waiting = self._queues.get(key)
            if waiting is None:
                self._queues[key] = deque((row,))
                self._ready.append(key)
            else:
                waiting.append(row)
            self._weight += self._weigh(row)
        self._known.update(row.seq for row in fresh)
        self._size += len(fresh)
        if rows:
            self._loaded = max(self._loaded, rows[-1].seq)

    def _pop(self, limit: int) -> list[R]:
        batch: list[R] = []
        while self._ready and len(batch) < limit:
            key = self._ready.popleft()
            waiting = self._queues[key]
            self._held.add(key)
            room = min(limit - len(batch), self._a_key or limit)
            batch.extend(waiting.popleft() for _ in range(min(room, len(waiting))))
        self._size -= len(batch)
        self._weight -= sum(map(self._weigh, batch))
        return batch

    def _let_go(self, key: Hashable) -> None:
        if key not in self._held:
            return
        self._held.discard(key)
        if self._queues[key]:
            self._ready.append(key)
        else:
            del self._queues[key]
        self._changed.set()

    async def _catch_up(self) -> None:
        async with self._reading:
            if not self._behind:
                return
            self._gone.clear()
            known, rereads = self._newest, self._rereads
            rows = await self._read(self._loaded, _READ)
            if rereads != self._rereads:
                return  # told meanwhile to begin again
            if rows:
                self._keep(rows)
                # Before the first offer nobody knows the newest number: only an empty read is the end.
                self._behind = self._newest == 0 or self._loaded < self._newest
            else:
                # Everything stored up to `known` was read. What was offered meanwhile is still to be read.
                self._loaded = max(self._loaded, known)
                self._behind = self._newest > self._loaded
            self._read_back = self._loaded

    async def _wait(self, seconds: float | None) -> None:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
