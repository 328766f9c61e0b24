"""Counting: by several at once, anew after an update, and what becomes of chunks."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, select

from desk.kpi import rolling
from desk.kpi.measuring import NotCounted, TooManyGroups
from desk.kpi.periods import TooManySpans
from desk.kpi.report import BadQuestion, Wanted, figure
from desk.kpi.rolling import Rolling
from storage import faq_counts, ledger
from storage.database import Database
from storage.faq_counts import Counted
from storage.ledger import Event
from storage.schema import event_ids, kpi_changes, kpi_chunks, kpi_fresh, kpi_seen, messages
from tests.kpi.planted import AT, contact

DAY = 86_400_000
ALL = Wanted(since_ms=0, until_ms=AT * 2, by="")


async def plant(database: Database, numbers: Iterable[int], **more: object) -> None:
    def work(connection: Connection) -> None:
        for number in numbers:
            contact(connection, number, AT + number, "returns", **more)

    await database.write(work)


async def count(database: Database, name: str = "sources") -> int:
    return (await database.read(lambda one: figure(one, name, ALL))).all.count


async def size(database: Database, table: object) -> int:
    return await database.read(lambda one: one.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[call-overload, no-any-return]


async def test_nothing_is_said_until_all_is_counted(database: Database) -> None:
    await plant(database, range(3))
    with pytest.raises(NotCounted):
        await count(database)
    work = Rolling(database)
    assert await work.step(0)
    with pytest.raises(NotCounted):
        await count(database)
    await work.finish(0)
    assert await count(database) == 3


async def test_several_who_count_at_once(database: Database) -> None:
    await plant(database, range(20))
    await asyncio.gather(*(Rolling(database).finish(0) for _ in range(3)))
    await plant(database, range(20, 40))
    await asyncio.gather(*(Rolling(database).finish(0) for _ in range(3)))
    assert await count(database) == 40
    assert await size(database, kpi_chunks) == 5
    assert await size(database, kpi_fresh) == 0


async def test_one_who_looked_before_another_came_to_the_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not begin anew, which would leave everybody without figures until that is done."""
    await plant(database, range(20))
    quick, slow = Rolling(database), Rolling(database)
    assert await quick.step(0)
    read, reads = database.read, 0

    async def reading(work: Any) -> Any:
        nonlocal reads
        found, reads = await read(work), reads + 1
        if reads == 1:
            await quick.finish(0)
        return found

    monkeypatch.setattr(database, "read", reading)
    await slow.step(0)
    assert await count(database) == 20
    assert await size(database, kpi_chunks) == 2


async def test_all_is_counted_anew_by_another_version(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await plant(database, range(5))
    await Rolling(database).finish(0)
    for name, value in (("VERSION", "x"), ("DONE", "x:done"), ("_BUILDING", "x:after:")):
        monkeypatch.setattr(rolling, name, value)
    monkeypatch.setattr("desk.kpi.measuring.DONE", "x:done")
    with pytest.raises(NotCounted):
        await count(database)
    await Rolling(database).finish(0)
    assert await count(database) == 5


async def test_a_chunk_that_is_mostly_dead_is_given_up(database: Database) -> None:
    await plant(database, range(8))
    work = Rolling(database)
    await work.finish(0)
    assert await size(database, kpi_chunks) == 1
    gone = messages.c.id.in_([f"m{number}" for number in range(6)])
    await database.write(lambda connection: connection.execute(delete(messages).where(gone)))
    assert await count(database) == 2
    await work.finish(0)
    while await work.sweep(0):
        await work.finish(0)
    assert (await size(database, kpi_chunks), await size(database, kpi_fresh)) == (0, 2)
    assert await size(database, kpi_changes) == 0
    assert await count(database) == 2


async def test_what_is_committed_late_is_a_gap_until_then(database: Database) -> None:
    await plant(database, range(1, 4))  # number 1 of the journal is not there yet
    work = Rolling(database)
    await work.finish(0)
    assert await database.read(lambda one: one.execute(select(kpi_seen.c.gaps)).scalar_one()) == "[[1,1]]"
    await plant(database, range(1))
    assert await count(database) == 4
    await work.finish(0)
    assert await database.read(lambda one: one.execute(select(kpi_seen.c.gaps)).scalar_one()) == "[]"


async def test_any_number_may_be_committed_late(database: Database) -> None:
    """A node that was off has thousands of events of between the first and the last that were counted."""
    work = Rolling(database)
    await plant(database, (0, 2_501))
    await work.finish(0)
    assert await gaps(database) == "[[2,2501]]"
    await plant(database, (*range(1, 10), *range(2_490, 2_501)))
    await signals(database, range(10, 2_490))
    assert await count(database) == 22
    await work.finish(0)
    assert (await count(database), await gaps(database)) == (22, "[]")


async def test_numbers_that_never_come_push_no_others_out(database: Database) -> None:
    """Those of a journal whose disk was lost, and of events that were forgotten, stand between what still comes."""
    work = Rolling(database)
    await signals(database, range(0, 9_000, 2))
    await work.finish(0)
    await signals(database, range(9_000, 300_000, 100_000))
    await work.finish(0)
    await plant(database, (1, 5, 8_999, 150_000))
    assert await count(database) == 4
    await work.finish(0)
    assert await count(database) == 4


async def test_late_ones_are_counted_some_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "BATCH", 3)
    work = Rolling(database)
    await plant(database, range(20, 21))
    await work.finish(0)
    await plant(database, range(1, 11))
    counted = []
    while await work.step(0):
        open_ = sum(last - first + 1 for first, last in json.loads(await gaps(database)))
        counted.append((open_, await count(database)))
    assert counted == [(17, 11), (14, 11), (11, 11)]
    assert await gaps(database) == "[[1,1],[12,20]]"


async def test_what_is_counted_anew_keeps_its_gaps_and_gets_no_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Rolling(database)
    await plant(database, (0, 1, 2, 5))
    await work.finish(0)

    def work_on(connection: Connection) -> None:
        connection.execute(delete(event_ids).where(event_ids.c.seq == 2))
        ledger.enter_repeats(connection, [Event("m0", "jrn", 7, AT)])

    await database.write(work_on)
    await plant(database, (7, 10))
    for name, value in (("VERSION", "x"), ("DONE", "x:done"), ("_BUILDING", "x:after:")):
        monkeypatch.setattr(rolling, name, value)
    monkeypatch.setattr("desk.kpi.measuring.DONE", "x:done")
    assert await work.step(0)
    assert await gaps(database) == "[[4,5],[9,10]]"
    await work.finish(0)
    await plant(database, (4, 9))
    assert await count(database) == 8
    await work.finish(0)
    assert (await count(database), await gaps(database)) == (8, "[[4,4],[9,9]]")


async def signals(database: Database, numbers: Iterable[int]) -> None:
    """Events of the same journal that are no contacts."""
    events = [Event(f"s{number}", "jrn", number + 1, AT) for number in numbers]
    await database.write(lambda connection: ledger.enter(connection, events))


async def gaps(database: Database) -> str:
    return await database.read(lambda one: one.execute(select(kpi_seen.c.gaps)).scalar_one())


async def test_ids_that_were_forgotten_are_no_news(database: Database) -> None:
    await plant(database, range(3))
    await Rolling(database).finish(0)
    await database.write(lambda connection: connection.execute(delete(event_ids)))
    assert await count(database) == 3


async def test_questions_that_are_too_large(database: Database) -> None:
    def work(connection: Connection) -> None:
        for number in range(1_100):
            contact(connection, number, AT + number, f"category {number}")

    await database.write(work)
    await Rolling(database).finish(0)
    for by, error in (("category", TooManyGroups), ("hour", TooManySpans), ("shoe", BadQuestion)):
        with pytest.raises(error):
            await database.read(lambda one, by=by: figure(one, "sources", Wanted(since_ms=0, until_ms=AT * 2, by=by)))  # type: ignore[misc]
    wanted = Wanted(since_ms=AT, until_ms=AT + 1_100, by="category", across="channel")
    with pytest.raises(TooManyGroups):
        await database.read(lambda one: figure(one, "sources", wanted))
    with pytest.raises(BadQuestion):
        await count(database, "shoes")


async def test_readings_by_two_things_are_in_the_order_of_time(database: Database) -> None:
    await Rolling(database).finish(0)
    views = {("a", 0): 5, ("a", 1): 50, ("a", 2): 7, ("b", 0): 30, ("b", 1): 6}
    first = AT // DAY
    added = {Counted(first + day, "help", article, "it", "view", "demo"): number for (article, day), number in views.items()}
    await database.write(lambda connection: faq_counts.add(connection, added))
    period = {"since_ms": first * DAY, "until_ms": (first + 3) * DAY}
    found = await database.read(lambda one: figure(one, "articles", Wanted(**period, by="day", across="article")))
    assert [(one.group, one.across, one.count) for one in found.groups] == [
        *(("2026-11-21", "help/a", 5), ("2026-11-21", "help/b", 30), ("2026-11-22", "help/a", 50)),
        *(("2026-11-22", "help/b", 6), ("2026-11-23", "help/a", 7)),
    ]
    found = await database.read(lambda one: figure(one, "articles", Wanted(**period, by="article", across="day")))
    assert [one.count for one in found.groups] == [5, 50, 7, 30, 6]
