"""The relay: from the outbox to the queues, until each target is confirmed.

Right after a commit it publishes from memory; after a restart, or when more waits than memory should hold, from the
table. Order holds for each sender and queue: a publish without an answer holds back only the later ones of that pair.
"""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import Final

from dispatcher.base import Landed, Outcome, Queues, QueuesUnavailable
from dispatcher.cancelling import cancelled
from dispatcher.fence import Fence
from dispatcher.marks import Landings, Marks
from dispatcher.publications import publication_of
from storage import outbox
from storage.database import Database, DatabaseUnavailable
from storage.feed import Feed
from storage.outbox import OutboxRow

logger = logging.getLogger(__name__)

_BATCH: Final = 256
_IN_FLIGHT: Final = 2
_BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds to wait before the next attempt; the last one for ever after."""

_AGAIN: Final = 1.0
"""Seconds between attempts to reach the database."""
_PATIENCE: Final = 1.0
"""Seconds a worker waits for the answers of its queues. A queue that takes longer goes on beside it."""
_LEFT_BEHIND: Final = 1_024
"""Rows that may be without an answer beside the workers; above it these wait."""

FRESH: Final = 5.0
"""Seconds since a contact was accepted for which its row is published without a look whether it was erased since."""

_STATES: Final = {Outcome.CONFIRMED: "published", Outcome.UNROUTED: "unrouted"}

Published = Callable[[OutboxRow, Outcome], None]
Queue = tuple[str, str]
"""Brand and target."""


class Relay:
    """Publishes one node's outbox, while its `fence` is open. `envelope_type` is the AMQP type of stored envelopes; `published`
    hears every outcome."""

    def __init__(
        self,
        queues: Queues,
        database: Database,
        *,
        node: str,
        envelope_type: str,
        published: Published,
        fence: Fence | None = None,
    ) -> None:
        self.fence = fence or Fence()
        self.name = token_hex(4)
        self._queues = queues
        self._database = database
        self._node = node
        self._type = envelope_type
        self._published = published
        self._feed: Feed[OutboxRow] = Feed(
            self._read, lambda row: (row.order_key, row.brand, row.target), weigh=lambda row: len(row.body), a_key=1
        )
        self._marks = Marks(database)
        self._tasks: list[asyncio.Task[None]] = []
        self._failures: dict[Queue, int] = {}
        """Rounds in succession in which a queue did not take everything."""
        self._erased: set[str] = set()
        """Envelopes of which rows may be in memory, and which must not be published any more."""
        self._on_the_way: Counter[str] = Counter()
        """Publishes without an answer, by envelope."""
        self._landed = asyncio.Event()
        self._delivering: set[asyncio.Task[None]] = set()
        self.confirmed = -math.inf  # when something was last, by the clock that nobody sets
        self._slow: dict[asyncio.Task[None], tuple[Queue, int]] = {}
        """Rounds that have outlasted the patience: their queue and how many rows."""

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work(), name=f"relay-{number}") for number in range(_IN_FLIGHT)]

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Rows that were just committed, in the order of their commit."""
        self._feed.offer(rows)

    def reread(self) -> None:
        """Rows may have been committed without anybody hearing of it: look for them in the table."""
        self._feed.reread()

    async def forget(self, envelopes: Collection[str], seconds: float) -> bool:
        """Publish these envelopes no more, whose rows were deleted. Waits for those that are on their way, at most `seconds`;
        False where some are still. Other processes' relays look into the table before they publish what has waited."""
        self._erased = set(envelopes) if self._feed.idle else self._erased | set(envelopes)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._on_the_way.keys().isdisjoint(envelopes):
                    self._landed.clear()
                    await self._landed.wait()
        return self._on_the_way.keys().isdisjoint(envelopes)

    @property
    def idle(self) -> bool:
        return self._feed.idle

    def __len__(self) -> int:
        return len(self._feed)

    async def finish(self, seconds: float) -> None:
        """Publish nothing more, wait at most `seconds` until what is on its way is answered and recorded, and stop."""
        self.fence.close()
        if self._delivering:
            await asyncio.wait(self._delivering, timeout=seconds)
        await self.stop()

    async def stop(self) -> None:
        """End the workers. What they had in flight is published again at the next start, under the same ids."""
        tasks = (*self._tasks, *self._slow)
        await cancelled(tasks)

    async def _read(self, after: int, limit: int) -> list[OutboxRow]:
        return await self._database.read(lambda connection: outbox.pending(connection, self._node, after=after, limit=limit))

    async def _work(self) -> None:
        while True:
            batch = await self._next()
            await self.fence.opened()
            await self._round(batch)

    async def _next(self) -> list[OutboxRow]:
        while True:
            try:
                return await self._feed.take(_BATCH)
            except DatabaseUnavailable as error:
                logger.warning("outbox cannot be read", extra={"error": str(error)})
            except Exception:  # a defect must not end the relay for good
                logger.exception("rows cannot be taken from the outbox")
            await asyncio.sleep(_AGAIN)

    async def _round(self, batch: Sequence[OutboxRow]) -> None:
        """Each queue by itself, and no longer than the patience: a queue that is silent holds up only its own."""
        by_queue: dict[Queue, list[OutboxRow]] = {}
        for row in await self._due(batch):
            by_queue.setdefault((row.brand, row.target), []).append(row)
        silent = {queue for queue, _ in self._slow.values()}
        tasks: dict[asyncio.Task[None], tuple[Queue, int]] = {}
        for queue, rows in by_queue.items():
            if queue in silent:
                self._feed.settle(rows, failed=rows, delay=_BACKOFF[-1])
            else:
                task = asyncio.create_task(self._deliver(queue, rows))
                tasks[task] = (queue, len(rows))
                self._delivering.add(task)
                task.add_done_callback(self._delivering.discard)
        if not tasks:
            return
        try:
            left = sum(count for _, count in self._slow.values())
            _, late = await asyncio.wait(tasks, timeout=_PATIENCE if left < _LEFT_BEHIND else None)
        except asyncio.CancelledError:
            await cancelled(tasks)
            raise
        for task in late:
            self._slow[task] = tasks[task]
            task.add_done_callback(self._slow.pop)

    async def _deliver(self, queue: Queue, rows: Sequence[OutboxRow]) -> None:
        """Publish, record what was confirmed, put the rest back."""
        if not self.fence.is_open:  # paused since it was looked at
            self._feed.settle(rows, failed=rows)
            return
        # Again, since the look: with nothing awaited from here on, whoever erases sees what is on its way.
        batch = [replace(row, attempts=row.attempts + 1) for row in rows if row.message_id not in self._erased]
        landings = Landings()
        pairs = list(zip(batch, await self._publish(batch, landings), strict=True))
        self._tell(pairs)
        confirmed = [(row, outcome) for row, outcome in pairs if outcome is not Outcome.UNKNOWN]
        failed = [row for row, outcome in pairs if outcome is Outcome.UNKNOWN]
        if confirmed:
            self.confirmed = time.monotonic()
            marks = [(row.seq, _STATES[outcome], row.attempts, landings.ms_of(row.message_id)) for row, outcome in confirmed]
            await self._marks.record(marks)
        self._feed.settle(rows, failed=failed, delay=self._delay(queue, bool(failed)))

    async def _publish(self, batch: Sequence[OutboxRow], landed: Landed) -> list[Outcome]:
        if not batch:
            return []
        envelopes = [row.message_id for row in batch]
        self._on_the_way.update(envelopes)
        try:
            return await self._queues.publish([publication_of(row, self._type, self.name) for row in batch], landed)
        except QueuesUnavailable:
            return [Outcome.UNKNOWN] * len(batch)
        except Exception:  # a defect: nothing is known of these publishes, and the relay goes on
            logger.exception("envelopes could not be published", extra={"count": len(batch)})
            return [Outcome.UNKNOWN] * len(batch)
        finally:
            self._on_the_way -= Counter(envelopes)
            self._landed.set()

    async def _due(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """What of a batch is to be published; the rest is over, or comes again."""
        try:
            due = await self._still_due(rows)
        except Exception as error:
            if not isinstance(error, DatabaseUnavailable):  # a defect: these rows come again, and the relay goes on
                logger.exception("rows could not be looked up", extra={"count": len(rows)})
            self._feed.settle(rows, failed=rows, delay=_AGAIN)
            return ()
        if len(due) < len(rows):
            left = {row.seq for row in due}
            self._feed.settle([row for row in rows if row.seq not in left])
        return due

    async def _still_due(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """What is still to be published: what has waited, or is older than the lease, is looked up, as another process may
        have erased or published it meanwhile. Raises `DatabaseUnavailable`."""
        long_ago = max((time.time() - FRESH) * 1000, self.fence.since_ms)
        waited = [row.seq for row in rows if row.received_ms < long_ago]
        due = await self._database.read(lambda connection: outbox.still_pending(connection, waited)) if waited else set()
        gone = set(waited) - due
        return [row for row in rows if row.seq not in gone and row.message_id not in self._erased]

    def _tell(self, pairs: Sequence[tuple[OutboxRow, Outcome]]) -> None:
        try:
            for row, outcome in pairs:
                self._published(row, outcome)
        except Exception:  # a defect of who counts: it must not keep the rows in flight for ever
            logger.exception("outcomes could not be told", extra={"count": len(pairs)})

    def _delay(self, queue: Queue, failed: bool) -> float:
        if not failed:
            self._failures.pop(queue, None)
            return 0
        self._failures[queue] = self._failures.get(queue, 0) + 1
        return _BACKOFF[min(self._failures[queue], len(_BACKOFF)) - 1]
