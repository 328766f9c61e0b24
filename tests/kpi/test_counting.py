"""Conversations are counted as a whole, however little of them is new; that takes neither memory nor time from contacts."""

import asyncio
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from desk.kpi import rolling
from desk.kpi.report import Wanted, figure
from desk.kpi.rolling import Rolling
from regia.runners import counting
from regia.runners.counting import Counting
from storage import kpi_base
from storage.database import Database
from storage.kpi_base import Talk
from storage.schema import ticket_events
from tests.erasing.planted import row
from tests.kpi.planted import AT, contact

MOST = 5
ALL = Wanted(since_ms=0, until_ms=AT * 2, by="")


@pytest.fixture
def most_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages were in memory, each time that conversations were read."""
    found: list[int] = []
    talks = kpi_base.talks

    def noted(connection: Connection, units: Sequence[str]) -> dict[str, Talk]:
        read = talks(connection, units)
        found.append(sum(len(one.messages) for one in read.values()))
        return read

    monkeypatch.setattr(rolling, "MESSAGES", MOST)
    monkeypatch.setattr(kpi_base, "talks", noted)
    return found


async def say(database: Database, numbers: Iterable[int], talks: int) -> None:
    """Contacts of a few conversations in turns."""

    def work(connection: Connection) -> None:
        for number in numbers:
            contact(connection, number, AT + number, "returns", conversation_id=f"con_{number % talks}")

    await database.write(work)


async def count(database: Database, name: str = "sources") -> int:
    return (await database.read(lambda one: figure(one, name, ALL))).all.count


async def test_a_step_and_a_question_have_few_messages_in_memory(database: Database, most_at_once: list[int]) -> None:
    work = Rolling(database)
    await work.finish(0)
    await say(database, range(12), talks=4)
    assert await count(database) == 12
    assert max(most_at_once) <= MOST
    steps = 0
    while await work.step(0):
        steps += 1
        assert await count(database) == 12
    assert steps > 2
    assert max(most_at_once) <= MOST


async def test_one_that_is_longer_by_itself_is_counted_alone(database: Database, most_at_once: list[int]) -> None:
    work = Rolling(database)
    await work.finish(0)
    await say(database, range(20), talks=1)
    await say(database, range(20, 23), talks=23)
    await work.finish(0)
    assert await count(database) == 23
    assert sorted(set(most_at_once)) == [0, 1, 2, 20]


async def test_all_have_their_turn_while_news_comes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits longest is counted first, so that busy conversations keep none waiting for ever."""
    work = Rolling(database)
    await work.finish(0)
    counted: list[str] = []
    talks = kpi_base.talks

    def noted(connection: Connection, units: Sequence[str]) -> dict[str, Talk]:
        counted.extend(unit for unit in units if unit.startswith("c/"))
        return talks(connection, units)

    monkeypatch.setattr(rolling, "MESSAGES", 1)
    monkeypatch.setattr(kpi_base, "talks", noted)
    for turn in range(12):
        await say(database, range(turn * 6, turn * 6 + 6), talks=6)
        await work.step(0)
    assert len(counted) == 12
    assert len(set(counted)) == 6
    await work.finish(0)
    assert await count(database) == 72


async def test_a_ticket_weighs_as_its_conversation(database: Database) -> None:
    await say(database, range(9), talks=1)
    told = {"space": "demo", "ticket": "T-1", "conversation_id": "con_0", "event": "opened", "at_ms": AT}
    await database.write(lambda one: one.execute(insert(ticket_events), [row(ticket_events, id="e1", **told)]))
    units = ["t/demo/T-1", "c/con_0", "t/demo/T-2", "c/con_9"]
    parts = await database.read(lambda one: kpi_base.parts(one, units, 12))
    assert parts == [["t/demo/T-1"], ["c/con_0", "t/demo/T-2", "c/con_9"]]


class _Steps:
    """Counting that always has more to do, and takes a moment for it."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.building = False

    async def step(self, now_ms: int) -> bool:
        await asyncio.sleep(0.01)
        self.left -= 1
        return self.left > 0

    async def sweep(self, now_ms: int) -> bool:
        return False


@pytest.mark.parametrize(
    ("waiting", "building", "times"), [(0, False, 3), (499, False, 3), (500, False, 19), (500, True, 19), (0, True, 0)]
)
async def test_counting_rests_for_contacts(monkeypatch: pytest.MonkeyPatch, waiting: int, building: bool, times: int) -> None:
    monkeypatch.setattr(counting, "Turn", lambda *_: SimpleNamespace(mine=_yes))
    gateway: Any = SimpleNamespace(stores=SimpleNamespace(database=None), waiting=lambda: {"pipeline": waiting})
    work: Any = Counting(gateway)
    work._rolling = _Steps(3)
    work._rolling.building = building
    rests: list[float] = []

    async def rested(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(counting, "asyncio", SimpleNamespace(sleep=rested))
    await work.look()
    assert len(rests) == 2
    assert min(rests) >= max(0.02, times * 0.01)
    assert times or max(rests) == 0.02


async def _yes() -> bool:
    return True
