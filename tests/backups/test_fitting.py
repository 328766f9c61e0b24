"""Journals out of a backup, beside a database that knows more, or less, than they do."""

import sqlite3
import uuid
from pathlib import Path

from sqlalchemy import Connection, insert

from storage.books import count
from storage.database import Database
from storage.journal import Journal
from storage.journal_file import inspect
from storage.journals import closed
from storage.restored import close_old, fit, open_journals
from storage.schema import forgotten, repeats
from tests.backups.conftest import commit, entry, fill_journal

IDS = [uuid.UUID(int=number) for number in range(1, 8)]


async def test_what_is_committed_goes_and_the_rest_keeps_its_order(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "worker-0.sqlite"
    journal = await fill_journal(path, *IDS[:5], IDS[0])  # the sixth repeats the first

    def work(connection: Connection) -> int:
        # The database was copied later: it has a row that the journal does not know.
        commit(connection, journal, (IDS[0], 1), (IDS[2], 3), (IDS[6], 7))
        return fit(path, connection, 1)

    assert await database.write(work) == 4
    found = inspect(path)
    assert (found.id != journal, found.accepted, found.pending) == (True, 4, (1, 2, 3, 4))
    opened = Journal.open(path)
    rows = await opened.pending()
    assert [(row.seq, row.id, row.kind) for row in rows] == [
        (1, IDS[1], "message"), (2, IDS[3], "message"), (3, IDS[4], "message"), (4, None, "repeat"),
    ]  # fmt: skip
    assert rows[3].payload == IDS[0].bytes
    again, new = await opened.accept([entry(IDS[2]), entry(uuid.UUID(int=99))])
    assert (again.repeat, again.same, again.seq) == (True, True, 5)
    assert (new.repeat, new.seq) == (False, 6)
    await opened.close()
    assert await database.read(closed) == {journal: 3}


async def test_the_books_balance_whatever_the_old_counter_said(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "worker-0.sqlite"
    journal = await fill_journal(path, *IDS[:4], done=(1, 2))

    def work(connection: Connection) -> None:
        commit(connection, journal, (IDS[0], 1), (IDS[1], 2), (IDS[5], 9))
        connection.execute(insert(repeats), [{"journal": journal, "seq": 11, "event_id": "x", "received_ms": 0}])
        connection.execute(insert(forgotten), [{"journal": journal, "events": 4}])
        commit(connection, "jrn_of_an_import", (IDS[6], 1))
        fit(path, connection, 1)
        close_old(connection, open_journals(connection), 1)

    await database.write(work)
    books = await database.read(lambda connection: count(connection, [inspect(path)]))
    assert books.balance, books
    assert (books.accepted, books.waiting, books.duplicate, books.removed, books.elsewhere) == (11, 2, 1, 4, 0)


async def test_ids_that_the_database_does_not_know_are_forgotten(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "worker-0.sqlite"
    journal = await fill_journal(path, *IDS[:3], done=(1, 2))

    def work(connection: Connection) -> int:  # a database of before the second was committed
        commit(connection, journal, (IDS[0], 1))
        return fit(path, connection, 1)

    assert await database.write(work) == 1
    opened = Journal.open(path)
    receipts = await opened.accept([entry(id_) for id_ in IDS[:3]])
    assert [receipt.repeat for receipt in receipts] == [True, False, True], "the second must be taken again"
    await opened.close()


async def test_done_again_on_another_copy_it_comes_to_the_same(database: Database, tmp_path: Path) -> None:
    path, copy = tmp_path / "worker-0.sqlite", tmp_path / "copy.sqlite"
    journal = await fill_journal(path, *IDS[:3])
    copy.write_bytes(path.read_bytes())
    await database.write(lambda connection: commit(connection, journal, (IDS[0], 1)))
    assert await database.write(lambda connection: fit(path, connection, 1)) == 2
    assert await database.write(lambda connection: fit(copy, connection, 2)) == 2
    assert await database.read(closed) == {journal: 1}
    assert inspect(path).pending == inspect(copy).pending


async def test_a_journal_that_was_just_being_made(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    sqlite3.connect(path).close()
    assert await database.write(lambda connection: fit(path, connection, 1)) == 0
    assert await database.read(closed) == {}


async def test_nothing_that_was_committed_is_left_in_the_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "worker-0.sqlite"
    journal = await fill_journal(path, IDS[0])
    assert b"what Anna wrote" in path.read_bytes()

    def work(connection: Connection) -> int:
        commit(connection, journal, (IDS[0], 1))
        return fit(path, connection, 1)

    assert await database.write(work) == 0
    assert b"what Anna wrote" not in path.read_bytes()
