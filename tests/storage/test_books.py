"""The books: every accepted event is in exactly one line, at any moment and after any crash."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select, update
from sqlalchemy.pool import StaticPool

from storage import books, erased, journals, ledger, outbox
from storage.books import Books
from storage.database import Database
from storage.journal_file import JournalFile
from storage.ledger import Event
from storage.outbox import PENDING
from storage.schema import messages, metadata, quarantine, signals, targets

FATES = ("pending", "published", "unrouted", "discarded", "quarantined", "signals", "duplicate", "waiting", "removed")
LINES = ("waiting", "pending", "published", "unrouted", "discarded", "duplicate", "quarantined", "signals", "removed")


@dataclass
class Node:
    """A journal as its file would say, and the commits of its rows."""

    id: str
    accepted: int = 0
    pending: list[int] = field(default_factory=list)

    def file(self) -> JournalFile:
        return JournalFile(self.id, self.accepted, tuple(self.pending))

    def accept(self, connection: Connection, fate: str, *, done: bool = True) -> str:
        """One more event with its fate in the database. `done` False: the mark was lost in a crash."""
        self.accepted += 1
        name, seq = str(uuid.uuid4()), self.accepted
        if fate == "waiting" or not done:
            self.pending.append(seq)
        if fate == "waiting":
            return name
        event = Event(name, self.id, seq, 0)
        if fate == "duplicate":
            ledger.enter_repeats(connection, [event])
            return name
        assert ledger.enter(connection, [event]) == ["new"]
        _store(connection, name, fate)
        return name


def _store(connection: Connection, name: str, fate: str) -> None:
    if fate == "removed":
        erased.add(connection, "message", [name], 0)
    elif fate == "quarantined":
        connection.execute(insert(quarantine), [_row(quarantine, id=name)])
    elif fate == "signals":
        connection.execute(insert(signals), [_row(signals, id=name)])
    else:
        by = "robots" if fate == "discarded" else None
        connection.execute(insert(messages), [_row(messages, id=name, brand="demo", discarded_by=by)])
        if fate != "discarded":
            names = ("returns", "partners")
            rows = [{"message_id": name, "target": one, "order_key": "k", "state": PENDING, "node": "n"} for one in names]
            positions = outbox.add(connection, rows)
            state = {"pending": None, "published": "published", "unrouted": "unrouted"}[fate]
            outbox.mark(connection, [(positions[(name, "returns")], "published", 1, 0)])
            if state is not None:
                outbox.mark(connection, [(positions[(name, "partners")], state, 1, 0)])


def _row(table: Any, **own: Any) -> dict[str, Any]:
    """A row with something of the right type in every column."""
    some: dict[type, Any] = {str: "x", int: 0, bytes: b"", bool: True}
    return {column.name: own.get(column.name, some[column.type.python_type]) for column in table.columns} | own


async def count(database: Database, *nodes: Node) -> Books:
    files = [node.file() for node in nodes]
    return await database.read(lambda connection: books.count(connection, files))


def lines(found: Books) -> dict[str, int]:
    return {name: getattr(found, name) for name in LINES if getattr(found, name)}


async def accept(database: Database, node: Node, *fates: str, done: bool = True) -> None:
    await database.write(lambda connection: [node.accept(connection, fate, done=done) for fate in fates])


async def test_empty_books_balance(database: Database) -> None:
    found = await count(database)
    assert (found.accepted, found.accounted, found.balance) == (0, 0, True)


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("done", [True, False], ids=["done", "mark lost"])
async def test_every_fate_has_its_line(database: Database, fate: str, done: bool) -> None:
    node = Node("jrn_a")
    await accept(database, node, fate, fate, done=done)
    found = await count(database, node)
    assert lines(found) == {fate: 2}
    assert (found.accepted, found.balance) == (2, True)


async def test_targets_have_books_of_their_own(database: Database) -> None:
    node = Node("jrn_a")
    await accept(database, node, "published", "pending", "unrouted", "discarded")
    found = await count(database, node)
    assert found.targets == {"published": 4, "pending": 1, "unrouted": 1}
    assert found.published_to == {"demo.returns": 3, "demo.partners": 1}, "a copy in regia.unrouted is in no queue of theirs"


async def test_what_is_still_pending_is_not_yet_unrouted(database: Database) -> None:
    """One target nobody took, another not confirmed: the message is in one line."""
    node = Node("jrn_a")
    await accept(database, node, "pending")
    taken = update(targets).where(targets.c.target == "returns").values(state="unrouted")
    await database.write(lambda connection: connection.execute(taken))
    found = await count(database, node)
    assert (lines(found), found.balance, found.published_to) == ({"pending": 1}, True, {})


async def test_a_missing_row_is_seen(database: Database) -> None:
    """What the books are for."""
    node = Node("jrn_a")
    await accept(database, node, *FATES)
    assert (await count(database, node)).balance
    for table in (messages, quarantine, signals):
        row = await database.read(lambda connection, t=table: connection.execute(select(t)).mappings().first())  # type: ignore[misc]
        gone = table.delete().where(table.c.id == row["id"])
        await database.write(lambda connection, statement=gone: connection.execute(statement))  # type: ignore[misc]
        assert not (await count(database, node)).balance
        back = insert(table).values(dict(row))
        await database.write(lambda connection, statement=back: connection.execute(statement))  # type: ignore[misc]
        assert (await count(database, node)).balance


async def test_the_same_event_in_two_journals(database: Database) -> None:
    one, two = Node("jrn_a", accepted=1), Node("jrn_b", accepted=1)

    def work(connection: Connection) -> None:
        assert ledger.enter(connection, [Event("e", "jrn_a", 1, 0)]) == ["new"]
        _store(connection, "e", "published")
        event = Event("e", "jrn_b", 1, 0)
        assert ledger.enter(connection, [event]) == ["repeat"]
        ledger.enter_repeats(connection, [event])

    await database.write(work)
    found = await count(database, one, two)
    assert (lines(found), found.balance) == ({"published": 1, "duplicate": 1}, True)


class TestJournalsThatWereEmptied:
    async def test_their_count_stays(self, database: Database) -> None:
        node = Node("jrn_import")
        await accept(database, node, "published", "duplicate", "quarantined")
        await database.write(lambda connection: journals.close(connection, node.id, node.accepted, 0))
        found = await count(database)
        assert (found.accepted, found.balance) == (3, True)

    async def test_a_file_that_is_not_deleted_yet_is_not_counted_twice(self, database: Database) -> None:
        node = Node("jrn_import")
        await accept(database, node, "published", done=False)
        await database.write(lambda connection: journals.close(connection, node.id, node.accepted, 0))
        found = await count(database, node)
        assert (found.accepted, found.balance) == (1, True)

    async def test_a_file_that_is_used_again(self, database: Database) -> None:
        """Its adopter died between entering the count and deleting the file, and its owner came back."""
        node = Node("jrn_a")
        await accept(database, node, "published")
        await database.write(lambda connection: journals.close(connection, node.id, node.accepted, 0))
        await accept(database, node, "published", "waiting")
        found = await count(database, node)
        assert (found.accepted, found.balance, found.waiting) == (3, True, 1)
        node.pending = []
        await accept(database, node, "signals")
        await database.write(lambda connection: connection.execute(update(targets).values(state="published")))
        await database.write(lambda connection: journals.close(connection, node.id, 4, 1))
        assert (await database.read(journals.closed)) == {"jrn_a": 4}


class TestWhileTrafficFlows:
    async def test_what_came_after_the_journal_was_read_is_in_no_line(self, database: Database) -> None:
        node = Node("jrn_a")
        await accept(database, node, "published", "waiting")
        early = node.file()
        await accept(database, node, *FATES)
        found = await database.read(lambda connection: books.count(connection, [early]))
        assert (found.accepted, lines(found), found.balance) == (2, {"published": 1, "waiting": 1}, True)

    async def test_what_waited_then_is_committed_now(self, database: Database) -> None:
        node = Node("jrn_a")
        await accept(database, node, "waiting", "waiting")
        early = node.file()

        def commit(connection: Connection) -> None:
            ledger.enter(connection, [Event("e", node.id, 1, 0)])
            _store(connection, "e", "pending")

        await database.write(commit)
        found = await database.read(lambda connection: books.count(connection, [early]))
        assert (lines(found), found.balance) == ({"pending": 1, "waiting": 1}, True)

    async def test_a_journal_made_after_the_files_were_listed(self, database: Database) -> None:
        here, elsewhere = Node("jrn_a"), Node("jrn_new")
        await accept(database, here, "published")
        await accept(database, elsewhere, "published", "duplicate", "quarantined", "signals", "discarded")
        found = await count(database, here)
        assert (found.accepted, lines(found), found.balance, found.elsewhere) == (1, {"published": 1}, True, 5)
        both = await count(database, here, elsewhere)
        assert (both.accepted, both.balance, both.elsewhere) == (6, True, 0)

    async def test_what_was_removed_so_long_ago_that_its_id_is_forgotten(self, database: Database) -> None:
        here, elsewhere = Node("jrn_a"), Node("jrn_b")
        await accept(database, here, "published", "removed", "removed", "removed")
        await accept(database, elsewhere, "removed", "duplicate")
        assert await database.write(lambda connection: erased.forget(connection, 1, 100)) == 4
        found = await count(database, here)
        assert (found.accepted, lines(found), found.balance, found.elsewhere) == (4, {"published": 1, "removed": 3}, True, 2)
        await database.write(lambda connection: journals.close(connection, elsewhere.id, elsewhere.accepted, 0))
        both = await count(database, here)
        assert (both.accepted, lines(both), both.balance) == (6, {"published": 1, "removed": 4, "duplicate": 1}, True)


async def test_more_rows_than_a_chunk(database: Database) -> None:
    node = Node("jrn_a")
    events = [Event(f"e{seq}", node.id, seq, 0) for seq in range(1, 1_201)]
    await database.write(lambda connection: ledger.enter_repeats(connection, events[:700]))
    node.accepted, node.pending = 1_200, list(range(1, 1_201))
    found = await count(database, node)
    assert (found.waiting, found.duplicate, found.balance) == (500, 700, True)


@given(
    accepted=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(FATES), st.booleans()), max_size=25),
    closed=st.booleans(),
    seen=st.integers(0, 25),
    forgets=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happened_they_balance(
    accepted: Sequence[tuple[int, str, bool]], closed: bool, seen: int, forgets: int
) -> None:
    """Journals read after `seen` of the events, the database after all of them. Some that were removed before are forgotten."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    nodes = [Node(f"jrn_{number}") for number in range(3)]
    files = [node.file() for node in nodes]
    with engine.begin() as connection:
        for number, (which, fate, done) in enumerate(accepted):
            if number == seen:
                if all(done or fate != "removed" for _, fate, done in accepted):  # a lost mark is found long before that
                    erased.forget(connection, 1, forgets)
                files = [node.file() for node in nodes]
            nodes[which].accept(connection, fate, done=done)
        if closed and not any(fate == "waiting" for which, fate, _ in accepted if which == 2):
            journals.close(connection, nodes[2].id, nodes[2].accepted, 0)
        found = books.count(connection, files)
    engine.dispose()
    assert found.balance, found.as_data()
