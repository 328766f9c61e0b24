"""Replies through the real WhatsApp connector to a provider that fails by chance, while the gateway is killed now and then.

Time is made: what waits for an hour is due at once. All else is real: the database, the journal, the pipeline, HTTP.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import select

from connectors.base import Parsed
from desk.replies import Reply, queue
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.runners.loading import Loader
from regia.runners.sending import Sender
from regia.settings import Data
from regia.store_settings import DatabaseStore
from storage import events
from storage.journal import Journal
from storage.schema import messages, outgoing
from tests.contacts import inbound, phone
from tests.http.served import is_up, worked_off
from tests.providers.graph import WhatsAppGraph, graph_error

NUMBER: Final = "106540352242922"
CONFIG: Final = f"""
server: {{public_url: "https://gw.example"}}
links_key: ${{KEY}}
rules: [rules.yaml]
media_private_hosts: [127.0.0.1]
connectors:
  whatsapp:
    type: whatsapp
    graph_url: ${{GRAPH}}
    app_secret: ${{KEY}}
    verify_token: ${{KEY}}
    access_token: ${{TOKEN}}
    send_rate: {{count: 10000, seconds: 1}}
    accounts:
      "{NUMBER}": {{brand: demo, number: "+390212345678"}}
"""
RULES: Final = "categories: {general: {}}\ndefault: general\n"
CUSTOMERS: Final = 40
FINAL: Final = ("sent", "failed", "unknown")
HOUR: Final = 3600.0


class Moody(WhatsAppGraph):
    """Of ten messages about four are taken at once; the others meet all that providers are known to do."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__("TOKEN", NUMBER)
        self._chance = chance

    async def _send(self, request: web.Request, handler: Any) -> web.StreamResponse:
        mood = self._chance.random()
        if mood < 0.15:
            self.fail(429, graph_error(130429), {"Retry-After": str(self._chance.choice((1, 30, 600)))})
        elif mood < 0.35:
            self.fail(self._chance.choice((500, 502, 503)), b"<html>")
        elif mood < 0.45:
            self.hang()  # taken, and the answer is lost
        elif mood < 0.5:
            self.fail(401, graph_error(190))
        elif mood < 0.53 and request.transport is not None:
            request.transport.close()  # lost on the way
            return web.Response()
        return await super()._send(request, handler)

    def taken(self) -> Counter[str]:
        """How often each of our messages was taken, by our own id of it."""
        return Counter(str(one.extra["biz_opaque_callback_data"]) for one in self.accepted)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ends`: final states that were told, by reply; `taken`: how often the provider has taken each; `states`: of the rows."""

    ends: dict[str, list[str]]
    taken: Counter[str]
    states: Counter[str]


async def play(folder: Path, migrated: str, count: int, chance: random.Random, *, kills: float = 0.02) -> Outcome:
    """So many replies to their end. `kills` is how probable it is at each look that the sender dies with what it was at."""
    async with Moody(chance) as graph:
        gateway = _gateway(folder, migrated, graph.url)
        gateway.start()
        try:
            await is_up(gateway)
            await _ask(gateway, count, chance)
            await _send(gateway, chance, kills)
            await worked_off(gateway)
            return Outcome(await _ends(gateway), graph.taken(), await _states(gateway))
        finally:
            await gateway.stop()


def _gateway(folder: Path, database: str, graph: str) -> Gateway:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "regia.yaml").write_text(CONFIG)
    (folder / "rules.yaml").write_text(RULES)
    configured = configure(folder / "regia.yaml", {"GRAPH": graph, "KEY": "a-key-of-the-tests", "TOKEN": "TOKEN"})
    update = {"data": Data(path=folder / "data"), "database": DatabaseStore(url=SecretStr(database)), "node": "n1"}
    settings = configured.settings.model_copy(update=update)
    return Gateway(
        replace(configured, settings=settings), open_stores(settings), Journal.open(folder / "journals" / "n1.sqlite")
    )


async def _ask(gateway: Gateway, count: int, chance: random.Random) -> None:
    contacts = tuple(
        inbound(f"wamid.{number}", phone(f"+3933312345{number:02}"), account=NUMBER) for number in range(CUSTOMERS)
    )
    await gateway.intake.accept("whatsapp", Parsed(messages=contacts))
    await worked_off(gateway)
    query = select(messages.c.id)
    ids = await gateway.stores.database.read(lambda connection: connection.execute(query).scalars().all())
    for number in range(count):
        reply = Reply(message_id=chance.choice(ids), text=f"Risposta {number}", author="giulia", key=str(number))
        await gateway.stores.database.write(lambda one, reply=reply: queue(one, reply, gateway.channels, _now_ms()))


def _now_ms() -> int:
    return 1_795_284_131_000


async def _send(gateway: Gateway, chance: random.Random, kills: float) -> None:
    """Look, let all arrive or be killed, and go on in time, until nothing is left to send."""
    clock = [_now_ms() / 1000]
    sender = _sender(gateway, clock)
    try:
        while await _open(gateway):
            await sender.look()
            if chance.random() < kills:
                await _kill(sender)
                sender = _sender(gateway, clock)
                continue
            while sender._tasks:
                await asyncio.wait(sender._tasks)
            await sender.look()
            clock[0] += chance.uniform(5, 120)
        await sender.look()
        await sender._tell()
    finally:
        await sender.close()


def _sender(gateway: Gateway, clock: list[float]) -> Sender:
    return Sender(
        gateway.stores.database,
        gateway.configured.connectors,
        gateway.stores.http,
        gateway.intake,
        "n1",
        loader=Loader(gateway.stores.blobs, gateway.links),
        limits=gateway.configured.limits,
        now=lambda: clock[0],
        clock=lambda: clock[0],
    )


async def _kill(sender: Sender) -> None:
    """What a SIGKILL leaves: rows that are being sent, and nobody who knows what becomes of them."""
    await asyncio.sleep(0.001)
    for task in list(sender._tasks):
        task.cancel()
    await asyncio.gather(*sender._tasks, return_exceptions=True)


async def _open(gateway: Gateway) -> bool:
    query = select(outgoing.c.id).where(outgoing.c.told_ms.is_(None)).limit(1)
    return await gateway.stores.database.read(lambda one: one.execute(query).one_or_none()) is not None


async def _ends(gateway: Gateway) -> dict[str, list[str]]:
    await gateway.stores.database.write(lambda connection: events.number(connection, 1))
    found: dict[str, list[str]] = {}
    cursor: int | None = None
    while True:
        page = await gateway.stores.database.read(lambda one, at=cursor: events.after(one, at, limit=1000))
        for event in map(orjson.loads, page.bodies):
            state = event["type"].split(".")[2]
            if event["type"].startswith("regia.reply.") and state in FINAL:
                found.setdefault(event["data"]["reply"], []).append(state)
        if not page.more:
            return found
        cursor = page.next


async def _states(gateway: Gateway) -> Counter[str]:
    rows = await gateway.stores.database.read(lambda one: one.execute(select(outgoing.c.state)).scalars().all())
    return Counter(rows)


def check(outcome: Outcome, count: int) -> None:
    """Each reply has one end, and nothing was sent twice. One whose end is unknown may have left, once."""
    assert len(outcome.ends) == count
    assert {tuple(ends) for ends in outcome.ends.values()} <= {(state,) for state in FINAL}
    twice = [reply for reply, times in outcome.taken.items() if times > 1]
    assert twice == []
    for reply, (end,) in outcome.ends.items():
        if end != "unknown":
            assert outcome.taken[reply] == (end == "sent"), (reply, end)
