"""The HTTP interface over a whole gateway; only the network is left out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from regia.gateway import Gateway
from tests.databases import migrated_sqlite
from tests.http.served import Client, is_up, make_gateway, serving

__all__ = ["migrated_sqlite"]


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> Gateway:
    """Not started: what it lacks is on its readiness page."""
    return make_gateway(tmp_path, migrated_sqlite)


@pytest.fixture
async def cold(gateway: Gateway) -> AsyncIterator[Client]:
    """The interface of a gateway that has not started to work."""
    async with serving(gateway) as client:
        yield client


@pytest.fixture
async def client(gateway: Gateway, cold: Client) -> Client:
    """The interface of a gateway that works."""
    gateway.start()
    await is_up(gateway)
    return cold
