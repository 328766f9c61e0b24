"""Bridges between a gateway and fakes of the systems whose descriptions ship."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.media import GuardedHttp
from desk.bridges.described.system import DescribedSystem
from regia.bridges.http import SHIPPED, HttpBridge, described
from tests.bridges.conftest import CONFIG, Crossing, across
from tests.bridges.described.systems import FAKES, Desk, token

BLOCK = """
bridges:
  helpdesk:
    type: http
    description: NAME
    queues: [demo.general]
    url: ${URL}
    SETTINGS
"""
Opened = Callable[[str], AbstractAsyncContextManager[tuple[Crossing, Desk]]]


@pytest.fixture
def opened(tmp_path: Path, migrated_sqlite: Path) -> Opened:
    """A gateway whose bridge is one to this system."""

    @asynccontextmanager
    async def made(name: str) -> AsyncIterator[tuple[Crossing, Desk]]:
        kind, desk_of = FAKES[name]
        async with kind() as fake:
            desk = desk_of(fake)
            block = BLOCK.replace("NAME", desk.description).replace("SETTINGS", desk.settings)
            environ = {"URL": fake.url, "TOKEN": token(fake)}
            config = CONFIG[: CONFIG.index("bridges:")] + block
            async with across(tmp_path, migrated_sqlite, fake, config, environ) as crossing:
                at_once(crossing.bridge.system)
                yield crossing, desk
            assert fake.violations == []

    return made


def at_once(system: Any) -> None:
    """As if the search of the system were never behind."""
    system._described = system._described.model_copy(update={"find_after_seconds": 0})


@asynccontextmanager
async def system_of(name: str, **more: Any) -> AsyncIterator[tuple[DescribedSystem, Desk]]:
    """The described system alone, without a gateway."""
    kind, desk_of = FAKES[name]
    async with kind() as fake, GuardedHttp(timeout=3.0) as http:
        desk = desk_of(fake)
        values = {"user": "regia@example.com", "requester": "support@demo.example", "service_desk": "4", "request_type": "25"}
        description = SHIPPED.get(desk.description)
        secret = next(iter(description.settings.secrets))
        settings = HttpBridge(
            type="http",
            queues=("demo.general",),
            description=description,
            url=fake.url,
            values={name: value for name, value in values.items() if name in description.settings.values},
            secrets={secret: SecretStr(token(fake))},
            **more,
        )
        yield described(settings, http), desk
        assert fake.violations == []
