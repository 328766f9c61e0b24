"""A gateway on embedded queues, a receiver of Standard Webhooks that is strict about them, and the webhook between the two."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from connectors.base import Parsed
from dispatcher import local
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.runners import carrying, owned, webhooks
from regia.settings import Data
from regia.store_settings import DatabaseStore
from storage import cursors
from storage.journal import Journal
from storage.schema import local_messages, messages
from tests.contacts import email, inbound
from tests.databases import migrated_sqlite
from tests.http.served import is_up, worked_off
from tests.providers.standard_webhooks import FakeReceiver

__all__ = ["migrated_sqlite"]

SECONDS = 20.0
OLD, NEW = "whsec_" + "b2xk" * 10, "whsec_" + "bmV3" * 10
CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  form: {type: web_form, brand: demo}
webhooks:
  crm:
    queues: [demo.general]
    url: ${URL}
    secrets: ["${OLD}", "${NEW}"]
"""
RULES = "categories: {general: {}}\ndefault: general\n"
SECRETS = {"KEY": "a-key", "OLD": OLD, "NEW": NEW}


class Shop:
    """What a test does: let customers write, and look at what arrived and what still lies there."""

    def __init__(self, gateway: Gateway, receiver: FakeReceiver) -> None:
        self.gateway = gateway
        self.receiver = receiver
        self.database = gateway.stores.database
        self.time_ms: int | None = None
        self.number = 0

    async def write(self, count: int = 1) -> None:
        for _ in range(count):
            self.number += 1
            contact = inbound(f"m{self.number}", email(f"anna{self.number}@example.it"), channel="web_form", account="form")
            await self.gateway.intake.accept("form", Parsed(messages=(contact,)))
        await worked_off(self.gateway)

    async def bodies(self) -> dict[str, bytes]:
        query = select(messages.c.id, messages.c.envelope)
        return {row.id: bytes(row.envelope) for row in await self.database.read(lambda one: one.execute(query).all())}

    async def lying(self) -> list[tuple[str, int]]:
        """State and deliveries of what is in the queue."""
        query = select(local_messages.c.state, local_messages.c.attempts).order_by(local_messages.c.position)
        return [(row.state, row.attempts) for row in await self.database.read(lambda one: one.execute(query).all())]

    def hook(self, owner: str = "n1") -> webhooks.Hook:
        more: dict[str, Any] = {} if self.time_ms is None else {"now": lambda: self.time_ms}
        return webhooks.Hook(self.gateway.configured, self.gateway.stores, "crm", owner, **more)

    @asynccontextmanager
    async def at_work(self, owner: str = "n1") -> AsyncIterator[webhooks.Hook]:
        hook = self.hook(owner)
        task = asyncio.create_task(hook.run())
        yield hook
        task.cancel()
        await asyncio.wait([task])

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not is_so():
                await asyncio.sleep(0.02)

    async def state(self) -> webhooks.State:
        stored = await self.database.read(lambda one: cursors.read(one, webhooks.place_of("crm")))
        return webhooks.State() if stored is None else msgspec.json.decode(stored.place, type=webhooks.State)

    async def disabled(self) -> None:
        async with asyncio.timeout(SECONDS):
            while (await self.state()).disabled is None:
                await asyncio.sleep(0.02)

    async def failing(self) -> None:
        async with asyncio.timeout(SECONDS):
            while (await self.state()).failing_ms is None:
                await asyncio.sleep(0.02)

    async def empty(self) -> None:
        async with asyncio.timeout(SECONDS):
            while await self.lying():
                await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "PAUSES", (0.05,))
    monkeypatch.setattr(carrying, "HOLD", 0.4)
    monkeypatch.setattr(carrying, "REST", 0.1)
    monkeypatch.setattr(carrying, "IDLE", 0.05)
    monkeypatch.setattr(carrying, "_RENEW", 0.5)
    monkeypatch.setattr(local, "LEASE_SECONDS", 2)
    monkeypatch.setattr(owned, "LOOK", 0.1)
    monkeypatch.setattr(webhooks, "LOOK", 0.1)


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    async with FakeReceiver([NEW], recommended_body=False) as receiver:
        configured = configure(tmp_path / "regia.yaml", SECRETS | {"URL": receiver.hook})
        url = SecretStr(f"sqlite:///{tmp_path / 'data' / 'regia.sqlite'}")
        update = {"data": Data(path=tmp_path / "data"), "database": DatabaseStore(url=url), "node": "n1"}
        settings = configured.settings.model_copy(update=update)
        configured = replace(configured, settings=settings)
        gateway = Gateway(configured, open_stores(settings), Journal.open(tmp_path / "journals" / "n1.sqlite"))
        gateway.start()
        await is_up(gateway)
        yield Shop(gateway, receiver)
        await gateway.stop()
