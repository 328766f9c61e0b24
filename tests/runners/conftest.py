"""Gateways of several names over one embedded database, and what polls their sources."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regia.runners import leases, places, polling, watchdog
from regia.runners.polling import Polling
from storage.coordination import Coordination, LocalCoordination
from tests.databases import migrated_sqlite
from tests.http.served import is_up, make_gateway
from tests.runners.polled import Node
from tests.runners.sources import Box, FakeSource

__all__ = ["migrated_sqlite"]

TTL = 0.4


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
