"""Durable rows, handed out in order: the journal's pending rows to the pipeline, the outbox's to the relay.

Rows of one key are handed out in the order of their numbers and never while an earlier one of that key is in flight or
waiting for its retry, so that a sender that fails blocks only itself. Above a cap rows are not kept in memory but read
back from where they are stored.

Keys that cannot be handed out now may hold only a share of the memory. Rows of theirs beyond it are passed over while
reading, so that what lies behind them is reached; reading goes back to them when their keys can be handed out again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic

from storage.feed_lines import Line, Lines, R

_READ: Final = 500
_PASSED_OVER: Final = 100_000
"""Keys with rows passed over that are remembered at most: with more, reading goes no further until some are done."""
_REST: Final = 1.0
"""Seconds a failed key waits at least that was dropped from memory: each such retry reads the store again."""


class Feed(Generic[R]):
    """One ordered feed. `read(after, limit)` gives the next stored rows above a number, and none only when there are
    none; `key` groups what must stay in order; `a_key` limits how many rows of one key are taken together. At most
    about twice `cap` rows or `cap_bytes`, as `weigh` counts them, are kept in memory, half of that for held keys.

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
        self._cap_bytes = cap_bytes
        self._a_key = a_key
        self._share = max(cap // 8, 1)
        """Rows of one key in memory. As many as one read: a single sender's backlog is then read about once."""
        self._loaded = 0
        """Stored rows up to here are in memory or over, or their keys are in `_passed` with a number not above theirs."""
        self._read_back = 0
        """Everything up to here was read from the store: an offer of it comes too late."""
        self._newest = 0
        self._rereads = 0
        self._behind = True
        self._lines: Lines[R] = Lines(weigh)
        self._passed: dict[Hashable, int] = {}
        """Lowest number of a key's rows that were passed over; never one above `_loaded`."""
        self._back: int | None = None
        """Passed over, of keys that have run empty: read next."""
        self._later: int | None = None
        """The same of keys that had failed, which may fail again: read when the end was reached, so that they do not
        keep reading from what lies behind them."""
        self._gone: set[int] = set()
        """Numbers of the rows done while a read was under way, which may still have seen them."""
        self._changed = asyncio.Event()
        self._changed.set()
        self._reading = asyncio.Lock()

    def __len__(self) -> int:
        """Rows in memory that are waiting, without those in flight."""
        return self._lines.size

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is in flight, nothing is to be read back."""
        return not self._lines and not self._behind and self._back is None and self._later is None

    def offer(self, rows: Sequence[R]) -> None:
        """New rows, in their order, just stored. Kept in memory when there is room, else left where they are stored."""
        if not rows:
            return
        self._newest = max(self._newest, rows[-1].seq)
        full = self._lines.size >= self._cap or self._lines.weight >= self._cap_bytes
        if self._behind or full or self._too_many_keys:
            self._behind = True
        else:
            self._keep([row for row in rows if row.seq > self._read_back])
        self._changed.set()

    def reread(self) -> None:
        """Rows may be stored of which nobody told: read again from the first on what is not in memory. What was stored
        before them must have been offered, so that an offer that follows is known to be newer."""
        self._rereads += 1
        self._rewind(1)
        self._newest = self._read_back = 0
        self._changed.set()

    async def take(self, limit: int) -> list[R]:
        """At least one and at most `limit` rows; whole keys are marked in flight until `settle`."""
        while True:
            reads = self._reads
            if reads:
                await self._catch_up()
            batch = self._pop(limit)
            if batch:
                return batch
            if not reads and not self._reads:
                await self._wait()

    def settle(self, rows: Sequence[R], *, failed: Sequence[R] = (), delay: float = 0) -> None:
        """These rows of a `take` are over. The `failed` ones among them come again, before later rows of their keys,
        after about `delay` seconds; a key with a failed row is not handed out before."""
        again = {row.seq for row in failed}
        done = [row.seq for row in rows if row.seq not in again]
        if self._reading.locked():
            self._gone.update(done)
        self._lines.known.difference_update(done)
        for row in reversed(failed):
            self._lines.put_back(self._key(row), row)
        blocked = {self._key(row) for row in failed}
        for key in {self._key(row) for row in rows} - blocked:
            self._let_go(key)
        for key in blocked:
            dropped = self._crowded(self._cap // 2, self._cap_bytes // 2)
            if dropped:
                self._drop(key)
            wait = max(delay, _REST) if dropped else delay
            asyncio.get_running_loop().call_later(wait, self._let_go, key, dropped)

    @property
    def _reads(self) -> bool:
        """Whether there is something to read and room for it. What held keys keep is bounded by itself."""
        lines = self._lines
        size, weight = lines.size - lines.held_size, lines.weight - lines.held_weight
        if size >= max(self._cap // 2, 1) or weight >= max(self._cap_bytes // 2, 1):
            return False
        if self._too_many_keys:
            return self._back is not None or self._later is not None
        return self._behind or self._back is not None or self._later is not None

    @property
    def _too_many_keys(self) -> bool:
        """Those in memory count, since each may come to be passed over."""
        return len(self._passed) + len(self._lines) >= _PASSED_OVER

    def _crowded(self, rows: int, weight: int) -> bool:
        return self._lines.held_size > rows or self._lines.held_weight > weight

    def _keep(self, rows: Sequence[R]) -> None:
        for row in rows:
            self._loaded = max(self._loaded, row.seq)
            key = self._key(row)
            if row.seq in self._lines.known or row.seq in self._gone or key in self._passed:
                continue
            line = self._lines.get(key)
            if line is None or self._room(line):
                self._lines.append(key, row)
            else:
                self._passed[key] = row.seq

    def _room(self, line: Line[R]) -> bool:
        if len(line.rows) >= self._share:
            return False
        return not line.held or not self._crowded(self._cap // 2 - 1, self._cap_bytes // 2 - 1)

    def _drop(self, key: Hashable) -> None:
        first = self._lines.drop(key)
        if first is not None and first <= self._loaded:
            self._passed[key] = first

    def _pop(self, limit: int) -> list[R]:
        batch: list[R] = []
        while self._lines.ready and len(batch) < limit:
            key, taken = self._lines.pop(min(limit - len(batch), self._a_key or limit))
            batch += taken
            if self._crowded(self._cap, self._cap_bytes):
                self._drop(key)
        return batch

    def _let_go(self, key: Hashable, dropped: bool = False) -> None:
        at = None if self._lines.let_go(key) else self._passed.get(key)
        if at is not None and dropped:
            self._later = min(at, self._later or at)
        elif at is not None:
            self._back = min(at, self._back or at)
        self._changed.set()

    def _rewind(self, to: int) -> None:
        """Read again from this number on."""
        if self._newest:  # what was read already may be newer than what was told
            self._newest = max(self._newest, self._loaded)
        self._loaded = min(self._loaded, to - 1)
        self._passed = {key: at for key, at in self._passed.items() if at < to}
        self._back = self._back if self._back and self._back < to else None
        self._later = self._later if self._later and self._later < to else None
        self._behind = True

    async def _catch_up(self) -> None:
        async with self._reading:
            if not self._reads:
                return
            reached = self._loaded
            if self._back is not None:
                self._rewind(self._back)
            elif self._later is not None and (not self._behind or self._too_many_keys):
                self._rewind(self._later)
            no_further = self._too_many_keys
            self._gone.clear()
            known, rereads = self._newest, self._rereads
            rows = await self._read(self._loaded, _READ)
            if rereads != self._rereads:
                return  # told meanwhile to begin again
            if rows and no_further and rows[-1].seq > reached:
                self._keep([row for row in rows if row.seq <= reached])
                self._loaded = reached
                self._behind = True
            elif rows:
                self._keep(rows)
                # Before the first offer nobody knows the newest number: only an empty read is the end.
                self._behind = self._newest == 0 or self._loaded < self._newest
            else:
                # Everything stored up to `known` was read. What was offered meanwhile is still to be read.
                self._loaded = max(self._loaded, known)
                self._behind = self._newest > self._loaded
            self._read_back = max(self._read_back, self._loaded)

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
