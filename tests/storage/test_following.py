"""Following the feed from inside: each event once with what comes of it, on both databases, whoever else follows or dies."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from storage import cursors, events, following
from storage.database import Database, DatabaseUnavailable
from storage.events import NewEvent, Numbered
from storage.following import Followed, follow

CLOSED, SENT = "regia.ticket.closed.v1", "regia.reply.sent.v1"
NOW = 1_795_000_000_000


async def tell(database: Database, *names: str, type_: str = CLOSED) -> None:
    new = [NewEvent(name, type_, "con_1", NOW, b"{}") for name in names]
    await database.write(lambda connection: events.add(connection, new))
    await database.write(lambda connection: events.number(connection, NOW))


def keep(connection: Connection, one: Numbered) -> None:
    """What comes of an event in these tests: a row of its own, which tells how often it was done."""
    count = cursors.read(connection, one.id)
    cursors.move(connection, one.id, str(1 + (0 if count is None else int(count.place))), token=one.number)


async def go(database: Database, act: Callable[[Connection, Numbered], None] = keep, at_once: int = 100) -> Followed:
    return await database.write(lambda connection: follow(connection, "surveys", {CLOSED}, act, NOW, at_once=at_once))


async def done(database: Database, *names: str) -> list[str | None]:
    found = [await database.read(lambda connection, name=name: cursors.read(connection, name)) for name in names]  # type: ignore[misc]
    return [None if one is None else one.place for one in found]


async def test_who_begins_follows_what_comes_from_now_on(database: Database) -> None:
    await tell(database, "before")
    assert await go(database) == Followed(more=False)
    await tell(database, "a", "b")
    await tell(database, "c", type_=SENT)
    assert await go(database) == Followed(more=False)
    assert await go(database) == Followed(more=False)
    assert await done(database, "before", "a", "b", "c") == [None, "1", "1", None]


async def test_events_are_given_in_their_order_and_page_by_page(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WINDOW", 3)
    await go(database)
    await tell(database, "a", "b", "c")
    await tell(database, "x", "y", "z", type_=SENT)
    await tell(database, "d")
    seen: list[str] = []
    pages = [await go(database, lambda _, one: seen.append(one.id), at_once=2) for _ in range(4)]
    assert seen == ["a", "b", "c", "d"]
    assert [page.more for page in pages] == [True, True, False, False]


async def test_a_defect_undoes_its_own_work_and_holds_up_nobody(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def faulty(connection: Connection, one: Numbered) -> None:
        keep(connection, one)
        if one.id == "b":
            raise ValueError("a word of a customer")

    await go(database)
    await tell(database, "a", "b", "c")
    assert await go(database, faulty) == Followed(more=False)
    assert await done(database, "a", "b", "c") == ["1", None, "1"]
    assert [(one.message, one.__dict__["event"]) for one in caplog.records] == [("an event is passed over, by a defect", "b")]


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), OperationalError("", None, Exception("locked"))])
async def test_without_the_database_nothing_of_a_page_is_done(database: Database, error: Exception) -> None:
    def failing(connection: Connection, one: Numbered) -> None:
        keep(connection, one)
        if one.id == "b":
            raise error

    await go(database)
    await tell(database, "a", "b")
    with pytest.raises(DatabaseUnavailable):
        await go(database, failing)
    assert await done(database, "a", "b") == [None, None]
    await go(database)
    assert await done(database, "a", "b") == ["1", "1"]


async def test_two_who_follow_at_once_do_nothing_twice(database: Database) -> None:
    other = Database(str(database.engine.url.render_as_string(hide_password=False)))
    try:
        await go(database)
        names = [f"event-{number}" for number in range(300)]
        await tell(database, *names)
        for _ in range(3):
            await asyncio.gather(go(database), go(other), go(database), go(other))
        assert await done(database, *names) == ["1"] * 300
    finally:
        await other.close()


async def test_what_was_deleted_before_it_was_followed_is_told(database: Database) -> None:
    await go(database)
    await tell(database, "a", "b", "c")

    def prune(connection: Connection) -> int:
        events.mark(connection, 2, NOW)
        return events.forget(connection, NOW + 1)

    assert await database.write(prune) == 2
    assert await go(database) == Followed(more=False, missed=2)
    assert await done(database, "a", "b", "c") == [None, None, "1"]
    assert await go(database) == Followed(more=False)


async def test_a_place_beyond_the_last_number_goes_back_to_it(database: Database) -> None:
    """As after a restore of the events alone."""
    await tell(database, "a")
    await database.write(lambda connection: cursors.move(connection, "follow/surveys", "9", 0))
    assert await go(database) == Followed(more=False)
    place = await database.read(lambda connection: connection.execute(select(following.cursor_table.c.place)).scalars().all())
    assert "9" not in place
    await tell(database, "b")
    await go(database)
    assert await done(database, "a", "b") == [None, "1"]
