"""Conversations are counted as a whole, however little of them is new; that takes neither memory nor time from contacts."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

from desk.kpi import rolling
from desk.kpi.report import Wanted, figure
from desk.kpi.rolling import Rolling
from storage import kpi_base
from storage import kpi_changes as changes
from storage.database import Database
from storage.kpi_base import Talk
from storage.schema import kpi_fresh, messages, ticket_events
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


async def test_what_is_named_again_and_again_does_not_grow(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes that are left stay where they are, and new contacts wait until all of them are counted."""
    work = Rolling(database)
    await say(database, range(40), talks=40)
    await work.finish(0)
    monkeypatch.setattr(rolling, "MESSAGES", 1)
    monkeypatch.setattr(rolling, "BATCH", 10)
    again, told = changes.again, []

    def noted(connection: Connection, units: Sequence[str]) -> None:
        told.extend(units)
        again(connection, units)

    monkeypatch.setattr(changes, "again", noted)
    for turn in range(60):
        units = [f"c/con_{turn * 7 % 40}", f"c/con_{turn * 3 % 40}"]
        await database.write(lambda one, units=units: again(one, units))  # type: ignore[misc]
        await say(database, [40 + turn], talks=40)
        await work.step(0)
    assert told == []
    assert await count(database) == 100
    await work.finish(0)
    assert (await count(database), await database.read(lambda one: changes.is_named(one, 10_000))) == (100, False)


async def test_an_erase_waits_for_what_was_named_before_and_for_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Rolling(database)
    await say(database, range(12), talks=4)
    await work.finish(0)
    monkeypatch.setattr(rolling, "MESSAGES", 1)
    await database.write(lambda one: one.execute(delete(messages).where(messages.c.conversation_id == "con_3")))
    write = database.write_beside

    async def beside(work: Any) -> Any:
        """Somebody always changes something."""
        await database.write(lambda one: changes.again(one, ["c/con_0", "c/con_1", "c/con_2"]))
        return await write(work)

    monkeypatch.setattr(database, "write_beside", beside)
    await work.leave_nothing(0)
    units = await database.read(lambda one: one.execute(select(kpi_fresh.c.unit)).scalars().all())
    assert "c/con_3" not in units
    assert await database.read(lambda one: changes.is_named(one, 10_000))
    assert await count(database) == 9


async def test_a_ticket_of_another_conversation_is_counted_as_that_one(
    database: Database, most_at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several such conversations only some are in memory at once."""
    read: list[int] = []
    messages_of = kpi_base.messages_of

    def noted(connection: Connection, ids: Sequence[str]) -> Any:
        found = messages_of(connection, ids)
        read.append(sum(map(len, found.values())))
        return found

    monkeypatch.setattr(kpi_base, "messages_of", noted)
    await say(database, range(16), talks=4)
    told = [
        {"space": "demo", "ticket": f"T-{number}", "conversation_id": f"con_{number}", "event": "opened", "at_ms": AT}
        for number in range(3)
    ]
    later = [{**one, "conversation_id": "con_3", "event": "closed", "at_ms": AT + 1_000} for one in told]
    rows = [row(ticket_events, id=f"e{number}", **one) for number, one in enumerate([*told, *later])]
    await database.write(lambda one: one.execute(insert(ticket_events), rows))
    work = Rolling(database)
    await work.finish(0)
    await database.write(lambda one: changes.again(one, ["c/con_3"]))
    read.clear()
    await work.finish(0)
    assert max(read) <= MOST
    assert (await count(database, "tickets"), await count(database)) == (3, 16)


async def test_a_ticket_weighs_as_its_conversation(database: Database) -> None:
    await say(database, range(9), talks=1)
    told = {"space": "demo", "ticket": "T-1", "conversation_id": "con_0", "event": "opened", "at_ms": AT}
    await database.write(lambda one: one.execute(insert(ticket_events), [row(ticket_events, id="e1", **told)]))
    units = ["t/demo/T-1", "c/con_0", "t/demo/T-2", "c/con_9"]
    parts = await database.read(lambda one: list(kpi_base.parts(one, units, 12)))
    assert parts == [["t/demo/T-1"], ["c/con_0", "t/demo/T-2", "c/con_9"]]
