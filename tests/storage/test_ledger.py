"""Who is a repeat: across batches, journals, crashes and nodes that commit at once."""

import asyncio
import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import StaticPool

from storage import ledger
from storage.database import Database
from storage.ledger import Event
from storage.schema import event_ids, metadata, repeats


def event(number: int, seq: int, journal: str = "jrn_a") -> Event:
    return Event(str(uuid.UUID(int=number)), journal, seq, 1_763_000_000_000)


async def enter(database: Database, *events: Event) -> list[str]:
    return list(await database.write(lambda connection: ledger.enter(connection, events)))


async def count(database: Database) -> tuple[int, int]:
    def work(connection: Connection) -> tuple[int, int]:
        found = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (event_ids, repeats)]
        return found[0], found[1]

    return await database.read(work)


async def test_new_then_committed_then_repeat(database: Database) -> None:
    assert await enter(database, event(1, 1), event(2, 2)) == ["new", "new"]
    assert await enter(database, event(1, 1), event(2, 3), event(3, 4)) == ["committed", "repeat", "new"]
    assert await enter(database, event(1, 1), event(2, 2), event(3, 4)) == ["committed"] * 3
    assert await count(database) == (3, 0)


@pytest.mark.parametrize(
    ("first", "later", "standing"),
    [(b"one", b"two", "conflict"), (b"one", b"one", "repeat"), (None, b"two", "repeat"), (b"one", None, "repeat")],
)
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
async def test_another_content_under_a_known_id(
    database: Database, first: bytes | None, later: bytes | None, standing: str, together: bool
) -> None:
    one, two = replace(event(1, 1), digest=first), replace(event(1, 1, "jrn_b"), digest=later)
    found = await enter(database, one, two) if together else [*(await enter(database, one)), *(await enter(database, two))]
    assert found == ["new", standing]
    assert await enter(database, one, two) == ["committed", standing]


async def test_nothing(database: Database) -> None:
    assert await enter(database) == []
    await database.write(lambda connection: ledger.enter_repeats(connection, []))
    assert await count(database) == (0, 0)


async def test_the_same_event_in_two_journals(database: Database) -> None:
    assert await enter(database, event(1, 7, "jrn_a")) == ["new"]
    assert await enter(database, event(1, 7, "jrn_b")) == ["repeat"]
    assert await enter(database, event(1, 7, "jrn_a"), event(1, 7, "jrn_b")) == ["committed", "repeat"]


async def test_two_rows_of_one_event_in_a_batch(database: Database) -> None:
    """A journal that forgot an old id accepts it again: of two in one batch only the first is new."""
    assert await enter(database, event(1, 1), event(2, 2), event(1, 3)) == ["new", "new", "repeat"]


async def test_what_is_rolled_back_was_never_there(database: Database) -> None:
    def work(connection: Connection) -> None:
        assert ledger.enter(connection, [event(1, 1)]) == ["new"]
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await enter(database, event(1, 1)) == ["new"]


async def test_a_repeat_is_counted_once_a_row(database: Database) -> None:
    for _ in range(3):
        rows = [event(1, 5), event(1, 6), event(1, 5, "jrn_b")]
        await database.write(lambda connection, rows=rows: ledger.enter_repeats(connection, rows))  # type: ignore[misc]
    assert await count(database) == (0, 3)


async def test_a_full_batch(database: Database) -> None:
    batch = [event(number, number) for number in range(1, 1_001)]
    assert await enter(database, *batch) == ["new"] * 1_000
    assert await enter(database, *batch) == ["committed"] * 1_000


ROWS = st.tuples(st.integers(1, 6), st.sampled_from("ab"), st.integers(0, 3))


@given(batches=st.lists(st.lists(ROWS, max_size=8), max_size=6))
@settings(max_examples=150, deadline=None)
def test_against_a_dictionary(batches: Sequence[Sequence[tuple[int, str, int]]]) -> None:
    """The first journal row that brings an id owns it for ever. A row of a journal never holds another id."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine, tables=[event_ids, repeats])
    owner: dict[int, tuple[str, int]] = {}
    for batch in batches:
        expected = []
        before = dict(owner)
        events = [event(number, 10 * number + copy, journal) for number, journal, copy in batch]
        for (number, _, _), one in zip(batch, events, strict=True):
            row = (one.journal, one.seq)
            first = owner.setdefault(number, row)
            expected.append("repeat" if first != row else "committed" if number in before else "new")
        with engine.begin() as connection:
            assert ledger.enter(connection, events) == expected
    engine.dispose()


async def test_of_two_nodes_at_once_one_wins_each_event(postgresql_url: str) -> None:
    """Real connections; the same ids in opposite order would wait for each other for ever, were they not sorted."""
    nodes = [Database(postgresql_url) for _ in range(4)]
    base = uuid.uuid4().int >> 8
    barrier = threading.Barrier(4, timeout=20)

    def work(connection: Connection, number: int) -> list[str]:
        batch = [event(base + one, one, f"jrn_{number}") for one in range(1, 101)]
        barrier.wait()
        return list(ledger.enter(connection, batch if number % 2 else batch[::-1]))

    answers = await asyncio.gather(
        *(node.write(lambda connection, n=number: work(connection, n)) for number, node in enumerate(nodes))  # type: ignore[misc]
    )
    standings = [answer if number % 2 else answer[::-1] for number, answer in enumerate(answers)]
    assert [sorted(each) for each in zip(*standings, strict=True)] == [["new", "repeat", "repeat", "repeat"]] * 100
    for node in nodes:
        await node.close()
