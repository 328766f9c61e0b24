"""The journal: where a contact is durable before its channel is acknowledged.

One SQLite file a worker, in WAL mode with `synchronous=FULL`, written by one thread that commits everything that
has accumulated together (group commit: one fdatasync for many callers). It knows nothing of what it holds: an id, an
order key and opaque bytes.

Every accepted event gets the next sequence number, repeats included, so that `last_seq` counts what was ever accepted
and the books can be balanced against it. `storage.journal_file` is what stands on disk.
"""

import asyncio
import fcntl
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from storage.journal_file import Entry, JournalUnavailable, JournalWriter, Receipt, Row
from storage.journal_room import UNLIMITED, JournalFull, Limits, Room, Standing
from storage.journal_shrink import EVERY_SECONDS

logger = logging.getLogger(__name__)

_JOBS_A_COMMIT: Final = 512

T = TypeVar("T")


class JournalLocked(Exception):
    """Another process owns this journal file."""


@dataclass(slots=True)
class _Job:
    """Work for the writer thread, done inside the transaction it shares with its neighbours."""

    work: Callable[[JournalWriter], Any]
    future: "asyncio.Future[Any] | None"
    result: Any = None

    def __call__(self, writer: JournalWriter) -> None:
        self.result = self.work(writer)


class Journal:
    """One worker's journal. Made by `Journal.open` inside the event loop that uses it; not shared between loops."""

    def __init__(self, path: Path, lock: int, writer: JournalWriter, limits: Limits) -> None:
        self.path = path
        self.id = writer.id
        self.last_seq = writer.last_seq
        """Events ever accepted, as far as the event loop has heard."""
        self._room = Room(path.parent, limits, writer.used())
        self._lock = lock
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = False
        self._shrunk = 0.0
        self._unmarked: list[_Job] = []
        """Done marks whose commit failed: they ride the next one."""
        self._listener: Callable[[Sequence[Row]], None] = lambda rows: None
        self._thread = threading.Thread(target=self._run, name=f"journal-{path.stem}", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, *, keep_ids: int = 200_000, limits: Limits = UNLIMITED) -> "Journal":
        """Open or create the journal and take its lock. `keep_ids`: how many done rows still recognise a repeat.
        `limits` are for what is accepted, never for what is done with it.

        Raises `JournalLocked` when another process has it and `JournalUnavailable` when the file cannot be used.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
        except BlockingIOError as error:
            raise JournalLocked(f"{path.name} is in use by another process") from error
        except OSError as error:
            raise JournalUnavailable(f"{path.name}: {error.strerror}") from error
        try:
            return cls(path, lock, JournalWriter(path, keep_ids), limits)
        except sqlite3.Error as error:
            os.close(lock)
            raise JournalUnavailable(f"{path.name}: {error}") from error

    def listen(self, listener: Callable[[Sequence[Row]], None]) -> None:
        """Call `listener` in the event loop with the rows of each commit, in their order, before `accept` returns."""
        self._listener = listener

    async def accept(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Make the entries durable, all or none; returns after the fsync, one receipt an entry.

        Raises `JournalUnavailable`, as `JournalFull` where there is no room, and then nothing of this call is kept.
        """
        size = sum(len(entry.payload) for entry in entries)
        self._take(size)
        try:
            receipts: list[Receipt] = await self._call(lambda writer: writer.insert(entries))
        finally:
            self._room.give(size)
        return receipts

    def look(self, size: int) -> None:
        """Whether so many bytes would be accepted now. Raises `JournalFull`."""
        self._take(size)
        self._room.give(size)

    def _take(self, size: int) -> None:
        """Raises `JournalFull`, and sees to it then that the journal becomes as small as it can: nothing else may come that
        would have it committed."""
        try:
            self._room.take(size)
        except JournalFull:
            if time.monotonic() > self._shrunk + EVERY_SECONDS and self._jobs.empty():
                self._jobs.put(_Job(lambda _writer: None, None))
            raise

    def room(self) -> Standing:
        """How full it is now."""
        return self._room.standing()

    def done(self, seqs: Sequence[int]) -> None:
        """Say that these rows are committed elsewhere. Rides the next group commit."""
        self._jobs.put(_Job(lambda writer: writer.mark_done(seqs), None))

    async def pending(self, *, after: int = 0, limit: int = 1_000) -> list[Row]:
        """The next rows accepted and not done, by number, above `after`: at most `limit`, and no more once their payloads
        come to 32 MiB. None only when there are none."""
        rows: list[Row] = await self._call(lambda writer: writer.pending(after, limit))
        return rows

    async def ping(self) -> None:
        """Whether something can be written and fsynced, whatever waits, and there is room for an entry: for a large one
        when the disk had none for that. Raises `JournalUnavailable`, as `JournalFull` for the limits."""
        self._room.check()
        if (wrong := await self._call(lambda writer: writer.ping())) is not None:
            raise JournalUnavailable(wrong)

    async def count_pending(self) -> int:
        count: int = await self._call(lambda writer: writer.count_pending())
        return count

    async def close(self) -> None:
        """Write the last done marks, checkpoint, and give the lock back."""
        if self._closing:
            return
        await self._end()
        os.close(self._lock)

    async def remove(self) -> None:
        """Close and delete the files of a journal that holds nothing more. Its count must be kept by the caller."""
        await self._end()
        for suffix in ("-wal", "-shm", "", ".lock"):  # under the lock, so that nobody opens what is being deleted
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        os.close(self._lock)

    async def _end(self) -> None:
        self._closing = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _call(self, work: Callable[[JournalWriter], T]) -> T:
        if self._closing:
            raise JournalUnavailable("the gateway is stopping")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        return await future

    def _run(self) -> None:
        """The writer thread: take what has accumulated, commit it once, tell the loop once."""
        stopping = False
        while not stopping:
            jobs = [self._jobs.get()]
            while len(jobs) < _JOBS_A_COMMIT and not self._jobs.empty():
                jobs.append(self._jobs.get())
            stopping = None in jobs
            self._commit([job for job in jobs if job is not None])
        self._writer.close()

    def _commit(self, jobs: list[_Job]) -> None:
        jobs = [*self._unmarked, *jobs]
        try:
            rows = self._writer.commit(jobs)
        except sqlite3.OperationalError as error:  # the disk: nothing of this commit was kept
            self._give_up(jobs, f"the journal cannot be written: {error}")
        except Exception as error:  # one caller's own values, which must not cost its neighbours
            if len(jobs) == 1:
                logger.exception("an entry cannot be written to the journal")
                refusal = JournalUnavailable(f"the journal does not take this entry: {type(error).__name__}")
                self._loop.call_soon_threadsafe(_fail, jobs, refusal)
                return
            self._unmarked = []
            for job in jobs:
                self._commit([job])
        else:
            self._unmarked = []
            self._loop.call_soon_threadsafe(self._resolve, jobs, rows, self._writer.last_seq, self._writer.used())
            if self._room.crowded and time.monotonic() > self._shrunk + EVERY_SECONDS:
                self._writer.shrink()
                self._shrunk = time.monotonic()

    def _give_up(self, jobs: list[_Job], reason: str) -> None:
        self._unmarked = [job for job in jobs if job.future is None]
        self._loop.call_soon_threadsafe(_fail, jobs, JournalUnavailable(reason))

    def _resolve(self, jobs: list[_Job], rows: list[Row], last_seq: int, used: int) -> None:
        self.last_seq = last_seq
        self._room.used = used
        try:
            if rows:
                self._listener(rows)
        finally:
            for job in jobs:
                if job.future is not None and not job.future.done():
                    job.future.set_result(job.result)


def _fail(jobs: list[_Job], error: JournalUnavailable) -> None:
    for job in jobs:
        if job.future is not None and not job.future.done():
            job.future.set_exception(error)


def _lock(path: Path) -> int:
    """The locked lock file of a journal. Raises `BlockingIOError` when somebody has it, and other `OSError`s."""
    name = f"{path}.lock"
    while True:
        lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), Path(name).stat()):
                    return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # its owner removed the journal just now: a lock on a deleted file would keep nobody out
