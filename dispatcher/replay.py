"""Replay: stored envelopes are published again, with the same ids and contents, in the order in which they were committed.

Of each sender and queue one copy is on its way at a time, as the relay does it: a broker may refuse the first of two and take
the second. What is stored is read shortly before it is published, so that what is erased meanwhile goes nowhere.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from dispatcher.base import Publication, UnknownQueue, queue_of
from dispatcher.straight import Copy, Landed, Straight
from storage import operations, replays
from storage.database import Database
from storage.outbox import UNROUTED
from storage.replays import Chosen, Sent

_PAGE: Final = 1_000
"""Rows that are read together, without their bytes."""
_TOGETHER: Final = 256
"""Envelopes of one round."""
_BYTES: Final = 8 << 20
"""Bytes of them that are in memory at once; one envelope may have more."""
_BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
PATIENCE: Final = 60.0
"""Seconds without any confirm after which a replay stops."""


class ReplayStopped(Exception):
    """Not everything was published; the text says why."""


@dataclass(slots=True)
class Progress:
    """How far a replay is. `place`: the position up to which everything is done; `there`: lay in the queue already;
    `erased`: gone since they were listed."""

    place: int
    done: int = 0
    there: int = 0
    erased: int = 0
    by_queue: Counter[str] = field(default_factory=Counter)

    @property
    def looked_at(self) -> int:
        """All that was dealt with."""
        return self.done + self.there + self.erased

    @property
    def detail(self) -> dict[str, int]:
        """What the log keeps."""
        return {"place": self.place, "there": self.there, "erased": self.erased}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay. `to`: one queue for all instead of those that they had gone to; `rate`: at most so many a second; `after`
    and `upto`: positions between which it is done; `id` is that of its row in the log."""

    id: str
    chosen: Chosen
    envelope_type: str
    to: str | None = None
    rate: int | None = None
    after: int = 0
    upto: int

    def queue(self, sent: Sent) -> str:
        """Where a copy goes."""
        return self.to or queue_of(sent.brand, sent.target)

    def publication(self, sent: Sent, body: bytes) -> Publication:
        return Publication(
            envelope_id=sent.message_id,
            brand=sent.brand,
            target=sent.target,
            channel=sent.channel,
            body=body,
            type=self.envelope_type,
            correlation_id=sent.conversation_id,
            timestamp=datetime.fromtimestamp(sent.received_ms / 1000, UTC),
            attempt=sent.attempts,
        )


async def count(database: Database, replay: Replay) -> Counter[str]:
    """How many copies would go to each queue. Raises `DatabaseUnavailable`."""
    found: Counter[str] = Counter()
    for after in range(replay.after, replay.upto, replays.STEP):
        upto = min(after + replays.STEP, replay.upto)
        step = await database.read(lambda one, a=after, b=upto: replays.count(one, replay.chosen, a, b))  # type: ignore[misc]  # lambdas with defaults
        for (brand, target), number in step.items():
            found[replay.to or queue_of(brand, target)] += number
    return found


async def pages(database: Database, replay: Replay, limit: int = _PAGE) -> AsyncIterator[Sequence[Sent]]:
    """Everything that is meant, in order, at most `limit` at once. Raises `DatabaseUnavailable`."""
    after = replay.after
    while after < replay.upto:
        upto = min(after + replays.STEP, replay.upto)
        page = await database.read(lambda one, a=after, b=upto: replays.page(one, replay.chosen, a, b, limit))  # type: ignore[misc]  # as above
        if page:
            yield page
        after = page[-1].position if len(page) == limit else upto


class Replayer:
    """Does a replay. `told` hears of every step; `renewed` gives the bytes to publish for those that are stored."""

    def __init__(
        self,
        database: Database,
        straight: Straight,
        replay: Replay,
        told: Callable[[Progress], None] = lambda _: None,
        renewed: Callable[[bytes], bytes] = lambda body: body,
    ) -> None:
        self.progress = Progress(place=replay.after)
        self._database = database
        self._straight = straight
        self._replay = replay
        self._told = told
        self._renewed = renewed
        self._tries = 0
        self._due = 0.0

    async def run(self) -> Progress:
        """Publish everything. Raises `ReplayStopped`, `UnknownQueue`, `DatabaseUnavailable`: `progress` says how far it came,
        and the same with `after` set to its place goes on."""
        async for page in pages(self._database, self._replay):
            for some in self._slices(page):
                await self._publish(some)
                await self._note(some)
        self.progress.place = self._replay.upto
        return self.progress

    def _slices(self, page: Sequence[Sent]) -> list[list[Sent]]:
        """So many at a time as memory, and the rate, allow."""
        most = min(_TOGETHER, self._replay.rate or _TOGETHER)
        slices: list[list[Sent]] = [[]]
        size = 0
        for sent in page:
            if slices[-1] and (len(slices[-1]) == most or size + sent.size > _BYTES):
                slices.append([])
                size = 0
            slices[-1].append(sent)
            size += sent.size
        return slices

    async def _publish(self, some: Sequence[Sent]) -> None:
        await self._keep_the_rate(len(some))
        left = list(some)
        loop = asyncio.get_running_loop()
        failures, until = 0, loop.time() + PATIENCE
        while left:
            self.progress.place = left[0].position - 1
            went = await self._put(self._next(left))
            left = [sent for sent in left if sent.position not in went]
            if went:
                failures, until = 0, loop.time() + PATIENCE
                continue
            if loop.time() > until:
                raise ReplayStopped(f"nothing was confirmed for {PATIENCE:.0f} seconds")
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1

    def _next(self, left: Sequence[Sent]) -> list[Sent]:
        """Of each sender and queue the first."""
        if self._straight.whole:
            return list(left)
        first: dict[tuple[str, str], Sent] = {}
        for sent in left:
            first.setdefault((sent.order_key, self._replay.queue(sent)), sent)
        return list(first.values())

    async def _put(self, some: Sequence[Sent]) -> set[int]:
        """The positions of those that need nothing more. Read anew before each try: one sender's messages go one after the
        other, and a broker may keep them waiting for a minute."""
        bodies = await self._database.read(lambda one: replays.bodies(one, {sent.message_id for sent in some}))
        there = [sent for sent in some if sent.message_id in bodies]
        went = {sent.position for sent in some if sent.message_id not in bodies}
        self.progress.erased += len(went)
        if not there:
            return went
        self._tries += 1
        suffix = f":replay-{self._replay.id}-{self._tries}"
        copies = [self._copy(sent, self._renewed(bodies[sent.message_id]), suffix) for sent in there]
        for sent, copy, landed in zip(there, copies, await self._straight.put(copies), strict=True):
            if landed is Landed.NOWHERE:
                raise UnknownQueue(copy.queue)
            if landed is Landed.UNKNOWN:
                continue
            went.add(sent.position)
            if landed is Landed.ADDED:
                self.progress.done += 1
                self.progress.by_queue[copy.queue] += 1
            self.progress.there += landed is Landed.THERE
            self.progress.erased += landed is Landed.ERASED
        return went

    def _copy(self, sent: Sent, body: bytes, suffix: str) -> Copy:
        return Copy(self._replay.queue(sent), self._replay.publication(sent, body), suffix)

    async def _note(self, some: Sequence[Sent]) -> None:
        """Write down how far it is; and of what no queue had taken, that its own has it now."""
        progress, replay = self.progress, self._replay
        progress.place = some[-1].position
        own = [
            sent.position for sent in some if sent.state == UNROUTED and replay.queue(sent) == queue_of(sent.brand, sent.target)
        ]
        done, detail = progress.done, progress.detail

        def write(connection: Connection) -> None:
            if own:
                replays.arrived(connection, own)
            operations.note(connection, replay.id, done, detail)

        await self._database.write(write)
        self._told(progress)

    async def _keep_the_rate(self, number: int) -> None:
        if self._replay.rate is None:
            return
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._due - now))
        self._due = max(now, self._due) + number / self._replay.rate
