"""Counts of what is read: added up on both databases, kept while the database is away, and the report."""

import asyncio
from typing import Any

import pytest

from desk.faq.counting import Counts
from storage import faq_counts
from storage.database import Database, DatabaseUnavailable
from storage.faq_counts import DAY_MS, Counted, Read, most_viewed

DAY = 20_000
ONE = {"brand": "demo", "faq": "shop", "article": "reso", "language": "it"}


def counted(kind: Any = "view", day: int = DAY, **own: str) -> Counted:
    return Counted(day=day, kind=kind, **(ONE | own))


async def report(database: Database, **wanted: Any) -> list[tuple[str, int, int, int]]:
    found: list[Read] = await database.read(lambda connection: most_viewed(connection, **wanted))
    return [(one.article, one.views, one.helped, one.not_helped) for one in found]


async def test_they_are_added_up_and_the_most_read_come_first(database: Database) -> None:
    def work(connection: Any) -> None:
        faq_counts.add(connection, {counted(): 2, counted(language="en"): 1, counted("helped"): 1})
        faq_counts.add(connection, {counted(): 3, counted(article="pacco"): 7, counted("not_helped", article="pacco"): 2})
        faq_counts.add(connection, {counted(day=DAY - 1, article="old"): 9, counted(faq="other", brand="b", article="x"): 1})
        faq_counts.add(connection, {})

    await database.write(work)
    everything = [("old", 9, 0, 0), ("pacco", 7, 0, 2), ("reso", 6, 1, 0), ("x", 1, 0, 0)]
    assert await report(database) == everything
    assert await report(database, limit=2) == everything[:2]
    assert await report(database, since_ms=DAY * DAY_MS + 5) == everything[1:]
    assert await report(database, until_ms=DAY * DAY_MS) == everything[:1]
    assert await report(database, until_ms=DAY * DAY_MS + 1) == everything
    assert await report(database, language="en") == [("reso", 1, 0, 0)]
    assert await report(database, brand="b") == await report(database, faq="other") == [("x", 1, 0, 0)]


async def test_who_counts_waits_until_it_is_stored(database: Database) -> None:
    counts = Counts(lambda: database)
    writing = asyncio.create_task(counts.write_for_ever())
    try:
        await asyncio.gather(*(counts.add("view", **ONE) for _ in range(200)))
        assert await report(database) == [("reso", 200, 0, 0)]
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


class Away:
    """A database that does not answer for so many times."""

    def __init__(self, database: Database, times: int) -> None:
        self.database, self.times = database, times

    async def write_beside(self, work: Any) -> None:
        self.times -= 1
        if self.times >= 0:
            raise DatabaseUnavailable("away")
        await self.database.write_beside(work)


async def test_nothing_is_lost_while_the_database_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.faq.counting._AGAIN", 0.05)
    away: Any = Away(database, 2)
    counts = Counts(lambda: away)
    writing = asyncio.create_task(counts.write_for_ever())
    try:
        for _ in range(3):
            async with asyncio.timeout(0.5):  # nobody waits for a database that is known to be away
                await counts.add("view", **ONE)
        async with asyncio.timeout(5):
            while await report(database) != [("reso", 3, 0, 0)]:
                await asyncio.sleep(0.02)
        await counts.add("view", **ONE)
        assert await report(database) == [("reso", 4, 0, 0)]
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
