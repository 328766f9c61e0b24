"""One row for each thing that is wrong, whoever finds it, on both databases."""

import asyncio
from dataclasses import replace

from storage import alarms
from storage.alarms import Alarm
from storage.database import Database

SILENT = Alarm(connector="chat", name="", kind="silent", since_ms=5, raised_ms=10, detail="no contact since …")
OTHERS = (
    replace(SILENT, connector="mail"),
    replace(SILENT, name="access_token"),
    replace(SILENT, kind="token_refused"),
)


async def enter(database: Database, alarm: Alarm) -> bool:
    return await database.write(lambda connection: alarms.enter(connection, alarm))


async def clear(database: Database, alarm: Alarm, now_ms: int = 20) -> bool:
    return await database.write(lambda connection: alarms.clear(connection, alarm, now_ms, "back"))


async def everything(database: Database) -> list[Alarm]:
    return await database.read(alarms.everything)


async def test_what_is_known_is_entered_once(database: Database) -> None:
    assert await enter(database, SILENT)
    assert not await enter(database, replace(SILENT, since_ms=6, raised_ms=11, detail="other words"))
    assert await everything(database) == [SILENT]
    assert [await enter(database, other) for other in OTHERS] == [True] * 3
    assert set(await everything(database)) == {SILENT, *OTHERS}


async def test_of_two_nodes_one_enters_it(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    try:
        entered = await asyncio.gather(
            *(enter(one, replace(SILENT, raised_ms=10 + number)) for number, one in enumerate((database, other) * 3))
        )
    finally:
        await other.close()
    assert sorted(entered) == [False] * 5 + [True]
    assert len(await everything(database)) == 1


async def test_its_way_to_the_end(database: Database) -> None:
    for one in (SILENT, *OTHERS):
        await enter(database, one)
    await database.write(lambda connection: alarms.tell(connection, SILENT))
    assert SILENT not in await everything(database)
    assert await clear(database, SILENT)
    assert not await clear(database, SILENT, 30)
    told = replace(SILENT, told=True, cleared_ms=20, ending="back")
    assert set(await everything(database)) == {told, *OTHERS}
    assert not await enter(database, replace(SILENT, raised_ms=25)), "its end is not told yet"
    await database.write(lambda connection: alarms.drop(connection, SILENT))
    assert set(await everything(database)) == set(OTHERS)


async def test_an_alarm_that_came_again_is_another_one(database: Database) -> None:
    await enter(database, replace(SILENT, raised_ms=50))
    assert not await clear(database, SILENT)
    await database.write(lambda connection: alarms.tell(connection, SILENT))
    await database.write(lambda connection: alarms.drop(connection, SILENT))
    assert await everything(database) == [replace(SILENT, raised_ms=50)]
    await database.write(lambda connection: alarms.drop(connection, replace(SILENT, raised_ms=50)))
    assert len(await everything(database)) == 1, "what is not over is not dropped"
