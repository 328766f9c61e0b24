"""A journal's file: two tables of SQLite, and the one connection that writes them.

`rows` holds what is accepted and not yet committed elsewhere; a row that is done is deleted, so the file stays as small
as what waits. `ids` remembers longer what was accepted, to recognise a repeat quickly.
"""

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

logger = logging.getLogger(__name__)

REPEAT: Final = "repeat"
"""Kind of the row that stands for a repeat. Its payload is the id of the event it repeats."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ids (id BLOB PRIMARY KEY, seq INTEGER NOT NULL, digest BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY, id BLOB, kind TEXT NOT NULL, order_key TEXT NOT NULL, payload BLOB NOT NULL, digest BLOB
);
"""
_PRUNE_EVERY: Final = 5_000
_BYTES_A_READ: Final = 32 * 1024 * 1024
ROOM: Final = 1024 * 1024
"""Bytes that must be free for the journal to count as one that takes entries."""


class JournalUnavailable(Exception):
    """Nothing of this call was accepted: the disk refused, or the journal is closing. The caller answers 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be accepted. `digest` tells a true repeat from another content under the same id; None where a repeat
    may differ."""

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
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one entry: its number, and whether it was here before (`same`: with the same digest)."""

    seq: int
    id: uuid.UUID
    repeat: bool
    same: bool = True


class JournalWriter:
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
        self._page: int = self._db.execute("PRAGMA page_size").fetchone()[0]
        self._keep_ids = keep_ids
        self._since_prune = 0
        self._probe = path.with_name(f"{path.name}.room")
        self._room = ROOM
        """Bytes that `ping` asks for: more after an entry was refused, until they are there."""
        self._largest = 0
        """Bytes of the largest entry of the commit under way."""
        self.fresh: list[Row] = []

    def commit(self, work: Sequence[Callable[["JournalWriter"], None]]) -> list[Row]:
        """Do the work in one transaction; the rows it accepted. After an error nothing of it is kept."""
        before = self.last_seq
        self.fresh = []
        self._largest = 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for one in work:
                one(self)
            if self.last_seq != before:
                self._db.execute("UPDATE meta SET value = ? WHERE name = 'last_seq'", (self.last_seq,))
                self._prune(self.last_seq - before)
            self._db.execute("COMMIT")
        except BaseException as error:
            self.last_seq = before
            if isinstance(error, sqlite3.OperationalError):
                # An entry lies in the log first and in the tables afterwards: what had no room must have it there.
                self._room = max(self._room, ROOM + 2 * self._largest)
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return self.fresh

    def insert(self, entries: Sequence[Entry]) -> list[Receipt]:
        return [self._insert(entry) for entry in entries]

    def _insert(self, entry: Entry) -> Receipt:
        self.last_seq += 1
        self._largest = max(self._largest, len(entry.payload))
        row = Row(self.last_seq, entry.id, entry.kind, entry.order_key, entry.payload, entry.digest)
        receipt = Receipt(row.seq, entry.id, repeat=False)
        cursor = self._db.execute(
            "INSERT INTO ids (id, seq, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (entry.id.bytes, row.seq, entry.digest),
        )
        if not cursor.rowcount:
            (digest,) = self._db.execute("SELECT digest FROM ids WHERE id = ?", (entry.id.bytes,)).fetchone()
            row = Row(row.seq, None, REPEAT, entry.order_key, entry.id.bytes)
            receipt = Receipt(row.seq, entry.id, repeat=True, same=digest == entry.digest)
        self._db.execute(
            "INSERT INTO rows (seq, id, kind, order_key, payload, digest) VALUES (?, ?, ?, ?, ?, ?)",
            (row.seq, row.id.bytes if row.id else None, row.kind, row.order_key, row.payload, row.digest),
        )
        self.fresh.append(row)
        return receipt

    def mark_done(self, seqs: Sequence[int]) -> None:
        self._db.executemany("DELETE FROM rows WHERE seq = ?", [(seq,) for seq in seqs])

    def pending(self, after: int, limit: int) -> list[Row]:
        rows = self._db.execute(
            "SELECT seq, id, kind, order_key, payload, digest FROM rows WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        found: list[Row] = []
        size = 0
        for seq, key, kind, order, data, digest in rows:
            found.append(Row(seq, uuid.UUID(bytes=key) if key else None, kind, order, data, digest))
            size += len(data)
            if size >= _BYTES_A_READ:
                break
        return found

    def ping(self) -> str | None:
        """What keeps the next entry out, or None."""
        # A write, though it changes nothing: on a full disk reading still works.
        self._db.execute("UPDATE meta SET value = value WHERE name = 'last_seq'")
        # That takes a place in the log that may have been there before: whether there are new ones, another file tells.
        try:
            _write_and_forget(self._probe, self._room)
        except OSError as error:
            return f"another {self._room} bytes cannot be written beside the journal: {error.strerror}"
        self._room = ROOM
        return None

    def used(self) -> int:
        """Bytes of the file that hold something: what waits, and the ids that are remembered."""
        free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        return int((self._db.execute("PRAGMA page_count").fetchone()[0] - free) * self._page)

    def count_pending(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM rows").fetchone()[0])

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
            self._db.execute(
                "DELETE FROM ids WHERE seq <= ? AND NOT EXISTS (SELECT 1 FROM rows WHERE rows.seq = ids.seq)",
                (self.last_seq - self._keep_ids,),
            )

    def _meta(self, name: str, default: Any) -> Any:
        self._db.execute("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, default))
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]


def _write_and_forget(path: Path, size: int) -> None:
    """Take `size` bytes of the disk and give them back. Raises `OSError` when it has not as many."""
    part = bytes(64 * 1024)
    with path.open("wb", buffering=0) as file:
        path.unlink()  # at once, so that a crash leaves nothing
        while size > 0:
            size -= file.write(part[:size])


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What the books need of a journal file, read without its lock."""

    id: str
    accepted: int
    pending: tuple[int, ...]
    """Numbers of the rows that are not done."""


def inspect(path: Path) -> JournalFile:
    """Read a journal's counts from outside, also while its owner writes. Raises `JournalUnavailable`."""
    with _reading(path) as (db, meta):
        pending = tuple(seq for (seq,) in db.execute("SELECT seq FROM rows"))
    return JournalFile(id=str(meta["id"]), accepted=int(meta["last_seq"]), pending=pending)


def progress(path: Path) -> tuple[int, int | None]:
    """How many events a journal has accepted, and the number of the first that is not done. As `inspect`, and as quick however
    much waits."""
    with _reading(path) as (db, meta):
        (first,) = db.execute("SELECT min(seq) FROM rows").fetchone()
    return int(meta["last_seq"]), first


@contextmanager
def _reading(path: Path) -> Iterator[tuple[sqlite3.Connection, dict[str, Any]]]:
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30, isolation_level=None)
        try:
            db.execute("BEGIN")  # one snapshot for all
            meta = dict(db.execute("SELECT name, value FROM meta"))
            if not {"id", "last_seq"} <= meta.keys():
                raise JournalUnavailable(f"{path.name} is just being made; try again")
            yield db, meta
        finally:
            db.close()
    except sqlite3.Error as error:
        raise JournalUnavailable(f"{path.name} cannot be read: {error}") from error
