"""Followers: one node of several, behind each other's work, and on again after whatever went wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from regia.gateway import Gateway
from regia.runners import following
from regia.runners.events import Events
from regia.runners.following import Due, Follower
from storage import events
from storage.coordination import LocalCoordination
from storage.database import DatabaseUnavailable
from storage.events import NewEvent, Numbered
from tests.databases import migrated_sqlite
from tests.http.served import is_up, make_gateway

__all__ = ["migrated_sqlite"]

CLOSED = "regia.ticket.closed.v1"
Run = Callable[..., Awaitable[Follower]]


class Seen:
    """What was done, in its order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails = 0

    def act(self, _: Connection, one: Numbered) -> None:
        self.done.append(one.id)

    def due(self, _: Connection, now_ms: int) -> bool:
        if self.fails:
            self.fails -= 1
            raise DatabaseUnavailable("away") if self.fails else KeyError("a word of a customer")
        self.done.append("due")
        return False

    async def until(self, condition: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition(self.done):
                await asyncio.sleep(0.01)


@pytest.fixture
async def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """`await run(seen, node="n1")`: a started follower; all share a database and what stands for Redis."""
    monkeypatch.setattr(following, "EVERY", 0.02)
    monkeypatch.setattr(following, "_PAUSES", (0.02,))
    coordination = LocalCoordination()
    async with AsyncExitStack() as stack:

        async def running(seen: Seen, node: str = "n1", due: Due | None = None) -> Follower:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node)
            gateway.stores = replace(gateway.stores, coordination=coordination)
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            follower = Follower(gateway, "surveys", {CLOSED}, seen.act, due)
            follower.start()
            stack.push_async_callback(follower.stop)
            return follower

        yield running


async def tell(gateway: Gateway, *names: str) -> None:
    new = [NewEvent(name, CLOSED, "con_1", 1_795_000_000_000, b"{}") for name in names]
    await gateway.stores.database.write(lambda connection: events.add(connection, new))
    await gateway.stores.database.write(lambda connection: events.number(connection, 1_795_000_000_000))


async def test_what_is_due_comes_behind_what_was_told(run: Run) -> None:
    seen = Seen()
    follower = await run(seen, due=seen.due)
    await seen.until(lambda done: "due" in done)
    await tell(follower._gateway, "a", "b")
    await seen.until(lambda done: "b" in done and done[-1] == "due")
    assert [one for one in seen.done if one != "due"] == ["a", "b"]


async def test_one_node_of_two_follows_and_the_other_goes_on(run: Run) -> None:
    first, second = Seen(), Seen()
    one, _ = await run(first), await run(second, node="n2")
    await first.until(lambda _: True)
    await asyncio.sleep(0.2)  # both have looked
    await tell(one._gateway, "a")
    await asyncio.sleep(0.2)
    assert sorted(first.done + second.done) == ["a"]
    await one.stop()
    first.done.clear()
    await tell(one._gateway, "b")
    await second.until(lambda done: "b" in done)
    assert first.done == []


async def test_it_goes_on_after_failures_and_tells_them(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    seen.fails = 3
    with caplog.at_level(logging.WARNING):
        await run(seen, due=seen.due)
        await seen.until(lambda done: "due" in done)
    told = [one.message for one in caplog.records if one.name == following.__name__]
    assert told == ["events are not followed", "events are not followed, by a defect"]


async def test_events_that_a_gateway_tells_itself_are_followed(run: Run) -> None:
    seen = Seen()
    follower = await run(seen)
    numbering = Events(follower._gateway)
    numbering.start()
    try:
        await asyncio.sleep(0.2)
        new = [NewEvent("a", CLOSED, "con_1", 1_795_000_000_000, b"{}")]
        await follower._gateway.stores.database.write(lambda connection: events.add(connection, new))
        await seen.until(lambda done: done == ["a"])
    finally:
        await numbering.stop()
