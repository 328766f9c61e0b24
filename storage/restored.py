"""Journals out of a backup, made to fit a database that was copied after them.

A copied journal's counter stands where it stood at its copy, while the database knows rows that were accepted later: the
next contacts would get numbers that are taken, and the books would not balance. So what such a journal still holds is
moved to the beginning of a new one, in its order and under its ids, and the old one is closed with the events the database
has of it. What was accepted after the copy and was not yet in the database is in neither: nobody counts it, nobody has it.
"""

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, func, select, union

from storage.bulk import among, ids_parameter
from storage.journals import close, closed
from storage.schema import attachments, event_ids, forgotten, messages, outgoing_files, repeats

T = TypeVar("T")

_CHUNK: Final = 500


def fit(path: Path, connection: Connection, now_ms: int) -> int:
    """Make one copied journal fit; how many events wait in it. `connection`: of the restored database, at this version's
    schema. Called again on another copy of the same journal it comes to the same. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=ON")
        db.execute("BEGIN IMMEDIATE")
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        meta = dict(db.execute("SELECT name, value FROM meta")) if "meta" in names else {}
        if "id" not in meta:  # it was just being made
            db.execute("ROLLBACK")
            return 0
        journal = str(meta["id"])
        _drop_known_rows(db, connection, journal)
        _drop_unknown_ids(db, connection)
        waiting = _renumber(db)
        db.execute("UPDATE meta SET value = ? WHERE name = 'id'", (f"jrn_{uuid.uuid4().hex[:12]}",))
        db.execute("UPDATE meta SET value = ? WHERE name = 'last_seq'", (waiting,))
        close_old(connection, [journal], now_ms)
        db.execute("COMMIT")
        db.execute("VACUUM")
    return waiting


def close_old(connection: Connection, names: Sequence[str], now_ms: int) -> None:
    """Close these journals with what the database has of them."""
    for journal in names:
        close(connection, journal, _accounted(connection, journal), now_ms)


def open_journals(connection: Connection) -> list[str]:
    """Journals of which the database has events, and that were not closed."""
    named = union(*(select(table.c.journal) for table in (event_ids, repeats, forgotten)))
    return sorted(set(connection.execute(named).scalars()) - closed(connection).keys())


def named_blobs(connection: Connection) -> Iterator[str]:
    """The SHA-256 of every blob that a row names, in their order."""
    raws = select(messages.c.raw_sha256).where(messages.c.raw.is_(None), messages.c.raw_sha256 != "")
    files = (select(table.c.sha256) for table in (attachments, outgoing_files))
    yield from connection.execute(union(raws, *files).order_by("raw_sha256")).scalars()


def _accounted(connection: Connection, journal: str) -> int:
    counts = (select(func.count()).select_from(table).where(table.c.journal == journal) for table in (event_ids, repeats))
    gone = select(func.coalesce(func.sum(forgotten.c.events), 0)).where(forgotten.c.journal == journal)
    return sum(int(connection.execute(query).scalar_one()) for query in (*counts, gone))


def _drop_known_rows(db: sqlite3.Connection, connection: Connection, journal: str) -> None:
    """Rows that were committed and whose mark came after the copy, or was lost."""
    seqs = [seq for (seq,) in db.execute("SELECT seq FROM rows")]
    for some in _slices(seqs):
        for table in (event_ids, repeats):
            known = select(table.c.seq).where(table.c.journal == journal, table.c.seq.in_(some))
            db.executemany("DELETE FROM rows WHERE seq = ?", [(seq,) for seq in connection.execute(known).scalars()])


def _drop_unknown_ids(db: sqlite3.Connection, connection: Connection) -> None:
    """Ids of which neither the journal nor the database has more: where the database is older than the journal, a provider
    that sends such an event again must not hear that it is here."""
    left = "SELECT id FROM ids WHERE id NOT IN (SELECT id FROM rows WHERE id IS NOT NULL)"
    ids = [str(uuid.UUID(bytes=one)) for (one,) in db.execute(left)]
    for some in _slices(ids):
        known = select(event_ids.c.id).where(among(connection, event_ids.c.id))
        unknown = set(some) - set(connection.execute(known, ids_parameter(connection, some)).scalars())
        db.executemany("DELETE FROM ids WHERE id = ?", [(uuid.UUID(one).bytes,) for one in unknown])


def _renumber(db: sqlite3.Connection) -> int:
    """Number the rows from 1 on; how many there are. Ids without a row come before all of them."""
    rows = db.execute("SELECT seq, id FROM rows ORDER BY seq").fetchall()
    # In ascending order: no new number is above the old one, so none is taken.
    db.executemany("UPDATE rows SET seq = ? WHERE seq = ?", [(new, seq) for new, (seq, _) in enumerate(rows, 1)])
    db.execute("UPDATE ids SET seq = 0")
    db.executemany("UPDATE ids SET seq = ? WHERE id = ?", [(new, id_) for new, (_, id_) in enumerate(rows, 1) if id_])
    return len(rows)


def _slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
