"""A real Roundup, a gateway on embedded stores that is told of contacts, and the bridge between the two."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from connectors.base import Parsed
from desk.bridges.bridge import Bridge
from desk.bridges.way_back import WayBack
from normalizer.inbound import Reply
from regia.bridging import bridge_of
from regia.by_hand import now_ms
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.settings import Data
from regia.store_settings import DatabaseStore
from storage.journal import Journal
from storage.schema import messages, ticket_events
from tests.bridges.rt_system import RtSystem
from tests.contacts import email, inbound
from tests.databases import migrated_sqlite
from tests.http.served import is_up, worked_off
from tests.servers.request_tracker import RequestTracker
from tests.servers.roundup import PASSWORD, RoundupServer

__all__ = ["migrated_sqlite"]

CONFIG = """
server: {public_url: "https://gw.example"}
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    thread_key: ${KEY}
    smtp: {host: mail.demo.example}
bridges:
  helpdesk:
    type: roundup
    queues: [demo.general]
    url: ${TRACKER}
    user: regia
    password: ${PASSWORD}
    answers: all
    priorities: {3: urgent, 1: critical}
"""
HEAD = CONFIG[: CONFIG.index("    type: roundup")]
"""For the bridge of another system."""
RULES = """
categories: {general: {}}
default: general
rules:
  - {name: hot, when: {text: {words: [fuoco]}}, then: {priority: 2}}
"""


@pytest.fixture(scope="session")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoundupServer]:
    """One for all of these tests: each looks at its own issues."""
    with RoundupServer.start(tmp_path_factory.mktemp("roundup")) as server:
        yield server


@pytest.fixture(scope="session")
def request_tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtSystem]:
    with RequestTracker.start(tmp_path_factory.mktemp("rt")) as server:
        yield RtSystem(server)


class Crossing:
    """What a test does: let customers write, carry their envelopes over, and look at the tracker."""

    def __init__(self, gateway: Gateway, tracker: Any, bridge: Bridge) -> None:
        self.gateway = gateway
        self.tracker = tracker
        self.bridge = bridge
        self.back = WayBack(bridge)
        self.database = gateway.stores.database
        self.cursor: str | None = None
        self.name = uuid4().hex  # the tracker is one for all tests, and knows contacts by their ids
        self.number = 0

    async def write(self, sender: str = "anna@example.it", **more: Any) -> bytes:
        """The envelope of a new contact."""
        self.number += 1
        contact = inbound(
            f"<{self.number}@{self.name}>",
            email(sender),
            channel="email",
            account="help@demo.example",
            subject="La padella",
            **{"reply": Reply(allowed=("text", "image", "document")), **more},
        )
        await self.gateway.intake.accept("mail", Parsed(messages=(contact,)))
        await worked_off(self.gateway)
        query = select(messages.c.envelope).order_by(messages.c.received_ms.desc(), messages.c.sequence.desc())
        rows = await self.database.read(lambda one: one.execute(query).scalars().all())
        return next(bytes(row) for row in rows if orjson.loads(row)["data"]["external_id"] == contact.external_id)

    async def look(self) -> None:
        """As the bridge does every few seconds, from where it was."""
        self.cursor = await self.back.look(self.cursor)

    def set(self, **settings: Any) -> None:
        """As if the bridge had been started with other settings."""
        bridges = self.gateway.configured.settings.bridges
        bridges["helpdesk"] = bridges["helpdesk"].model_copy(update=settings)
        self.bridge = bridge_of(self.gateway.configured, self.gateway.stores, "helpdesk")
        self.back = WayBack(self.bridge)

    def texts(self, issue: str) -> list[str]:
        return list(self.tracker.issue(issue)["texts"])

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.database.read(lambda one: one.execute(select(table)).all()))

    async def told(self) -> list[tuple[str, str]]:
        """What happened to tickets: which event, of which ticket."""
        return [(row.event, row.ticket) for row in await self.rows(ticket_events)]


@pytest.fixture
async def crossing(tmp_path: Path, migrated_sqlite: Path, tracker: RoundupServer) -> AsyncIterator[Crossing]:
    given = {"TRACKER": tracker.url, "PASSWORD": PASSWORD}
    async with across(tmp_path, migrated_sqlite, tracker, CONFIG, given) as made:
        yield made


@asynccontextmanager
async def across(
    folder: Path, migrated_sqlite: Path, tracker: Any, config: str, given: dict[str, str]
) -> AsyncIterator[Crossing]:
    """A gateway with this configuration, whose bridge has begun to look."""
    (folder / "data").mkdir()
    shutil.copy(migrated_sqlite, folder / "data" / "regia.sqlite")
    (folder / "regia.yaml").write_text(config)
    (folder / "rules.yaml").write_text(RULES)
    configured = configure(folder / "regia.yaml", {"KEY": "a-key", **given})
    url = SecretStr(f"sqlite:///{folder / 'data' / 'regia.sqlite'}")
    update = {"data": Data(path=folder / "data"), "database": DatabaseStore(url=url), "node": "n1"}
    settings = configured.settings.model_copy(update=update)
    configured = replace(configured, settings=settings)
    stores = open_stores(settings)
    gateway = Gateway(configured, stores, Journal.open(folder / "journals" / "n1.sqlite"))
    gateway.start()
    await is_up(gateway)
    made = Crossing(gateway, tracker, bridge_of(configured, stores, "helpdesk"))
    await made.look()
    yield made
    await gateway.stop()


def now() -> datetime:
    return datetime.fromtimestamp(now_ms() / 1000, UTC)
