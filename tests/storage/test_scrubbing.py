"""Files of SQLite after something was deleted: no byte of it is left, and everything else is as it was."""

import asyncio
import random
import sqlite3
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from storage.journal import Journal
from storage.journal_file import Entry
from storage.scrubbing import NotScrubbed, scrub
from storage.threads import once
from tests.erasing.searched import in_files

SECRET = "SECRETS"


def opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    for pragma in ("journal_mode=WAL", "secure_delete=ON", "wal_autocheckpoint=16000"):
        db.execute(f"PRAGMA {pragma}")
    return db


def fill(db: sqlite3.Connection, rows: int = 3_000) -> int:
    """Rows with random keys, whose values change, of which a third is deleted one by one; how many are left."""
    chance = random.Random(1)  # noqa: S311  # the same pages each time
    db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, words TEXT) WITHOUT ROWID")
    people = {str(chance.random()): f"{SECRET if chance.random() < 0.33 else 'others'}{number}" for number in range(rows)}
    gone = [id_ for id_, name in people.items() if name.startswith(SECRET)]

    def in_steps(statement: str, ids: list[str], *, words: bool) -> None:
        chance.shuffle(ids)
        for start in range(0, len(ids), 200):
            db.execute("BEGIN")
            for id_ in ids[start : start + 200]:
                db.execute(statement, (people[id_] * chance.randint(1, 20), id_) if words else (id_,))
            db.execute("COMMIT")

    in_steps("INSERT INTO people (words, id) VALUES (?, ?)", list(people), words=True)
    in_steps("UPDATE people SET words = ? WHERE id = ?", list(people), words=True)
    in_steps("DELETE FROM people WHERE id = ?", gone, words=False)
    return rows - len(gone)


def counted(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM people WHERE words LIKE 'others%'").fetchone()[0])


def test_what_was_deleted_is_in_no_page_and_not_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "a file.sqlite"
    db = opened(path)
    left = fill(db)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert in_files(tmp_path, [SECRET]) != [], "secure_delete and an empty log are not enough, and this test shows it"
    scrub(path, 5)
    assert in_files(tmp_path, [SECRET]) == []
    assert counted(db) == left
    assert path.with_name("a file.sqlite-wal").stat().st_size == 0
    db.close()


def test_it_waits_for_readers_and_says_when_they_do_not_end(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    db, reader = opened(path), opened(path)
    fill(db, 300)
    reader.execute("BEGIN")
    counted(reader)
    with pytest.raises(NotScrubbed, match="being read"):
        scrub(path, 0.2)
    threading.Timer(0.3, lambda: reader.execute("COMMIT")).start()
    began = time.monotonic()
    scrub(path, 10)
    assert 0.2 < time.monotonic() - began < 8
    assert in_files(tmp_path, [SECRET]) == []
    for one in (db, reader):
        one.close()


def test_it_waits_for_writers(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    db, writer = opened(path), opened(path)
    fill(db, 300)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotScrubbed, match="cannot be written anew"):
        scrub(path, 0.2)
    threading.Timer(0.3, lambda: writer.execute("COMMIT")).start()
    scrub(path, 10)
    for one in (db, writer):
        one.close()


def test_a_file_that_is_gone_is_scrubbed_and_not_made(tmp_path: Path) -> None:
    scrub(tmp_path / "gone.sqlite", 1)
    assert list(tmp_path.iterdir()) == []


async def test_a_journal_whose_owner_goes_on_writing(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "worker-0.sqlite")
    entries = [Entry(id=uuid4(), kind="message", order_key=SECRET, payload=f"{SECRET} {n}".encode() * 90) for n in range(500)]
    done = [receipt.seq for receipt in await journal.accept(entries)]
    journal.done(done)
    assert await journal.count_pending() == 0
    others = [Entry(id=uuid4(), kind="message", order_key="k", payload=b"others") for _ in range(50)]
    scrubbing = asyncio.create_task(once(lambda: scrub(journal.path, 10), "scrub"))
    for one in others[:25]:
        await journal.accept([one])
    await scrubbing
    for one in others[25:]:
        await journal.accept([one])
    await once(lambda: scrub(journal.path, 10), "scrub")
    assert in_files(tmp_path, [SECRET]) == []
    assert [row.payload for row in await journal.pending()] == [b"others"] * 50
    await journal.close()
