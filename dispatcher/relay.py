"""The relay: from the outbox to the queues, until each target is confirmed.

Right after a commit it publishes from memory; after a restart, or when more waits than memory should hold, from the
table. Order holds for each sender and queue: a publish without an answer holds back only the later ones of that pair.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from dispatcher.base import Outcome, Publication, Queues, QueuesUnavailable
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

Published = Callable[[OutboxRow, Outcome], None]


class Relay:
    """Publishes one node's outbox. `envelope_type` is the AMQP type of stored envelopes; `published` hears every outcome."""

    def __init__(self, queues: Queues, database: Database, *, node: str, envelope_type: str, published: Published) -> None:
        self._queues = queues
        self._database = database
        self._node = node
        self._type = envelope_type
        self._published = published
        self._feed: Feed[OutboxRow] = Feed(
            self._read, lambda row: (row.order_key, row.brand, row.target), weigh=lambda row: len(row.body), a_key=1
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._failures = 0

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work(), name=f"relay-{number}") for number in range(_IN_FLIGHT)]

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Rows that were just committed, in the order of their commit."""
        self._feed.offer(rows)

    def reread(self) -> None:
        """Rows may have been committed without anybody hearing of it: look for them in the table."""
        self._feed.reread()

    @property
    def idle(self) -> bool:
        return self._feed.idle

    def __len__(self) -> int:
        return len(self._feed)

    async def stop(self) -> None:
        """End the workers. What they had in flight is published again at the next start, under the same ids."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, after: int, limit: int) -> list[OutboxRow]:
        return await self._database.read(lambda connection: outbox.pending(connection, self._node, after=after, limit=limit))

    async def _work(self) -> None:
        while True:
            try:
                batch = await self._feed.take(_BATCH)
            except DatabaseUnavailable as error:
                logger.warning("outbox cannot be read", extra={"error": str(error)})
                await asyncio.sleep(_AGAIN)
                continue
            await self._deliver([replace(row, attempts=row.attempts + 1) for row in batch])

    async def _deliver(self, batch: list[OutboxRow]) -> None:
        """Publish, record what was confirmed, put the rest back."""
        try:
            outcomes = await self._queues.publish([self._publication(row) for row in batch])
        except QueuesUnavailable:
            outcomes = [Outcome.UNKNOWN] * len(batch)
        except Exception:  # a defect: nothing is known of these publishes, and the relay goes on
            logger.exception("envelopes could not be published", extra={"count": len(batch)})
            outcomes = [Outcome.UNKNOWN] * len(batch)
        for row, outcome in zip(batch, outcomes, strict=True):
            self._published(row, outcome)
        confirmed = [(row, outcome) for row, outcome in zip(batch, outcomes, strict=True) if outcome is not Outcome.UNKNOWN]
        failed = [row for row, outcome in zip(batch, outcomes, strict=True) if outcome is Outcome.UNKNOWN]
        if confirmed:
            await self._mark(confirmed)
        self._failures = self._failures + 1 if failed else 0
        delay = _BACKOFF[min(self._failures, len(_BACKOFF)) - 1] if failed else 0
        self._feed.settle(batch, failed=failed, delay=delay)

    async def _mark(self, confirmed: Sequence[tuple[OutboxRow, Outcome]]) -> None:
        """Record the confirms. Until it succeeds the batch stays in flight: after a crash it is published again."""
        states = {Outcome.CONFIRMED: "published", Outcome.UNROUTED: "unrouted"}
        marks = [(row.seq, states[outcome], row.attempts) for row, outcome in confirmed]
        now = time.time_ns() // 1_000_000
        while True:
            try:
                await self._database.write(lambda connection: outbox.mark(connection, marks, now))
            except DatabaseUnavailable as error:
                logger.warning("confirmed publishes cannot be recorded", extra={"error": str(error), "count": len(marks)})
            except Exception:  # a defect: these rows stay in flight, and the relay goes on with its other worker
                logger.exception("confirmed publishes cannot be recorded", extra={"count": len(marks)})
            else:
                return
            await asyncio.sleep(_AGAIN)

    def _publication(self, row: OutboxRow) -> Publication:
        return Publication(
            envelope_id=row.message_id,
            brand=row.brand,
            target=row.target,
            channel=row.channel,
            body=row.body,
            type=self._type,
            correlation_id=row.conversation_id,
            timestamp=datetime.fromtimestamp(row.received_ms / 1000, UTC),
            attempt=row.attempts,
        )
