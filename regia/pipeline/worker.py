"""The pipeline: takes a journal's rows in batches through preparation, commit and hand-over to the relay."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dispatcher.relay import Relay
from regia.pipeline.accepted import MEDIA
from regia.pipeline.commit import CommitSettings, Committed, commit
from regia.pipeline.prepare import Preparer
from regia.pipeline.prepared import Held, Prepared, Ready, Told
from regia.watch.metrics import BATCH, COMMIT_FAILURES, COMMITTED, QUARANTINED
from storage.blobs import BlobsUnavailable
from storage.database import Database, DatabaseUnavailable
from storage.feed import Feed
from storage.journal import Journal
from storage.journal_file import JournalUnavailable, Row

logger = logging.getLogger(__name__)

_BATCH: Final = 256
_IN_FLIGHT: Final = 2
_BACKOFF: Final = (0.2, 1.0, 3.0, 5.0)
"""Seconds between attempts while the database is away."""
_SLOW_ROWS: Final = 2_000
"""Rows that may wait for providers' media at once; above it nothing more is taken."""


@dataclass(slots=True)
class _Attempt:
    """Rows on their way, and what preparing them gave: files are not fetched again because a commit failed."""

    rows: Sequence[Row]
    prepared: list[Prepared] | None = None


class Pipeline:
    """Works off one journal. `settings` is asked for each batch, so that new rules apply from the next one on."""

    def __init__(
        self, journal: Journal, preparer: Preparer, database: Database, relay: Relay, settings: Callable[[], CommitSettings]
    ) -> None:
        self._journal = journal
        self._preparer = preparer
        self._database = database
        self._relay = relay
        self._settings = settings
        self._feed: Feed[Row] = Feed(self._read, lambda row: row.order_key, weigh=lambda row: len(row.payload))
        self._slow: set[asyncio.Task[None]] = set()
        self._slow_room = asyncio.Semaphore(_SLOW_ROWS)
        self._tasks: list[asyncio.Task[None]] = []
        journal.listen(self._feed.offer)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work(), name=f"pipeline-{number}") for number in range(_IN_FLIGHT)]

    @property
    def idle(self) -> bool:
        """Everything the journal holds is committed."""
        return self._feed.idle

    def __len__(self) -> int:
        return len(self._feed)

    async def stop(self) -> None:
        """End the workers. What they had not committed is still in the journal."""
        for task in (*self._tasks, *self._slow):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._slow, return_exceptions=True)

    async def _read(self, after: int, limit: int) -> list[Row]:
        return await self._journal.pending(after=after, limit=limit)

    async def _work(self) -> None:
        while True:
            try:
                batch = await self._feed.take(_BATCH)
            except JournalUnavailable as error:
                logger.warning("the journal cannot be read", extra={"error": str(error)})
                await asyncio.sleep(1)
                continue
            slow_keys = {row.order_key for row in batch if row.kind == MEDIA}
            if slow_keys:
                await self._set_aside([row for row in batch if row.order_key in slow_keys])
                batch = [row for row in batch if row.order_key not in slow_keys]
            if batch:
                await self._through(batch)

    async def _set_aside(self, rows: Sequence[Row]) -> None:
        """Senders whose files must be fetched go on by themselves, so that they hold up nobody else."""
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(row.order_key, []).append(row)
        for group in by_key.values():
            await self._slow_room.acquire()
            task = asyncio.create_task(self._through(group))
            self._slow.add(task)
            task.add_done_callback(self._slow_done)

    def _slow_done(self, task: "asyncio.Task[None]") -> None:
        self._slow.discard(task)
        self._slow_room.release()

    async def _through(self, rows: Sequence[Row]) -> None:
        """Prepare and commit, until it is done: whatever happens, these rows end in the database."""
        attempt = _Attempt(rows)
        failures = 0
        while not await self._try(attempt):
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1
        if failures:
            # A connection that ends during COMMIT leaves open whether it was done: then the outbox has rows unheard of.
            self._relay.reread()
        self._journal.done([row.seq for row in rows])
        self._feed.settle(rows)

    async def _try(self, attempt: _Attempt) -> bool:
        """One attempt; whether everything is committed. A failure leaves the rows in the journal and is told."""
        try:
            if attempt.prepared is None:
                attempt.prepared = await self._preparer.prepare(attempt.rows)
            await self._commit(attempt.prepared)
        except (DatabaseUnavailable, BlobsUnavailable) as error:
            COMMIT_FAILURES.labels(type(error).__name__).inc()
            logger.warning("a store does not answer; the journal keeps what comes in", extra={"error": str(error)})
            return False
        except Exception:  # a defect: these rows are tried again, nobody else waits for them
            COMMIT_FAILURES.labels("defect").inc()
            logger.exception("rows cannot be committed, not even to quarantine", extra={"rows": len(attempt.rows)})
            return False
        return True

    async def _commit(self, batch: Sequence[Prepared]) -> None:
        """One transaction; when a message makes it fail, each alone, and the one that fails alone to quarantine."""
        try:
            await self._transaction(batch)
        except DatabaseUnavailable:
            raise
        except Exception:
            COMMIT_FAILURES.labels("message").inc()
            logger.exception("a batch could not be committed", extra={"messages": len(batch)})
            if len(batch) == 1:
                await self._transaction([_quarantined(batch[0])])
                return
            for one in batch:
                await self._commit([one])

    async def _transaction(self, batch: Sequence[Prepared]) -> None:
        settings = self._settings()
        committed = await self._database.write(lambda connection: commit(connection, batch, settings))
        self._relay.offer(committed.outbox)
        _count(committed)


def _quarantined(one: Prepared) -> Held:
    """What fails its transaction even alone, as plain bytes: texts that a database refuses are not tried again."""
    detail = "it makes its database transaction fail"
    match one:
        case Ready(row, message):
            received_ms = int(message.received_at.timestamp() * 1000)
            inbound = message.inbound
            return Held(row, message.connector, received_ms, "commit_failed", detail, inbound.raw, inbound.raw_content_type)
        case Told(row, connector, received_ms, signal):
            return Held(row, connector, received_ms, "commit_failed", detail, signal.raw, "application/json")
        case Held(row, connector, received_ms, _, _, raw):
            return Held(row, connector, received_ms, "commit_failed", detail, raw, "application/octet-stream")
        case _:
            raise TypeError("a repeat is two numbers: there is nothing in it to hold")


def _count(committed: Committed) -> None:
    if committed.routed:
        BATCH.observe(len(committed.routed))
    for connector, category in committed.routed:
        COMMITTED.labels(connector, category).inc()
    for connector, reason in committed.held:
        QUARANTINED.labels(connector, reason).inc()
