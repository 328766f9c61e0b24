"""A gateway with lists on either database, a clock that a test sets, and what its lists were told."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Table, select, update

from connectors.base import Parsed
from normalizer.inbound import InboundMessage
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.runners.noticing import _due
from regia.settings import Data
from regia.store_settings import DatabaseStore
from storage.journal import Journal
from storage.schema import notice_items, notices, outgoing
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.served import is_up, worked_off

__all__ = ["filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

ROME: Final = ZoneInfo("Europe/Rome")
KEY: Final = "whsec_" + "b2xk" * 10
SECRETS: Final = {"KEY": "a-key", "BOT": "123456:AAfake_token_for_tests", "HOOK": KEY}
CONNECTORS: Final = """
links_key: ${KEY}
rules: [rules.yaml]
server: {public_url: https://regia.example}
media_private_hosts: [127.0.0.1]
connectors:
  mail: {type: email, brand: demo, address: help@demo.example, thread_key: "${KEY}", smtp: {host: mail.demo.example}}
  whatsapp:
    type: whatsapp
    app_secret: ${KEY}
    verify_token: ${KEY}
    access_token: ${KEY}
    accounts: {"106540352242922": {brand: demo, number: "+390212345678"}}
  form: {type: web_form, brand: other}
  bot: {type: telegram, brand: demo, token: "${BOT}", mode: polling, api_url: "BOT_URL"}
"""
RULES: Final = """
categories:
  returns: {label: Resi e rimborsi, owners: [logistics@example.it], priority: 5}
  warranty: {label: Garanzia, owners: [workshop]}
  general: {}
default: general
templates:
  closed: {text: {it: "Il ticket {{ ticket }} è chiuso ({{ category }}, {{ reference }})."}}
  opened: {text: {it: "Il ticket {{ ticket }} è aperto."}}
rules:
  - {name: spam, when: {text: {words: spam}}, then: {discard: spam, notify: [boss@example.it], final: true}}
  - {name: returns, when: {text: {words: [reso, rimborso]}}, then: {category: returns}}
  - {name: warranty, when: {text: {words: garanzia}}, then: {category: warranty}}
  - {name: lawyer, when: {text: {words: avvocato}}, then: {notify: [boss@example.it, logistics@example.it]}}
"""


def at(text: str) -> int:
    """A time in Rome, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp() * 1000)


def write_config(folder: Path, notices_: str, *, bot_url: str = "https://api.telegram.org", rules: str = RULES) -> Path:
    (folder / "regia.yaml").write_text(CONNECTORS.replace("BOT_URL", bot_url) + notices_)
    (folder / "rules.yaml").write_text(rules)
    return folder / "regia.yaml"


class Shop:
    """What a test does with one node."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.database = gateway.stores.database
        self.number = 0

    async def take(self, *contacts: InboundMessage, connector: str = "whatsapp") -> None:
        await self.gateway.intake.accept(connector, Parsed(messages=contacts))
        await worked_off(self.gateway)

    async def look(self, now_ms: int) -> None:
        """What the node whose turn it is does at that time."""
        await self.database.write(lambda connection: _due(self.gateway)(connection, now_ms))

    async def entered(self, at_ms: int) -> None:
        """What waits was entered at that time."""
        waits = update(notice_items).where(notice_items.c.notice_id.is_(None)).values(entered_ms=at_ms)
        await self.database.write(lambda connection: connection.execute(waits))

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        query = select(table).order_by(*table.primary_key.columns)
        return [dict(row) for row in await self.database.read(lambda one: one.execute(query).mappings().all())]

    async def items(self) -> list[tuple[str, str, bool]]:
        """(list, what, whether it waits)."""
        return [(row["list"], row["what"], row["notice_id"] is None) for row in await self.rows(notice_items)]

    async def told(self) -> list[tuple[str, str]]:
        """(to whom, subject) of the messages out."""
        return [(row["handle_value"], row["subject"] or row["text"].partition("\n")[0]) for row in await self.rows(outgoing)]

    async def kinds(self) -> list[tuple[str, int]]:
        """(kind, contacts) of the notices, oldest first."""
        made = sorted(await self.rows(notices), key=lambda row: row["created_ms"])
        return [(row["kind"], row["items"]) for row in made]


Make = Callable[..., Any]


@pytest.fixture
async def make(tmp_path: Path, filled_url: str) -> AsyncIterator[Make]:
    """`await make(notices, node="n1")`: a running node; all share a database."""
    async with AsyncExitStack() as stack:

        async def making(notices_: str, *, node: str = "n1", bot_url: str = "https://api.telegram.org", **more: str) -> Shop:
            folder = tmp_path / node
            (folder / "data").mkdir(parents=True)
            path = write_config(folder, notices_, bot_url=bot_url)
            configured = configure(path, SECRETS | more)
            database = DatabaseStore(url=SecretStr(filled_url))
            update_ = {"data": Data(path=folder / "data"), "database": database, "node": node}
            configured = replace(configured, settings=configured.settings.model_copy(update=update_))
            journal = Journal.open(folder / "journals" / f"{node}.sqlite")
            gateway = Gateway(configured, open_stores(configured.settings), journal)
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            return Shop(gateway)

        yield making


def copied(migrated: Path, folder: Path) -> str:
    """The address of an embedded database of its own."""
    shutil.copy(migrated, folder / "regia.sqlite")
    return f"sqlite:///{folder / 'regia.sqlite'}"


def figures(counter: Any) -> Mapping[tuple[str, ...], int]:
    samples = next(iter(counter.collect())).samples
    return {tuple(one.labels.values()): int(one.value) for one in samples if one.name.endswith("_total")}
