"""Promised times of whole gateways: from the contact over HTTP to the event in the feed and the copy in a queue."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select, update

from desk.sla.telling import tell
from normalizer.event import event
from regia.gateway import Gateway
from regia.rules.live import Rules
from regia.runners import following, promises
from regia.runners.events import Events
from regia.runners.promises import Promises
from router.load import load
from storage import events as feed
from storage.coordination import LocalCoordination
from storage.events import NewEvent
from storage.schema import events, messages, sla_timers, targets
from tests.databases import migrated_sqlite
from tests.http.served import DESK, HELPDESK, READER, VIEWER, Client, is_up, make_gateway, serving, worked_off

__all__ = ["migrated_sqlite"]

RULES = """
categories:
  general:
    owners: [desk@demo.example]
    priority: 2
    sla:
      first_reply: 4h
      resolution: 3d
      on_warning: {notify: lead@demo.example}
      on_breach: {notify: [lead@demo.example, boss@demo.example], copy_to: [recovery], priority: 9}
queues: [recovery]
default: general
"""
HOUR = 3_600_000
Start = Callable[..., Awaitable[tuple[Gateway, Promises, Client]]]


@pytest.fixture
async def start(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """`await start(node="n1")`: a gateway at work; all share a database and what stands for Redis."""
    monkeypatch.setattr(following, "EVERY", 0.02)
    coordination = LocalCoordination()
    rules = Rules.of_all(load([("rules.yaml", RULES)]))
    async with AsyncExitStack() as stack:

        async def started(node: str = "n1") -> tuple[Gateway, Promises, Client]:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node, rules=rules)
            gateway.stores = replace(gateway.stores, coordination=coordination)
            client = await stack.enter_async_context(serving(gateway))
            gateway.start()
            await is_up(gateway)
            parts = [Events(gateway), Promises(gateway)]
            for part in parts:
                part.start()
                stack.push_async_callback(part.stop)
            return gateway, parts[1], client  # type: ignore[return-value]  # the second one

        yield started


async def rows(gateway: Gateway, table: Any) -> list[dict[str, Any]]:
    return await gateway.stores.database.read(
        lambda connection: [dict(row) for row in connection.execute(select(table)).mappings()]
    )


async def age(gateway: Gateway, hours: float, promise: str = "first_reply") -> None:
    """As if everything of a promise had been so long ago."""
    ms = int(hours * HOUR)
    names = ("started_ms", "since_ms", "warn_ms", "due_ms", "next_ms")
    values = {name: sla_timers.c[name] - ms for name in names}
    older = update(sla_timers).where(sla_timers.c.promise == promise).values(values)
    await gateway.stores.database.write(lambda connection: connection.execute(older))


async def told(gateway: Gateway, count: int) -> list[dict[str, Any]]:
    """The events about promises, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            found = [one for one in await rows(gateway, events) if one["type"].startswith("regia.sla.")]
            if len(found) >= count:
                return [orjson.loads(one["body"]) for one in found]
            await asyncio.sleep(0.02)


async def write(client: Client, gateway: Gateway, **more: Any) -> str:
    """A contact; its id."""
    body = {"text": "Where is my pan?", "sender": {"handle": {"kind": "email", "value": "anna@shop.example"}}} | more
    answer = await client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status < 300, await answer.text()
    await worked_off(gateway)
    return str((await answer.json())["id"])


async def test_who_is_not_answered_is_told_of_before_and_when_it_is_too_late(start: Start) -> None:
    gateway, _, client = await start()
    id_ = await write(client, gateway)
    (message,) = await rows(gateway, messages)
    sla = orjson.loads(message["envelope"])["data"]["routing"]["sla"]
    assert sla["first_reply_due"] is not None
    assert sla["next_reply_due"] is None
    await age(gateway, 3.5)
    (warning,) = await told(gateway, 1)
    assert (warning["type"], warning["subject"]) == ("regia.sla.warning.v1", message["conversation_id"])
    await age(gateway, 1)
    _, breach = await told(gateway, 2)
    assert breach["type"] == "regia.sla.breached.v1"
    assert breach["source"] == "/demo"
    assert breach["time"] == breach["data"]["due"]
    assert breach["data"] == {
        "promise": "first_reply",
        "due": breach["data"]["due"],
        "conversation": message["conversation_id"],
        "message": id_,
        "customer": message["customer_id"],
        "ticket": None,
        "category": "general",
        "channel": message["channel"],
        "owners": ["desk@demo.example"],
        "notify": ["lead@demo.example", "boss@demo.example"],
        "priority": 9,
        "copied_to": ["recovery"],
    }
    assert (warning["data"]["notify"], warning["data"]["priority"], warning["data"]["copied_to"]) == (
        ["lead@demo.example"],
        2,
        [],
    )
    await worked_off(gateway)
    async with asyncio.timeout(10):
        while any(one["state"] != "published" for one in await rows(gateway, targets)):
            await asyncio.sleep(0.02)
    (copy,) = await gateway.stores.queues.peek("demo.recovery", 10)
    assert bytes(copy.body) == message["envelope"]


async def test_a_closed_ticket_ends_it(start: Start) -> None:
    gateway, _, client = await start()
    id_ = await write(client, gateway)
    body = {"event": "closed", "ticket": "T-1", "message": id_}
    assert (await client.post("/v1/tickets", json=body, headers=HELPDESK)).status < 300
    async with asyncio.timeout(10):
        while {one["state"] for one in await rows(gateway, sla_timers)} != {"ended"}:
            await asyncio.sleep(0.02)
    assert promises.LATE_MS == 5_000


async def test_two_nodes_tell_it_once(start: Start) -> None:
    """Also where both believe that it is their turn: what each does is one transaction."""
    one, first, client = await start("n1")
    two, second, _ = await start("n2")
    for number in range(6):
        await write(client, one, sender={"handle": {"kind": "email", "value": f"anna{number}@shop.example"}})
    for part in (first, second):
        await part.stop()
    await age(one, 5)
    now_ms = time.time_ns() // 1_000_000
    both = [gateway.stores.database.write(lambda connection: tell(connection, now_ms, "n1")) for gateway in (one, two)]
    await asyncio.gather(*both, *(part.look() for part in (first, second)))
    found = await told(one, 12)
    assert len(found) == 12
    assert len({(event["type"], event["data"]["message"]) for event in found}) == 12
    copies = [row for row in await rows(one, targets) if row["target"] == "recovery"]
    assert len(copies) == 6


async def test_an_answer_that_has_no_number_yet_is_heard_before_anything_is_told(start: Start) -> None:
    """As after an outage: it was sent in time, and what was due meanwhile is looked at first."""
    gateway, part, client = await start()
    await write(client, gateway)
    await part.stop()
    (timer,) = [one for one in await rows(gateway, sla_timers) if one["promise"] == "first_reply"]
    await age(gateway, 5)
    sent_ms = timer["started_ms"] - 4 * HOUR
    data = {"reply": "out_1", "conversation": timer["conversation_id"], "automatic": False}
    body = event("regia.reply.sent.v1", id_="e1", source="/demo", subject="out_1", at_ms=sent_ms, data=data)
    new = NewEvent("e1", "regia.reply.sent.v1", "out_1", sent_ms, body)
    due = Promises(gateway)

    def interrupted(connection: Connection) -> bool:
        feed.add(connection, [new])
        return due._due(connection, time.time_ns() // 1_000_000)

    assert await gateway.stores.database.write(interrupted) is False
    assert [one for one in await rows(gateway, events) if one["type"].startswith("regia.sla.")] == []
    async with asyncio.timeout(20):
        while (await rows(gateway, sla_timers))[0]["state"] != "ended":
            await due.look()
            await asyncio.sleep(0.02)
    await due.look()
    assert [one for one in await rows(gateway, events) if one["type"].startswith("regia.sla.")] == []
    await due.stop()


async def test_what_a_kill_undoes_is_told_by_the_next_look(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between telling and the commit: nothing is there, and then everything once."""
    gateway, part, client = await start()
    await write(client, gateway)
    await part.stop()
    await age(gateway, 5)

    def killed(connection: Connection) -> None:
        tell(connection, time.time_ns() // 1_000_000, "n1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await gateway.stores.database.write(killed)
    assert [one for one in await rows(gateway, events) if one["type"].startswith("regia.sla.")] == []
    again = Promises(gateway)
    assert await again.look() is False
    await again.look()
    await again.stop()
    assert [one["type"] for one in await told(gateway, 2)] == ["regia.sla.warning.v1", "regia.sla.breached.v1"]


async def test_what_waits_behind_nothing_is_found(start: Start) -> None:
    gateway, part, client = await start()
    await write(client, gateway)
    await part.stop()
    stranded = update(sla_timers).where(sla_timers.c.promise == "first_reply")
    waits = stranded.values(promise="next_reply", state="waiting", next_ms=None)
    await gateway.stores.database.write(lambda connection: connection.execute(waits))
    again = Promises(gateway)
    await again.look()
    await again.stop()
    assert {one["state"] for one in await rows(gateway, sla_timers)} == {"running"}


async def test_over_http(start: Start) -> None:
    gateway, _, client = await start()
    id_ = await write(client, gateway)
    found = await (await client.get("/v1/sla?promise=first_reply", headers=VIEWER)).json()
    kept = await (await client.get("/v1/sla/kept?category=general", headers=VIEWER)).json()
    assert [(each["message"], each["promise"], each["state"]) for each in found["sla"]] == [(id_, "first_reply", "running")]
    assert found["cursor"] is None
    assert [(each["promise"], each["kept"], each["running"]) for each in kept["kept"]] == [
        ("first_reply", 0, 1),
        ("resolution", 0, 1),
    ]
    assert (await (await client.get("/v1/sla?breached=true", headers=VIEWER)).json())["sla"] == []
    for query in (
        "/v1/sla?promise=x",
        "/v1/sla?breached=1",
        "/v1/sla?cursor=x",
        "/v1/sla/kept?breached=true",
        "/v1/sla?since=x",
    ):
        assert (await client.get(query, headers=VIEWER)).status == 400, query
    assert (await client.get("/v1/sla", headers=READER)).status == 403
