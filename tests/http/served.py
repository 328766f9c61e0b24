"""A whole gateway on embedded stores in a folder, and its HTTP interface on a free port of this machine."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from regia.compose import Configured, configure, open_stores
from regia.gateway import Gateway
from regia.http.app import build_app
from regia.queue_settings import QueuesStore
from regia.rules.live import Rules
from regia.settings import Data
from regia.store_settings import LOCAL, DatabaseStore
from storage.journal import Journal

CONFIG = """
server:
  public_url: https://regia.example
  trusted_proxies: [127.0.0.0/8]
links_key: ${KEY}
rules: [rules.yaml]
tokens:
  - {name: all, token: "${ALL}", scopes: [messages, queues, events]}
  - {name: reader, token: "${READER}", scopes: [messages]}
  - {name: worker, token: "${WORKER}", scopes: [queues]}
  - {name: follower, token: "${FOLLOWER}", scopes: [events]}
  - {name: site, token: "${SITE}", scopes: [customers]}
  - {name: helpdesk, token: "${HELPDESK}", scopes: [tickets, replies]}
  - {name: operator, token: "${OPERATOR}", scopes: [operate]}
  - {name: viewer, token: "${VIEWER}", scopes: [customers.read]}
identity:
  codes: {email: mail, rate: {count: 20}, brands: {demo: {name: Casa Demo}}}
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    thread_key: ${KEY}
    smtp: {host: mail.demo.example}
  form:
    type: web_form
    brand: demo
    max_body: 4096
    rate: {count: 3, seconds: 60}
    origins: [https://shop.example]
    colours: {primary: "#7a1f3d"}
  chat:
    type: chat
    brand: demo
    max_body: 40000
    max_frame: 8192
    origins: [https://shop.example]
    fields: {order: {max_length: 20}}
    rate: {visitor: {count: 6}, address: {count: 1000}}
    sockets: {visitor: 2, all: 3}
    user_tokens: {algorithms: [HS256], secrets: "${APP}", audience: regia}
  desk:
    type: api
    brand: demo
    tokens: ["${DESK}"]
    max_body: 20000
  app:
    type: api
    brand: demo
    channels: [app]
    tokens: ["${DESK}"]
    users: {algorithms: [HS256], secrets: "${APP}", audience: regia, direct: true, rate: {count: 3, seconds: 60}}
"""
RULES = """
categories:
  returns: {label: Resi, owners: [logistics@demo.example]}
  general: {label: Informazioni}
queues: [partners]
default: general
rules:
  - name: returns-by-words
    when: {text: {words: [rimborso]}}
    then: {category: returns, tags: [rma], copy_to: [partners]}
"""
SECRETS = {
    "KEY": "key-of-links",
    "ALL": "token-all",
    "READER": "token-reader",
    "WORKER": "token-worker",
    "SITE": "token-site",
    "HELPDESK": "token-helpdesk",
    "VIEWER": "token-viewer",
    "OPERATOR": "token-operator",
    "FOLLOWER": "token-follower",
    "DESK": "token-desk",
    "APP": "a-secret-of-the-shops-own-server",
}
ALL, READER, WORKER, SITE, HELPDESK, VIEWER, DESK, OPERATOR = (
    {"Authorization": f"Bearer {SECRETS[name]}"}
    for name in ("ALL", "READER", "WORKER", "SITE", "HELPDESK", "VIEWER", "DESK", "OPERATOR")
)

Client = TestClient[Any, Any]


class _Server(TestServer):
    """As `regia run` serves: what a client that goes away had begun is not cancelled."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return web.AppRunner(self.app, access_log=None, shutdown_timeout=1, auto_decompress=False)


def make_gateway(
    folder: Path,
    migrated: Path,
    *,
    node: str = "n1",
    journal: str = "",
    database: str = LOCAL,
    queues: str = LOCAL,
    rules: Rules | None = None,
) -> Gateway:
    """A gateway that is not started. Those of one folder share its database, each with a journal of its own, called `journal`
    where two have the name of one node. `database` and `queues` are addresses of others; `rules` decide
    instead of those of all tests."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    if not (folder / "data" / "regia.sqlite").exists():
        shutil.copy(migrated, folder / "data" / "regia.sqlite")
    settings = configured().settings.model_copy(
        update={
            "node": node,
            "data": Data(path=folder / "data"),
            "database": DatabaseStore(url=SecretStr(database)),
            "queues": QueuesStore(url=SecretStr(queues)),
        }
    )
    stores, known = open_stores(settings), configured()
    made = replace(known, settings=settings, rules=rules or known.rules)
    return Gateway(made, stores, Journal.open(folder / "journals" / f"{journal or node}.sqlite"))


@cache
def configured() -> Configured:
    """The configuration, read once for all tests: it never changes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "regia.yaml"
        path.write_text(CONFIG)
        path.with_name("rules.yaml").write_text(RULES)
        return configure(path, SECRETS)


async def is_up(gateway: Gateway) -> None:
    async with asyncio.timeout(10):
        while gateway.missing:
            await asyncio.sleep(0.005)


async def worked_off(gateway: Gateway) -> None:
    async with asyncio.timeout(10):
        while not (gateway.pipeline.idle and gateway.relay.idle):
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[Client]:
    """The HTTP interface of a gateway, which is stopped with it."""
    client: Client = TestClient(_Server(build_app(gateway)))
    try:
        async with client:
            yield client
    finally:
        await gateway.stop()
