"""The journal: where a contact is durable before its channel is acknowledged.

One SQLite file a worker, in WAL mode with `synchronous=FULL`, written by one thread that commits everything that
has accumulated together (group commit: one fdatasync for many callers). It knows nothing of what it holds: an id, an
order key and opaque bytes.

Every accepted event gets the next sequence number, repeats included, so that `last_seq` counts what was ever accepted
and the books can be balanced against it. A row whose work is committed elsewhere keeps its id (to recognise a repeat
quickly) and loses its payload.
"""

import asyncio
import fcntl
import logging
import os
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

logger = logging.getLogger(__name__)

REPEAT: Final = "repeat"
"""Kind of the row that stands for a repeat. Its payload is the id of the event it repeats."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY, id BLOB, kind TEXT NOT NULL, order_key TEXT NOT NULL, digest BLOB, payload BLOB,
    pending INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX IF NOT EXISTS rows_id ON rows (id);
CREATE INDEX IF NOT EXISTS rows_pending ON rows (seq) WHERE pending = 1;
"""
_JOBS_A_COMMIT: Final = 512
_PRUNE_EVERY: Final = 5_000
_BYTES_A_READ: Final = 32 * 1024 * 1024

T = TypeVar("T")


class JournalUnavailable(Exception):
    """Nothing of this call was accepted: the disk refused, or the journal is closing. The caller answers 503."""


class JournalLocked(Exception):
    """Another process owns this journal file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be accepted. `digest` tells a true repeat from another content under the same id."""

    id: uuid.UUID
    kind: str
    order_key: str
    payload: bytes
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An accepted entry as the pipeline gets it. A repeat has no id of its own."""

    seq: int
    id: uuid.UUID | None
    kind: str
    order_key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one entry: its number, and whether it was here before (`same`: with the same digest)."""

    seq: int
    id: uuid.UUID
    repeat: bool
    same: bool = True


@dataclass(slots=True)
class _Job:
    """Work for the writer thread, done inside the transaction it shares with its neighbours."""

    work: Callable[["_Writer"], Any]
    future: "asyncio.Future[Any] | None"
    result: Any = None


class Journal:
    """One worker's journal. Made by `Journal.open` inside the event loop that uses it; not shared between loops."""

    def __init__(self, path: Path, lock: int, writer: "_Writer") -> None:
        self.path = path
        self.id = writer.id
        self.last_seq = writer.last_seq
        """Events ever accepted, as far as the event loop has heard."""
        self._lock = lock
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = False
        self._unmarked: list[_Job] = []
        """Done marks whose commit failed: they ride the next one."""
        self._listener: Callable[[Sequence[Row]], None] = lambda rows: None
        self._thread = threading.Thread(target=self._run, name=f"journal-{path.stem}", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, *, keep_ids: int = 200_000) -> "Journal":
        """Open or create the journal and take its lock. `keep_ids`: how many done rows still recognise a repeat.

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
            return cls(path, lock, _Writer(path, keep_ids))
        except sqlite3.Error as error:
            os.close(lock)
            raise JournalUnavailable(f"{path.name}: {error}") from error

    def listen(self, listener: Callable[[Sequence[Row]], None]) -> None:
        """Call `listener` in the event loop with the rows of each commit, in their order, before `accept` returns."""
        self._listener = listener

    async def accept(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Make the entries durable, all or none; returns after the fsync, one receipt an entry.

        Raises `JournalUnavailable`, and then nothing of this call is kept.
        """
        receipts: list[Receipt] = await self._call(lambda writer: writer.insert(entries))
        return receipts

    def done(self, seqs: Sequence[int]) -> None:
        """Say that these rows are committed elsewhere. Rides the next group commit."""
        self._jobs.put(_Job(lambda writer: writer.mark_done(seqs), None))

    async def pending(self, *, after: int = 0, limit: int = 1_000) -> list[Row]:
        """The next rows accepted and not done, by number, above `after`: at most `limit`, and no more once their payloads
        come to 32 MiB. None only when there are none."""
        rows: list[Row] = await self._call(lambda writer: writer.pending(after, limit))
        return rows

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

    async def _call(self, work: Callable[["_Writer"], T]) -> T:
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
            self._loop.call_soon_threadsafe(self._resolve, jobs, rows, self._writer.last_seq)

    def _give_up(self, jobs: list[_Job], reason: str) -> None:
        self._unmarked = [job for job in jobs if job.future is None]
        self._loop.call_soon_threadsafe(_fail, jobs, JournalUnavailable(reason))

    def _resolve(self, jobs: list[_Job], rows: list[Row], last_seq: int) -> None:
        self.last_seq = last_seq
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


class _Writer:
    """The connection and the counter, used by the writer thread alone."""

    def __init__(self, path: Path, keep_ids: int) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        # Random ids touch many pages: SQLite's default checkpoint at 1,000 pages rewrites them far too often.
        self._db.execute("PRAGMA wal_autocheckpoint=16000")
        self._db.executescript(_SCHEMA)
        self.id: str = self._meta("id", f"jrn_{uuid.uuid4().hex[:12]}")
        self.last_seq: int = self._meta("last_seq", 0)
        self._keep_ids = keep_ids
        self._since_prune = 0
        self._fresh: list[Row] = []

    def commit(self, jobs: Sequence[_Job]) -> list[Row]:
        """Do the jobs in one transaction; the rows they accepted. After an error nothing of them is kept."""
        before = self.last_seq
        self._fresh = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.result = job.work(self)
            if self.last_seq != before:
                self._db.execute("UPDATE meta SET value = ? WHERE name = 'last_seq'", (self.last_seq,))
                self._prune(self.last_seq - before)
            self._db.execute("COMMIT")
        except BaseException:
            self.last_seq = before
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return self._fresh

    def insert(self, entries: Sequence[Entry]) -> list[Receipt]:
        return [self._insert(entry) for entry in entries]

    def _insert(self, entry: Entry) -> Receipt:
        self.last_seq += 1
        seq = self.last_seq
        cursor = self._db.execute(
            "INSERT INTO rows (seq, id, kind, order_key, digest, payload) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (seq, entry.id.bytes, entry.kind, entry.order_key, entry.digest, entry.payload),
        )
        if cursor.rowcount:
            self._fresh.append(Row(seq, entry.id, entry.kind, entry.order_key, entry.payload))
            return Receipt(seq, entry.id, repeat=False)
        (digest,) = self._db.execute("SELECT digest FROM rows WHERE id = ?", (entry.id.bytes,)).fetchone()
        self._db.execute(
            "INSERT INTO rows (seq, kind, order_key, payload) VALUES (?, ?, ?, ?)",
            (seq, REPEAT, entry.order_key, entry.id.bytes),
        )
        self._fresh.append(Row(seq, None, REPEAT, entry.order_key, entry.id.bytes))
        return Receipt(seq, entry.id, repeat=True, same=digest == entry.digest)

    def mark_done(self, seqs: Sequence[int]) -> None:
        marks = [(seq,) for seq in seqs]
        self._db.executemany("UPDATE rows SET pending = 0, payload = NULL, order_key = '' WHERE seq = ?", marks)

    def pending(self, after: int, limit: int) -> list[Row]:
        rows = self._db.execute(
            "SELECT seq, id, kind, order_key, payload FROM rows WHERE pending = 1 AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        found: list[Row] = []
        size = 0
        for seq, key, kind, order, data in rows:
            found.append(Row(seq, uuid.UUID(bytes=key) if key else None, kind, order, data))
            size += len(data)
            if size >= _BYTES_A_READ:
                break
        return found

    def count_pending(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM rows WHERE pending = 1").fetchone()[0])

    def close(self) -> None:
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            logger.warning("the journal is left with its log; the next start reads it", extra={"reason": str(error)})
        finally:
            self._db.close()

    def _prune(self, added: int) -> None:
        self._since_prune += added
        if self._since_prune >= _PRUNE_EVERY:
            self._since_prune = 0
            self._db.execute("DELETE FROM rows WHERE pending = 0 AND seq <= ?", (self.last_seq - self._keep_ids,))

    def _meta(self, name: str, default: Any) -> Any:
        self._db.execute("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, default))
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What the books need of a journal file, read without its lock."""

    id: str
    accepted: int
    pending: tuple[int, ...]
    """Numbers of the rows that are not done."""


def inspect(path: Path) -> JournalFile:
    """Read a journal's counts from outside, also while its owner writes. Raises `JournalUnavailable`."""
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30, isolation_level=None)
        try:
            db.execute("BEGIN")  # one snapshot for both
            meta = dict(db.execute("SELECT name, value FROM meta"))
            pending = tuple(seq for (seq,) in db.execute("SELECT seq FROM rows WHERE pending = 1"))
        finally:
            db.close()
    except sqlite3.Error as error:
        raise JournalUnavailable(f"{path.name} cannot be read: {error}") from error
    try:
        return JournalFile(id=str(meta["id"]), accepted=int(meta["last_seq"]), pending=pending)
    except KeyError as error:
        raise JournalUnavailable(f"{path.name} is just being made; try again") from error
