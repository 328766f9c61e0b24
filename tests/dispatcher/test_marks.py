"""Confirms are recorded together, and nobody's hold up another's."""

import asyncio
from typing import Any

import pytest

from dispatcher import marks as module
from dispatcher.marks import Mark, Marks
from storage import outbox
from storage.database import DatabaseUnavailable


class Slow:
    """A database that takes its time, and fails where `wrong` says so. `written`: the marks of each transaction."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[list[int]] = []
        self.tried: list[list[int]] = []
        self.away = 0
        self.poison: int | None = None
        monkeypatch.setattr(outbox, "mark", lambda connection, marks: [position for position, *_ in marks])
        monkeypatch.setattr(module, "AGAIN", 0.01)

    async def write_beside(self, work: Any) -> None:
        positions = work(None)
        self.tried.append(positions)
        await asyncio.sleep(0.01)
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable("away")
        if self.poison in positions:
            raise LookupError("a defect")
        self.written.append(positions)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


@pytest.fixture
def marks(database: Slow) -> Marks:
    return Marks(database)  # type: ignore[arg-type]  # as much of one as marks use


def one(position: int) -> list[Mark]:
    return [(position, "published", 1, 5)]


async def test_what_comes_meanwhile_goes_together(marks: Marks, database: Slow) -> None:
    await asyncio.gather(*(marks.record(one(n)) for n in range(20)))
    assert len(database.written) <= 3
    assert sorted(position for positions in database.written for position in positions) == list(range(20))


async def test_while_the_database_is_away_nothing_is_forgotten(marks: Marks, database: Slow) -> None:
    database.away = 7
    await asyncio.gather(*(marks.record(one(n)) for n in range(5)))
    assert sorted(position for positions in database.written for position in positions) == list(range(5))


async def test_one_that_is_never_taken_holds_up_no_other(marks: Marks, database: Slow) -> None:
    database.poison = 3
    tasks = {n: asyncio.create_task(marks.record(one(n))) for n in range(6)}
    async with asyncio.timeout(10):
        await asyncio.gather(*(task for n, task in tasks.items() if n != 3))
        await marks.record(one(6))
    assert not tasks[3].done()
    tasks[3].cancel()
    await asyncio.gather(tasks[3], return_exceptions=True)
    database.poison = None
    await marks.record(one(7))
    assert 3 not in {position for positions in database.written for position in positions}
