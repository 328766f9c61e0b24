"""The pipeline: takes a journal's rows in batches through preparation, commit and hand-over to the relay."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from dispatcher.cancelling import cancelled
from dispatcher.relay import Relay
from regia.pipeline.accepted import MEDIA
from regia.pipeline.commit import CommitSettings, Committed, commit
from regia.pipeline.counting import count
from regia.pipeline.prepare import Preparer
from regia.pipeline.prepared import Held, Prepared, Ready, Told
from regia.watch.metrics import COMMIT_FAILURES
from storage.database import Database, DatabaseUnavailable
from storage.endings import BlobsEnded
from storage.feed import Feed
from storage.journal import Journal
from storage.journal_file import JournalUnavailable, Row

logger = logging.getLogger(__name__)

_BATCH: Final = 256
_A_SENDER: Final = 8
"""Of one sender. The relay publishes one row at once for each sender and queue: batches of few senders keep it waiting."""
_PROBE: Final = 16
"""Rows taken at once while the database is away."""
_IN_FLIGHT: Final = 2
_BACKOFF: Final = (0.2, 1.0, 3.0, 5.0)
"""Seconds between attempts while the database is away."""
_AGAIN: Final = 2.0
"""Seconds after which a sender comes again that had to be put back: no room for its files, or a row that fails."""
_SLOW_ROWS: Final = 2_000
"""Rows that may wait for providers' media at once."""
_SLOW_SENDERS: Final = 128
"""The same in senders. What waits here has its 20 seconds running: twice the slots there are for fetching."""
_KEPT_ROWS: Final = 2_000
_KEPT_BYTES: Final = 64 * 1024 * 1024


class Pipeline:
    """Works off one journal. `settings` is asked for each batch, so that new rules apply from the next one on; `decided` hears
    of each batch that is committed."""

    def __init__(
        self,
        journal: Journal,
        preparer: Preparer,
        database: Database,
        relay: Relay,
        settings: Callable[[], CommitSettings],
        *,
        decided: Callable[[Committed], None] = lambda committed: None,
    ) -> None:
        self._journal = journal
        self._preparer = preparer
        self._database = database
        self._relay = relay
        self._settings = settings
        self._decided = decided
        self._feed: Feed[Row] = Feed(self._read, lambda row: row.order_key, weigh=lambda row: len(row.payload), a_key=_A_SENDER)
        self._slow: set[asyncio.Task[None]] = set()
        self._slow_rows = 0
        self._kept: dict[int, Prepared] = {}
        """By number, what waits only for the database: files are not fetched again because it was away."""
        self._kept_bytes = 0
        self._put_since: dict[int, dict[str, int]] = {}
        """By number of a row, the ends of files it names: what is prepared for it from now on is stored again after these."""
        self._away = 0
        """Batches in succession for which the database was away."""
        self._stubborn: set[int] = set()
        """Rows that not even quarantine takes: tried alone, so that a batch does not fail because of them."""
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
        await cancelled((*self._tasks, *self._slow))

    async def _read(self, after: int, limit: int) -> list[Row]:
        return await self._journal.pending(after=after, limit=limit)

    async def _work(self) -> None:
        while True:
            batch = await self._next()
            slow_keys = {row.order_key for row in batch if row.kind == MEDIA and row.seq not in self._kept}
            self._set_aside([row for row in batch if row.order_key in slow_keys])
            await self._through([row for row in batch if row.order_key not in slow_keys])
            if self._away:
                await asyncio.sleep(self._delay)

    async def _next(self) -> list[Row]:
        while True:
            try:
                return await self._feed.take(_PROBE if self._away else _BATCH)
            except JournalUnavailable as error:
                logger.warning("the journal cannot be read", extra={"error": str(error)})
            except Exception:  # a defect must not end the work for good
                logger.exception("rows cannot be taken from the journal")
            await asyncio.sleep(_AGAIN)

    @property
    def _delay(self) -> float:
        return _BACKOFF[min(self._away, len(_BACKOFF)) - 1] if self._away else _AGAIN

    def _set_aside(self, rows: Sequence[Row]) -> None:
        """Senders whose files must be fetched go on by themselves, so that they hold up nobody else. Those for whom
        there is no room come again."""
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(row.order_key, []).append(row)
        for group in by_key.values():
            full = self._slow_rows + len(group) > _SLOW_ROWS or len(self._slow) >= _SLOW_SENDERS
            if full and self._slow:
                self._feed.settle(group, failed=group, delay=_AGAIN)
                continue
            self._slow_rows += len(group)
            task = asyncio.create_task(self._through(group))
            self._slow.add(task)
            task.add_done_callback(partial(self._slow_done, len(group)))

    def _slow_done(self, rows: int, task: "asyncio.Task[None]") -> None:
        self._slow.discard(task)
        self._slow_rows -= rows

    async def _through(self, rows: Sequence[Row]) -> None:
        """Prepare and commit once. What fails stays in the journal and comes again, before later rows of its sender."""
        if not rows:
            return
        done: set[int] = set()
        try:
            prepared = await self._preparer.prepare(rows, self._kept)
            await self._commit(prepared, done)
        except DatabaseUnavailable as error:
            self._away += 1
            COMMIT_FAILURES.labels(type(error).__name__).inc()
            logger.warning("the database does not answer; the journal keeps what comes in", extra={"error": str(error)})
            self._keep([one for one in prepared if one.row.seq not in done])
        except Exception:  # a defect: these rows are tried again, nobody else waits for them
            COMMIT_FAILURES.labels("defect").inc()
            logger.exception("rows cannot be committed", extra={"rows": len(rows)})
        self._journal.done(sorted(done))
        failed = [row for row in rows if row.seq not in done]
        self._feed.settle(rows, failed=failed, delay=self._delay)

    def _keep(self, prepared: Sequence[Prepared]) -> None:
        for one in prepared:
            if one.row.kind != MEDIA or one.row.seq in self._kept:
                continue
            if len(self._kept) < _KEPT_ROWS and self._kept_bytes < _KEPT_BYTES:
                self._kept[one.row.seq] = one
                self._kept_bytes += len(one.row.payload)

    async def _commit(self, batch: Sequence[Prepared], done: set[int]) -> None:
        """One transaction; when a message makes it fail, each alone, and the one that fails alone to quarantine. `done`
        gets the numbers of what is committed. Raises `DatabaseUnavailable`."""
        stubborn = [one for one in batch if one.row.seq in self._stubborn]
        failed = await self._singly(stubborn, done)
        rest = [one for one in batch if one.row.seq not in self._stubborn and one.row.order_key not in failed]
        if not rest:
            return
        try:
            await self._transaction(rest, done)
        except DatabaseUnavailable:
            raise
        except BlobsEnded:
            await self._singly(rest, done)
        except Exception:
            COMMIT_FAILURES.labels("message").inc()
            logger.exception("a batch could not be committed", extra={"messages": len(rest)})
            await self._singly(rest, done)

    async def _singly(self, batch: Sequence[Prepared], done: set[int]) -> set[str]:
        """Each alone, those of a sender only as far as they succeed; the keys of the senders with one that does not."""
        failed: set[str] = set()
        for one in batch:
            if one.row.order_key not in failed and not await self._alone(one, done):
                failed.add(one.row.order_key)
        return failed

    async def _alone(self, one: Prepared, done: set[int]) -> bool:
        for last in (False, True):
            try:
                await self._transaction([_quarantined(one) if last else one], done)
            except DatabaseUnavailable:
                raise
            except BlobsEnded as ended:  # it comes again, and brings its files anew
                self._forget({one.row.seq})
                self._put_since[one.row.seq] = ended.seen
                return False
            except Exception:
                COMMIT_FAILURES.labels("quarantine" if last else "message").inc()
                logger.exception("a row could not be committed", extra={"seq": one.row.seq, "to_quarantine": last})
            else:
                return True
        self._stubborn.add(one.row.seq)
        return False

    async def _transaction(self, batch: Sequence[Prepared], done: set[int]) -> None:
        settings = self._settings()
        numbers = {one.row.seq for one in batch}
        committed = await self._database.write(lambda connection: commit(connection, batch, settings, self._put_since))
        self._away = 0
        done |= numbers
        self._relay.offer(committed.outbox)
        if committed.before:
            # By a COMMIT whose answer was lost, or one of a process that died which the database finished only after
            # this one had read the outbox: it may hold rows of which the relay has not heard.
            self._relay.reread()
        self._forget(numbers)
        self._decided(committed)
        count(committed)

    def _forget(self, numbers: set[int]) -> None:
        self._stubborn -= numbers
        for number in numbers & self._put_since.keys():
            del self._put_since[number]
        for number in numbers & self._kept.keys():
            self._kept_bytes -= len(self._kept.pop(number).row.payload)


def _quarantined(one: Prepared) -> Held:
    """What fails its transaction even alone, as plain bytes: texts that a database refuses are not tried again."""
    detail = "it makes its database transaction fail"
    match one:
        case Ready(row, message):
            received_ms = int(message.received_at.timestamp() * 1000)
            inbound = message.inbound
            return Held(
                row, message.connector, received_ms, "commit_failed", detail, inbound.raw, inbound.raw_content_type, one.blobs
            )
        case Told(row, connector, received_ms, signal):
            return Held(row, connector, received_ms, "commit_failed", detail, signal.raw, "application/json")
        case Held(row, connector, received_ms, _, _, raw):
            return Held(row, connector, received_ms, "commit_failed", detail, raw, "application/octet-stream")
        case _:
            raise TypeError("a repeat is two numbers: there is nothing in it to hold")
