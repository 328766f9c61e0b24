"""Traffic of all nodes, added up on both databases."""

import asyncio

from storage import traffic
from storage.database import Database
from storage.traffic import HOUR_MS, Counted, Hour

ALL = (1 << 60) - 1
HOUR = 498_000


def counted(hour: int = HOUR, contacts: int = 1, minutes: int = 1, last_ms: int = 5, connector: str = "chat") -> Counted:
    return Counted(connector=connector, hour=hour, contacts=contacts, minutes=minutes, last_ms=last_ms)


async def add(database: Database, *rows: Counted) -> None:
    await database.write(lambda connection: traffic.add(connection, rows))


async def last(database: Database, until_ms: int = (HOUR + 9) * HOUR_MS) -> dict[str, int]:
    return await database.read(lambda connection: traffic.last(connection, until_ms))


async def hours(database: Database, first: int = 0, end: int | None = None, connector: str = "chat") -> list[Hour]:
    return await database.read(lambda connection: traffic.hours(connection, connector, first, end))


async def test_what_several_nodes_saw_of_an_hour_is_one_row(database: Database) -> None:
    await add(database, counted(contacts=2, minutes=0b011, last_ms=70))
    await add(database, counted(contacts=0, minutes=0b110, last_ms=0))
    await add(database, counted(contacts=5, minutes=1 << 59, last_ms=60))
    assert await hours(database) == [Hour(HOUR, 7, 1 << 59 | 0b111)]
    assert await last(database) == {"chat": 70}
    await add(database, counted(contacts=0, minutes=ALL, last_ms=0))
    assert await hours(database) == [Hour(HOUR, 7, ALL)]


async def test_nodes_that_add_at_the_same_time(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    rows = [counted(hour=HOUR + number) for number in range(20)]
    try:
        await asyncio.gather(*(add(one, *order) for one in (database, other) for order in (rows, rows[::-1]) * 3))
    finally:
        await other.close()
    assert [hour.contacts for hour in await hours(database)] == [12] * 20


async def test_hours_are_read_in_order_and_by_connector(database: Database) -> None:
    await add(database, *(counted(hour=HOUR + number) for number in (2, 0, 1)), counted(connector="mail", hour=HOUR + 9))
    assert [hour.hour - HOUR for hour in await hours(database)] == [0, 1, 2]
    assert [hour.hour - HOUR for hour in await hours(database, HOUR + 1)] == [1, 2]
    assert [hour.hour - HOUR for hour in await hours(database, HOUR, HOUR + 2)] == [0, 1]
    assert [hour.hour - HOUR for hour in await hours(database, connector="mail")] == [9]
    assert await hours(database, connector="none") == []


async def test_a_connector_without_contacts_has_no_last_one(database: Database) -> None:
    await add(database, counted(contacts=0, last_ms=0), counted(connector="mail", last_ms=7))
    await add(database, counted(connector="mail", hour=HOUR + 1, last_ms=9))
    await add(database, counted(connector="mail", hour=HOUR + 2, contacts=0, last_ms=0))
    assert await last(database) == {"mail": 9}


async def test_a_contact_that_is_yet_to_come_is_not_the_last_one(database: Database) -> None:
    """A clock that was a month ahead wrote the one, one that was half an hour ahead the other."""
    now_ms, later, soon = HOUR * HOUR_MS + 60_000, (HOUR + 720) * HOUR_MS, HOUR * HOUR_MS + 1_800_000
    await add(database, counted(last_ms=now_ms - 9), counted(hour=HOUR + 720, last_ms=later))
    assert await last(database, now_ms) == {"chat": now_ms - 9}
    await add(database, counted(last_ms=soon))
    assert await last(database, now_ms) == {"chat": now_ms}
    assert await last(database, soon) == {"chat": soon}
    assert await last(database, later) == {"chat": later}


async def test_what_is_old_goes_and_what_is_yet_to_come(database: Database) -> None:
    await add(database, *(counted(hour=HOUR + number) for number in range(4)), counted(connector="mail"))
    assert await database.write(lambda connection: traffic.forget(connection, HOUR + 2, HOUR + 3)) == 3
    assert [hour.hour - HOUR for hour in await hours(database)] == [2, 3]
    assert await database.write(lambda connection: traffic.forget(connection, HOUR + 2, HOUR + 3)) == 0
    assert await database.write(lambda connection: traffic.forget(connection, HOUR, HOUR + 2)) == 1
    assert [hour.hour - HOUR for hour in await hours(database)] == [2]
