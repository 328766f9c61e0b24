"""A bridge at work on embedded queues: what becomes of contacts while its ticket system is away, or refuses them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import update

from desk.bridges.base import SystemRefused, SystemUnavailable
from dispatcher import local
from regia.runners import bridging, carrying, owned
from storage.schema import local_messages
from tests.bridges.conftest import Crossing

SECONDS = 20.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "PAUSES", (0.05,))
    monkeypatch.setattr(carrying, "HOLD", 0.3)
    monkeypatch.setattr(carrying, "REST", 0.1)
    monkeypatch.setattr(carrying, "IDLE", 0.05)
    monkeypatch.setattr(carrying, "_RENEW", 0.5)
    monkeypatch.setattr(local, "LEASE_SECONDS", 2)
    monkeypatch.setattr(owned, "LOOK", 0.1)


@asynccontextmanager
async def at_work(crossing: Crossing) -> AsyncIterator[bridging.Crossing]:
    runner = bridging.Crossing(crossing.gateway.configured, crossing.gateway.stores, "helpdesk", "n1/test")
    task = asyncio.create_task(runner.run())
    yield runner
    task.cancel()
    await asyncio.wait([task])


async def until(is_so: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_so():
            await asyncio.sleep(0.05)


async def states(crossing: Crossing) -> list[str]:
    return [row.state for row in await crossing.rows(local_messages)]


async def test_contacts_wait_while_the_tracker_is_away(crossing: Crossing) -> None:
    crossing.tracker.kill()
    await crossing.write(text="La padella è arrivata rotta.")
    async with at_work(crossing):
        await asyncio.sleep(1.0)
        (row,) = await crossing.rows(local_messages)
        assert (row.state, row.attempts) == ("ready", 0), "it was not even taken"
        before = crossing.number
        crossing.tracker.restart()
        await until(lambda: _is_empty(crossing))
    assert before == 1
    assert [event for event, _ in await crossing.told()] == ["opened"]


async def _is_empty(crossing: Crossing) -> bool:
    return await states(crossing) == []


async def test_a_contact_that_cannot_be_written_is_held(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker answers questions, and takes nothing: a full disk."""
    monkeypatch.setattr(carrying, "HOLD", 5.0)
    await crossing.write(text="La padella è arrivata rotta.")
    async with at_work(crossing) as runner:
        system: Any = runner._bridge.system
        real, tries = system.open, []

        async def full(entry: Any) -> str:
            tries.append(entry)
            raise SystemUnavailable("Roundup answers 500")

        monkeypatch.setattr(system, "open", full)

        async def was_tried_often() -> bool:
            return len(tries) > 3  # each looks first whether the one before got there

        await until(was_tried_often)
        (row,) = await crossing.rows(local_messages)
        assert row.state != "dead"
        assert 1 <= row.attempts < len(tries), "it is held for several tries"
        monkeypatch.setattr(system, "open", real)
        await until(lambda: _is_empty(crossing))


async def test_what_is_refused_is_a_dead_letter_and_holds_up_nothing(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await crossing.write("marco@example.it", text="La padella è arrivata rotta.")
    await crossing.write(text="Avete novità?")
    async with at_work(crossing) as runner:
        system: Any = runner._bridge.system
        real = system.open

        async def frozen(entry: Any) -> str:
            if "marco" in entry.text:
                raise SystemRefused("Roundup answers 400: this tracker is frozen for him")
            return str(await real(entry))

        monkeypatch.setattr(system, "open", frozen)
        await until(lambda: _are(crossing, ["dead"]))
    (record,) = [one for one in caplog.records if "dead letter now" in one.message]
    assert record.__dict__["envelope"]
    assert record.__dict__["error"] == "SystemRefused: Roundup answers 400", "the words may be the customer's"


async def _are(crossing: Crossing, expected: list[str]) -> bool:
    return await states(crossing) == expected


async def test_a_name_that_the_tracker_does_not_have_makes_all_wait(crossing: Crossing) -> None:
    crossing.set(closed=("Resolved",))
    await crossing.write(text="La padella è arrivata rotta.")
    async with at_work(crossing):
        await asyncio.sleep(1.0)
        (row,) = await crossing.rows(local_messages)
    assert (row.state, row.attempts) == ("ready", 0)


async def test_other_bytes_are_a_dead_letter(crossing: Crossing) -> None:
    await crossing.write(text="La padella è arrivata rotta.")
    broken = update(local_messages).values(body=b'{"type": "regia.message.received.v1"}')
    await crossing.database.write(lambda one: one.execute(broken))
    async with at_work(crossing):
        await until(lambda: _are(crossing, ["dead"]))


async def test_the_lease_is_one_processes(crossing: Crossing) -> None:
    configured, stores = crossing.gateway.configured, crossing.gateway.stores
    first = bridging.Crossing(configured, stores, "helpdesk", "n1/test")
    second = bridging.Crossing(configured, stores, "helpdesk", "n2/test")
    tasks = [asyncio.create_task(first.run())]
    await asyncio.sleep(0.5)
    tasks.append(asyncio.create_task(second.run()))
    await asyncio.sleep(0.5)
    assert [one._lease._token is not None for one in (first, second)] == [True, False]
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])

    async def is_taken_over() -> bool:
        return second._lease._token is not None

    await until(is_taken_over)
    tasks[1].cancel()
    await asyncio.wait(tasks)


async def test_an_idle_bridge_asks_its_system_once(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(crossing) as runner:
        system: Any = runner._bridge.system
        real, asked = system.check, []

        async def check() -> None:
            asked.append(True)
            await real()

        monkeypatch.setattr(system, "check", check)
        await asyncio.sleep(2.0)  # it looks into its queue every 0.05 s
        await crossing.write(text="La padella è arrivata rotta.")
        await until(lambda: _is_empty(crossing))
    assert len(asked) <= 1
