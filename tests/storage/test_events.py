"""The feed of events: what was committed has a number, and whoever follows the numbers misses nothing, on both databases."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from storage import cursors, events
from storage.database import Database
from storage.events import CursorGone, NewEvent, Numbered, Page
from storage.schema import events as table

T = TypeVar("T")

MERGED, LINKED = "regia.customer.merged.v1", "regia.customer.linked.v1"
NOW = 1_795_000_000_000


def new(name: str, type_: str = MERGED, at_ms: int = NOW) -> NewEvent:
    return NewEvent(name, type_, "cus_1", at_ms, f'{{"id": "{name}"}}'.encode())


async def add(database: Database, *names: str, type_: str = MERGED, at_ms: int = NOW) -> None:
    await database.write(lambda connection: events.add(connection, [new(name, type_, at_ms) for name in names]))


async def number(database: Database) -> int:
    return await database.write(lambda connection: events.number(connection, NOW))


async def after(database: Database, cursor: int | None, limit: int = 100, types: Sequence[str] = ()) -> Page:
    return await database.read(lambda connection: events.after(connection, cursor, limit=limit, types=types))


async def unpublished(database: Database, limit: int = 100) -> list[Numbered]:
    return await database.read(lambda connection: events.unpublished(connection, limit))


async def mark(database: Database, upto: int) -> None:
    await database.write(lambda connection: events.mark(connection, upto, NOW))


async def forget(database: Database, before_ms: int) -> int:
    return await database.write(lambda connection: events.forget(connection, before_ms))


def names(page: Page) -> list[str]:
    return [body.decode().split('"')[3] for body in page.bodies]


async def test_an_event_is_seen_when_it_has_its_number(database: Database) -> None:
    await add(database, "a", "b")
    assert await database.read(events.wait_for_numbers)
    assert await unpublished(database) == []
    assert await after(database, None) == Page([], 0, more=False)
    assert await number(database) == 2
    assert not await database.read(events.wait_for_numbers)
    assert await unpublished(database) == [
        Numbered(1, "a", MERGED, NOW, b'{"id": "a"}'),
        Numbered(2, "b", MERGED, NOW, b'{"id": "b"}'),
    ]
    assert await after(database, None) == Page([b'{"id": "a"}', b'{"id": "b"}'], 2, more=False)


async def test_nothing_to_add_and_nothing_to_number(database: Database) -> None:
    await add(database)
    assert not await database.read(events.wait_for_numbers)
    assert await database.read(events.last_number) == 0
    assert await number(database) == 0
    assert await forget(database, NOW) == 0


async def test_an_id_that_is_there_changes_nothing(database: Database) -> None:
    await add(database, "a", "b")
    await add(database, "c", "a", "d")
    await number(database)
    await database.write(lambda connection: events.add(connection, [NewEvent("b", LINKED, "cus_2", 5, b"other")]))
    assert await number(database) == 4
    assert names(await after(database, None)) == ["a", "b", "c", "d"]


async def test_what_is_rolled_back_was_never_there(database: Database) -> None:
    def fail(connection: Connection) -> None:
        events.add(connection, [new("never")])
        raise LookupError("the transaction fails for another reason")

    await add(database, "a")
    with pytest.raises(LookupError):
        await database.write(fail)
    await add(database, "b")
    assert await number(database) == 2
    assert names(await after(database, None)) == ["a", "b"]


async def test_numbers_rise_over_many_transactions_without_a_hole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 7)
    for batch in range(5):
        await add(database, *(f"{batch}-{one}" for one in range(10)))
    given = [await number(database) for _ in range(9)]
    assert given == [7, 14, 21, 28, 35, 42, 49, 50, 50]
    assert [one.number for one in await unpublished(database)] == list(range(1, 51))
    assert [one.id for one in await unpublished(database)] == [f"{batch}-{one}" for batch in range(5) for one in range(10)]


async def test_pages(database: Database) -> None:
    await add(database, *(f"e{n}" for n in range(1, 8)))
    await number(database)
    first = await after(database, None, limit=3)
    assert (names(first), first.next, first.more) == (["e1", "e2", "e3"], 3, True)
    second = await after(database, first.next, limit=3)
    assert (names(second), second.next, second.more) == (["e4", "e5", "e6"], 6, True)
    third = await after(database, second.next, limit=3)
    assert (names(third), third.next, third.more) == (["e7"], 7, False)
    assert await after(database, third.next, limit=3) == Page([], 7, more=False)
    exactly = await after(database, 4, limit=3)
    assert (exactly.next, exactly.more) == (7, False)


async def test_some_types_only(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WINDOW", 4)
    await add(database, "a", "b")
    await add(database, "c", type_=LINKED)
    await add(database, "d", "e", "f", "g", "h")
    await add(database, "i", type_=LINKED)
    await number(database)
    first = await after(database, None, types=(LINKED,))
    assert (names(first), first.next, first.more) == (["c"], 4, True)
    empty = await after(database, first.next, types=(LINKED,))
    assert (names(empty), empty.next, empty.more) == ([], 8, True), "a page looks at so many, and goes on behind them"
    last = await after(database, empty.next, types=(LINKED,))
    assert (names(last), last.next, last.more) == (["i"], 9, False)
    both = await after(database, 1, types=(LINKED, MERGED))
    assert (names(both), both.next) == (["b", "c", "d", "e"], 5)
    full = await after(database, 0, limit=1, types=(MERGED,))
    assert (names(full), full.next, full.more) == (["a"], 1, True)


@pytest.mark.parametrize("cursor", [-1, 6, 10**15])
async def test_a_number_that_was_never_given(database: Database, cursor: int) -> None:
    await add(database, "a", "b", "c", "d", "e")
    await number(database)
    with pytest.raises(CursorGone) as gone:
        await after(database, cursor)
    assert (gone.value.first, gone.value.last) == (1, 5)


async def test_marked_up_to_a_number(database: Database) -> None:
    await add(database, "a", "b", "c")
    await number(database)
    await add(database, "d")
    await mark(database, 2)
    assert [one.id for one in await unpublished(database)] == ["c"]
    await number(database)
    assert [one.id for one in await unpublished(database)] == ["c", "d"]
    assert [one.id for one in await unpublished(database, limit=1)] == ["c"]
    await database.write(lambda connection: events.mark(connection, 3, NOW + 5))
    query = select(table.c.id, table.c.published_ms).order_by(table.c.position)
    marked = await database.read(lambda connection: [tuple(row) for row in connection.execute(query)])
    assert marked == [("a", NOW), ("b", NOW), ("c", NOW + 5), ("d", None)], "a mark stays as it was first set"


async def test_what_is_old_and_published_goes_from_the_beginning(database: Database) -> None:
    for age, name in ((50, "a"), (20, "b"), (40, "c"), (30, "d"), (5, "e")):
        await add(database, name, at_ms=NOW - age)
    await number(database)
    assert await forget(database, NOW - 10) == 0, "nothing is published"
    await mark(database, 3)
    assert await forget(database, NOW - 30) == 1, "b is younger, and what lies behind it stays"
    assert names(await after(database, None)) == ["b", "c", "d", "e"]
    assert await forget(database, NOW - 10) == 2, "d is not published"
    assert names(await after(database, None)) == ["d", "e"]
    await mark(database, 5)
    assert await forget(database, NOW) == 2
    assert await after(database, None) == Page([], 5, more=False)
    assert await after(database, 5) == Page([], 5, more=False)
    await add(database, "f")
    assert await number(database) == 6, "a number is given once"
    with pytest.raises(CursorGone) as gone:
        await after(database, 4)
    assert (gone.value.first, gone.value.last) == (6, 6)
    assert names(await after(database, 5)) == ["f"]


async def test_much_is_deleted_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(database, *(f"e{n}" for n in range(10)))
    await number(database)
    await mark(database, 10)
    monkeypatch.setattr(events, "AT_ONCE", 4)
    assert [await forget(database, NOW + 1) for _ in range(4)] == [4, 4, 2, 0]


async def test_an_event_deleted_by_others_leaves_a_gap_and_no_number_twice(database: Database) -> None:
    await add(database, "a", "b", "c")
    await number(database)
    await database.write(lambda connection: connection.execute(delete(table).where(table.c.id.in_(("b", "c")))))
    await add(database, "d")
    assert await number(database) == 4
    assert names(await after(database, 2)) == ["d"]


async def test_the_database_itself_refuses_a_number_twice(database: Database) -> None:
    """Whoever should number without the lock."""
    await add(database, "a", "b")

    def twice(connection: Connection) -> None:
        connection.execute(table.update().values(number=7))

    with pytest.raises(IntegrityError):
        await database.write(twice)


async def test_two_nodes_number_at_once(database: Database) -> None:
    """Each in a thread of its own, over and over; a reader follows them."""
    other = Database(database.url.render_as_string(hide_password=False))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.close)
        engines = (database.engine, other.engine)
        written, failed = 60, list[BaseException]()

        def work(engine: Any, mine: str) -> None:
            try:
                for n in range(written):
                    with engine.begin() as connection:
                        events.add(connection, [new(f"{mine}{n}")])
                    with engine.begin() as connection:
                        events.number(connection, NOW)
            except BaseException as error:  # noqa: BLE001  # shown by the test
                failed.append(error)

        threads = [threading.Thread(target=work, args=(engine, f"n{n}-")) for n, engine in enumerate(engines)]
        for thread in threads:
            thread.start()
        seen, cursor = list[str](), 0
        while any(thread.is_alive() for thread in threads) or (await after(database, cursor)).bodies:
            page = await after(database, cursor, limit=5)
            seen, cursor = seen + names(page), page.next
        assert failed == []
        assert len(seen) == 2 * written
        for n in range(2):
            assert [one for one in seen if one.startswith(f"n{n}-")] == [f"n{n}-{one}" for one in range(written)]


# PostgreSQL, with transactions that stay open: SQLite has one writer, and no such question.


class Held:
    """A transaction on a connection of its own, left open until it is told to end."""

    def __init__(self, database: Database) -> None:
        self.connection = database.engine.connect()
        self.transaction = self.connection.begin()

    def do(self, work: Callable[[Connection], T]) -> T:
        return work(self.connection)

    def commit(self) -> None:
        self.transaction.commit()
        self.connection.close()


@pytest.fixture
def shared(postgresql_url: str) -> Database:
    return Database(postgresql_url)


async def test_whoever_commits_late_with_a_lower_position_is_not_missed(shared: Database) -> None:
    late, early = Held(shared), Held(shared)
    late.do(lambda connection: events.add(connection, [new("late")]))
    early.do(lambda connection: events.add(connection, [new("early")]))
    early.commit()
    assert await number(shared) == 1
    page = await after(shared, None)
    assert (names(page), page.next) == (["early"], 1)
    late.commit()
    positions = select(table.c.id).order_by(table.c.position)
    assert await shared.read(lambda connection: list(connection.execute(positions).scalars())) == ["late", "early"]
    assert await number(shared) == 2
    assert names(await after(shared, page.next)) == ["late"]
    await shared.close()


async def test_who_numbers_waits_for_another_who_does(shared: Database) -> None:
    """The second would give the same numbers, or higher ones that are seen before the lower."""
    await add(shared, "a")
    first = Held(shared)
    assert first.do(lambda connection: events.number(connection, NOW)) == 1
    await add(shared, "b")
    second = Held(shared)
    numbered = list[int]()
    waiting = threading.Thread(target=lambda: numbered.append(second.do(lambda connection: events.number(connection, NOW))))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    assert await after(shared, None) == Page([], 0, more=False), "no number is seen before the lower ones are"
    first.commit()
    waiting.join(5)
    assert numbered == [2]
    assert names(await after(shared, None)) == ["a"]
    second.commit()
    assert names(await after(shared, None)) == ["a", "b"]
    await shared.close()


async def test_an_event_deleted_while_it_is_numbered(shared: Database) -> None:
    """Its number is left out, and the next one is not given twice."""
    await add(shared, "a", "b", "c")
    eraser, numberer = Held(shared), Held(shared)
    eraser.do(lambda connection: connection.execute(delete(table).where(table.c.id == "b")))
    numbered = list[int]()
    waiting = threading.Thread(target=lambda: numbered.append(numberer.do(lambda one: events.number(one, NOW))))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    eraser.commit()
    waiting.join(5)
    numberer.commit()
    assert numbered == [3]
    await add(shared, "d")
    assert await number(shared) == 4
    assert [(one.number, one.id) for one in await unpublished(shared)] == [(1, "a"), (3, "c"), (4, "d")]
    await shared.close()


async def test_a_page_is_of_one_moment(shared: Database) -> None:
    """Numbered while the page is read: `next` stays below it."""
    await add(shared, "a")
    await number(shared)

    def read(connection: Connection) -> Page:
        last = events.last_number(connection)
        with shared.engine.begin() as beside:
            events.add(beside, [new("b")])
            events.number(beside, NOW)
        assert events.last_number(connection) == last
        return events.after(connection, None, limit=10)

    assert await shared.read(read) == Page([b'{"id": "a"}'], 1, more=False)
    assert names(await after(shared, 1)) == ["b"]
    await shared.close()


async def test_the_last_number_is_a_place_like_others(database: Database) -> None:
    await add(database, "a", "b")
    await number(database)
    found = await database.read(lambda connection: cursors.read(connection, "events"))
    assert found is not None
    assert found.place == "2"
