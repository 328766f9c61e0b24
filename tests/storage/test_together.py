"""Work of many callers in one go: each has its own result or error, and who is cancelled has nothing done."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from storage.database import Database, DatabaseUnavailable
from storage.schema import rulesets
from storage.together import Together


class Clerk:
    """Doubles numbers, one heap after the other. `open` lets it go on; 0 is a defect, 13 is more than anybody can do."""

    def __init__(self) -> None:
        self.heaps: list[list[int]] = []
        self.open = asyncio.Event()

    async def work(self, numbers: Sequence[int]) -> Sequence[int]:
        self.heaps.append(list(numbers))
        await self.open.wait()
        if 13 in numbers:
            raise DatabaseUnavailable("away")
        if 0 in numbers:
            raise ValueError("a defect")
        return [2 * number for number in numbers]


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


async def ask(clerk: Clerk, *numbers: int) -> list[int | BaseException]:
    """One alone, and then all these at once."""
    together = Together(clerk.work, shared=DatabaseUnavailable, most=4)
    first = asyncio.create_task(together.do(100))
    await asyncio.sleep(0)
    asked = [asyncio.create_task(together.do(number)) for number in numbers]
    await asyncio.sleep(0)
    clerk.open.set()
    assert await first == 200
    return list(await asyncio.gather(*asked, return_exceptions=True))


async def test_who_comes_while_it_is_under_way_goes_together(clerk: Clerk) -> None:
    assert await ask(clerk, 1, 2, 3, 4, 5) == [2, 4, 6, 8, 10]
    assert clerk.heaps == [[100], [1, 2, 3, 4], [5]]


async def test_a_defect_is_that_of_one(clerk: Clerk) -> None:
    one, wrong, three = await ask(clerk, 1, 0, 3)
    assert (one, three) == (2, 6)
    assert isinstance(wrong, ValueError)
    assert clerk.heaps == [[100], [1, 0, 3], [1], [0], [3]]


async def test_what_is_everybodys_is_not_tried_again(clerk: Clerk) -> None:
    found = await ask(clerk, 1, 13)
    assert [type(one) for one in found] == [DatabaseUnavailable] * 2
    assert clerk.heaps == [[100], [1, 13]]


async def test_the_first_that_is_cancelled_takes_nobody_along(clerk: Clerk) -> None:
    together = Together(clerk.work, shared=DatabaseUnavailable)
    first, second, third = (asyncio.create_task(together.do(number)) for number in (1, 2, 3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    first.cancel()
    clerk.open.set()
    assert await third == 6
    assert [number for heap in clerk.heaps for number in heap].count(3) == 1
    assert await together.do(4) == 8


def named(name: str, error: Exception | None = None) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(insert(rulesets), [{"hash": name, "sources": "", "created_ms": 0}])
        if error is not None:
            raise error
        return name

    return work


async def test_on_both_databases_an_error_undoes_its_own_work_only(database: Database) -> None:
    """The third says what the second said before: that is the driver's error, which ends a whole transaction."""
    works = [named("a"), named("b"), named("b"), named("c", LookupError("no")), named("d")]
    found = await asyncio.gather(*(database.write_together(work) for work in works), return_exceptions=True)
    assert [one if isinstance(one, str) else type(one).__name__ for one in found] == [
        "a",
        "b",
        "IntegrityError",
        "LookupError",
        "d",
    ]
    query = select(rulesets.c.hash).order_by(rulesets.c.hash)
    assert await database.read(lambda connection: list(connection.execute(query).scalars())) == ["a", "b", "d"]


async def test_many_that_come_at_once_share_few_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    write, transactions = database.write, 0

    async def counted(work: Callable[[Connection], Any]) -> Any:
        nonlocal transactions
        transactions += 1
        return await write(work)

    monkeypatch.setattr(database, "write", counted)
    await asyncio.gather(*(database.write_together(named(f"{number:02}")) for number in range(20)))
    assert transactions == (1 if database.is_sqlite else 20)
