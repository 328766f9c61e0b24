"""Gateways of several names over one embedded database, and what polls their sources."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from regia.gateway import Gateway
from regia.runners import leases, places, polling, watchdog
from regia.runners.polling import Polling
from storage import cursors
from storage.coordination import Coordination, LocalCoordination
from storage.cursors import Cursor
from storage.schema import messages, quarantine, repeats, signals
from tests.databases import migrated_sqlite
from tests.http.served import is_up, make_gateway
from tests.runners.sources import Box, FakeSource

__all__ = ["migrated_sqlite"]

TTL = 0.4


@dataclass
class Node:
    """A gateway that runs, with its poller."""

    gateway: Gateway
    polling: Polling

    @property
    def state(self) -> str | None:
        return self.gateway.sources.get("box/INBOX")

    def kill(self) -> None:
        """What a killed process leaves: nothing is closed, nothing is given back."""
        for poller in self.polling._pollers:
            poller._lease._token = None
        for task in self.polling._tasks:
            task.cancel()

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        read = self.gateway.stores.database.read
        return await read(lambda connection: [dict(row) for row in connection.execute(select(table)).mappings()])

    async def events(self, number: int = 0) -> list[tuple[str, dict[str, str]]]:
        """Type and content of the events of sources, in their order, once there are so many."""
        query = select(signals).order_by(text("rowid"))
        async with asyncio.timeout(5):
            while True:
                found = await self.gateway.stores.database.read(lambda connection: connection.execute(query).all())
                if len(found) >= number:
                    return [(row.state, orjson.loads(row.raw)) for row in found]
                await asyncio.sleep(0.005)

    async def names(self) -> list[str]:
        """The contacts that are committed."""
        return sorted(row["external_id"] for row in await self.rows(messages))

    async def repeats(self) -> int:
        return len(await self.rows(repeats))

    async def held(self) -> list[tuple[str, bytes]]:
        return sorted((row["reason"], bytes(row["raw"])) for row in await self.rows(quarantine))

    async def cursor(self, name: str = "poll/box/INBOX") -> Cursor | None:
        return await self.gateway.stores.database.read(lambda connection: cursors.read(connection, name))

    async def place(self) -> str | None:
        found = await self.cursor()
        return found.place if found else None

    async def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.003)

    async def reaches(self, place: str, seconds: float = 10) -> None:
        """Until the cursor is there and everything accepted is committed."""
        async with asyncio.timeout(seconds):
            while await self.place() != place or not self.gateway.pipeline.idle:
                await asyncio.sleep(0.005)


Cluster = Callable[..., Any]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_PAUSES", (0.01,))
    monkeypatch.setattr(polling, "_LONG_PAUSES", (0.02,))
    monkeypatch.setattr(polling, "_LET_GO", 0.1)
    monkeypatch.setattr(polling, "_CLOSE", 0.2)
    monkeypatch.setattr(polling, "_STOP", 0.2)
    monkeypatch.setattr(polling, "_UP", 0.005)
    monkeypatch.setattr(polling, "LOOK", 0.02)
    monkeypatch.setattr(leases, "TTL", TTL)
    monkeypatch.setattr(leases, "RENEW", 0.05)
    monkeypatch.setattr(places, "_AGAIN", 0.02)
    monkeypatch.setattr(places, "_FIRST", 0.02)
    monkeypatch.setattr(watchdog, "STEP", 20.0)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def coordination() -> LocalCoordination:
    """What the nodes share, as they would share a Redis."""
    return LocalCoordination()


@pytest.fixture
async def cluster(
    tmp_path: Path, migrated_sqlite: Path, coordination: LocalCoordination, quick: None
) -> AsyncIterator[Cluster]:
    """`await cluster(source, node="n1")`: a gateway that polls the source; one database and one coordination for all."""
    async with AsyncExitStack() as stack:

        async def running(
            *sources: FakeSource, node: str = "n1", shared: Coordination | None = None, poll: bool = True
        ) -> Node:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node)
            gateway.stores = replace(gateway.stores, coordination=shared or coordination)
            gateway.configured = replace(gateway.configured, connectors={"box": Box(*sources)})
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            made = Node(gateway, Polling(gateway))
            stack.push_async_callback(made.polling.stop)
            if poll:
                made.polling.start()
            return made

        yield running
