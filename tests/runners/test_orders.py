"""Ticket systems ask over RabbitMQ: nothing is lost or done twice, in the order of the queue, whatever is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import select

from dispatcher import orders as dispatching
from dispatcher.topology import DEAD, REPLIES, TICKETS
from normalizer.inbound import Reply
from regia.gateway import Gateway
from regia.runners import orders as runner
from regia.runners.orders import Orders
from storage import events
from storage.database import Database, DatabaseUnavailable
from storage.schema import outgoing, ticket_events
from tests.dispatcher.test_rabbitmq import other_client
from tests.http.served import is_up, make_gateway
from tests.http.test_replies import wrote
from tests.servers.rabbitmq import RabbitMQServer

SAID = {"text": "Buongiorno, la sostituiamo.", "author": "giulia"}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_UP", 0.005)
    monkeypatch.setattr(runner, "_AGAIN", 0.01)
    monkeypatch.setattr(dispatching, "_PAUSES", (0.05,))


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path, rabbitmq: RabbitMQServer) -> AsyncIterator[Gateway]:
    """One that works, and does what is asked for."""
    made = make_gateway(tmp_path / "node", migrated_sqlite, queues=rabbitmq.new_vhost())
    made.start()
    await is_up(made)
    orders = Orders(made)
    orders.start()
    yield made
    await orders.stop()
    await made.stop()


def url(gateway: Gateway) -> str:
    return gateway.configured.settings.queues.url.get_secret_value()


async def publish(gateway: Gateway, queue: str, *bodies: dict[str, Any] | bytes, ids: Sequence[str | None] = ()) -> None:
    """As a ticket system does."""

    def work(channel: BlockingChannel) -> None:
        for number, body in enumerate(bodies):
            id_ = ids[number] if ids else None
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            channel.basic_publish("", queue, data, pika.BasicProperties(message_id=id_, delivery_mode=2))

    await other_client(url(gateway), work)


async def until(done: Callable[[], Any], what: str, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.02)


async def rows(gateway: Gateway, table: Any) -> list[dict[str, Any]]:
    query = select(table).order_by(table.c.position)
    return [dict(row) for row in await gateway.stores.database.read(lambda one: one.execute(query).mappings().all())]


async def texts(gateway: Gateway) -> list[str]:
    return [row["text"] for row in await rows(gateway, outgoing)]


async def waiting(gateway: Gateway, queue: str) -> int:
    return next(one.ready for one in await gateway.stores.queues.states() if one.name == queue)


async def rejected(gateway: Gateway) -> list[tuple[str, str | None]]:
    await gateway.stores.database.write(lambda connection: events.number(connection, 1))
    page = await gateway.stores.database.read(lambda connection: events.after(connection, None, limit=1000))
    found = [orjson.loads(body) for body in page.bodies]
    return [(one["data"]["reason"], one["data"]["key"]) for one in found if one["type"] == "regia.reply.rejected.v1"]


async def test_replies_are_queued_in_the_order_of_the_queue(gateway: Gateway) -> None:
    message = (await wrote(gateway))["message"]
    bodies = [SAID | {"message": message, "key": f"T-1/{number}", "text": f"Risposta {number}"} for number in range(30)]
    await publish(gateway, REPLIES, *bodies, *bodies[:5])

    async def done() -> bool:
        return len(await texts(gateway)) >= 30 and await waiting(gateway, REPLIES) == 0

    await until(done, "all are queued")
    assert await texts(gateway) == [f"Risposta {number}" for number in range(30)]
    assert {row["author"] for row in await rows(gateway, outgoing)} == {"giulia"}


async def test_the_senders_message_id_is_a_key(gateway: Gateway) -> None:
    message = (await wrote(gateway))["message"]
    body = SAID | {"message": message}
    await publish(gateway, REPLIES, body, body, body, ids=["one", "one", "two"])

    async def done() -> bool:
        return len(await texts(gateway)) == 2

    await until(done, "two are queued")
    assert {row["reply_key"] for row in await rows(gateway, outgoing)} == {
        "queue/regia.replies\none",
        "queue/regia.replies\ntwo",
    }


async def test_what_cannot_be_sent_is_told(gateway: Gateway) -> None:
    closed = (await wrote(gateway, reply=Reply(until=datetime.now(UTC) - timedelta(hours=1))))["message"]
    await publish(gateway, REPLIES, SAID | {"message": closed, "key": "a"}, SAID | {"message": "x", "key": "b"})

    async def done() -> bool:
        return len(await rejected(gateway)) == 2

    await until(done, "both are told")
    assert await rejected(gateway) == [("window_closed", "a"), ("unknown_message", "b")]
    assert await waiting(gateway, DEAD) == 0


@pytest.mark.parametrize(
    ("body", "id_"),
    [
        (b"\xff no JSON", None),
        (b"[]", "one"),
        (orjson.dumps(SAID | {"message": "x", "to": "else@example.it", "key": "a"}), None),
        (orjson.dumps(SAID | {"message": "x"}), None),
        (orjson.dumps(SAID | {"message": "x"}), "an id\nof two lines"),
    ],
    ids=["bytes", "list", "unknown field", "no key", "no key that could be one"],
)
async def test_what_is_no_reply_is_a_dead_letter(gateway: Gateway, body: bytes, id_: str | None) -> None:
    message = (await wrote(gateway))["message"]
    await publish(gateway, REPLIES, body, ids=[id_])
    await publish(gateway, REPLIES, SAID | {"message": message, "key": "good"})

    async def done() -> bool:
        return len(await texts(gateway)) == 1 and await waiting(gateway, DEAD) == 1

    await until(done, "the good one is queued, the other is dead")
    assert await rejected(gateway) == [("malformed", "one" if id_ == "one" else None)]


async def test_a_defect_holds_up_no_other(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    message = (await wrote(gateway))["message"]
    whole = runner.Desk.reply

    async def broken(self: runner.Desk, reply: Any, now_ms: int) -> Any:
        if reply.text == "boom":
            raise RuntimeError("a defect")
        return await whole(self, reply, now_ms)

    monkeypatch.setattr(runner.Desk, "reply", broken)
    bad, good = ({"message": message, "text": text, "key": text} for text in ("boom", "bene"))
    await publish(gateway, REPLIES, bad, good)

    async def done() -> bool:
        return await texts(gateway) == ["bene"] and await waiting(gateway, DEAD) == 1

    await until(done, "the good one is queued, the other is dead")
    assert [reason for reason, _ in await rejected(gateway)] == ["internal"]


async def test_while_the_database_is_away_it_is_held(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    message = (await wrote(gateway))["message"]
    failed = 0

    def away_for_orders(whole: Any) -> Any:
        async def away(self: Database, work: Any) -> Any:
            nonlocal failed
            if failed < 40 and asyncio.current_task() is not None and "orders" in asyncio.current_task().get_name():  # type: ignore[union-attr]  # just looked at
                failed += 1
                raise DatabaseUnavailable("away")
            return await whole(self, work)

        return away

    for name in ("write", "write_together"):
        monkeypatch.setattr(Database, name, away_for_orders(getattr(Database, name)))
    await publish(gateway, REPLIES, *(SAID | {"message": message, "text": str(n), "key": str(n)} for n in range(5)))

    async def done() -> bool:
        return len(await texts(gateway)) == 5

    await until(done, "all are queued")
    assert await texts(gateway) == ["0", "1", "2", "3", "4"]
    assert (failed, await waiting(gateway, DEAD)) == (40, 0)


async def test_another_node_goes_on_where_this_ones_way_to_the_database_is_broken(
    gateway: Gateway, tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = (await wrote(gateway))["message"]
    monkeypatch.setattr(runner, "_PATIENCE", 0.1)

    async def broken(self: runner.Desk, reply: Any, now_ms: int) -> Any:
        raise DatabaseUnavailable("away")

    other = Orders(gateway)
    other._desk = Healthy(other._desk)  # type: ignore[assignment]  # as much of one as orders use
    other.start()
    monkeypatch.setattr(runner.Desk, "reply", broken)
    try:
        await publish(gateway, REPLIES, *(SAID | {"message": message, "text": str(n), "key": str(n)} for n in range(5)))

        async def done() -> bool:
            return len(await texts(gateway)) == 5

        await until(done, "the other one did them", 30)
        assert await texts(gateway) == ["0", "1", "2", "3", "4"]
    finally:
        await other.stop()


class Healthy:
    """A desk whose `reply` is as it was made."""

    def __init__(self, desk: runner.Desk) -> None:
        self._desk = desk
        self._reply = runner.Desk.reply

    async def reply(self, reply: Any, now_ms: int) -> Any:
        return await self._reply(self._desk, reply, now_ms)


async def test_a_key_is_the_same_when_a_dead_letter_is_driven_again(gateway: Gateway) -> None:
    message = (await wrote(gateway))["message"]
    await publish(gateway, REPLIES, *[SAID | {"message": message}] * 2, ids=["T-5", "T-5:again-1a2b3c4d5e6f"])

    async def done() -> bool:
        return len(await texts(gateway)) == 1 and not await waiting(gateway, REPLIES)

    await until(done, "both are one")
    assert (await rows(gateway, outgoing))[0]["reply_key"].endswith("\nT-5")


async def test_tickets_are_told(gateway: Gateway) -> None:
    message = (await wrote(gateway))["message"]
    at, later = "2026-11-21T18:02:11Z", "2026-11-21T19:02:11Z"
    opened = {"event": "opened", "ticket": "T-1", "message": message, "at": at}
    closed = {"event": "closed", "ticket": "T-1", "at": later, "answered": True}
    unknown, wrong = {"event": "closed", "ticket": "T-2", "at": at}, {"event": "burnt", "ticket": "T-1", "at": at}
    timeless = {"event": "reopened", "ticket": "T-1"}
    await publish(gateway, TICKETS, opened, unknown, wrong, timeless, closed, opened, closed)

    async def done() -> bool:
        left = await waiting(gateway, TICKETS)
        return len(await rows(gateway, ticket_events)) == 2 and await waiting(gateway, DEAD) == 3 and not left

    await until(done, "two are told, three are dead")
    told = await rows(gateway, ticket_events)
    assert [(row["event"], row["actor"]) for row in told] == [
        ("opened", "queue/regia.tickets"),
        ("closed", "queue/regia.tickets"),
    ]
    assert [row["answered"] for row in told] == [False, True]


async def test_a_lost_connection_is_made_anew(gateway: Gateway, rabbitmq: RabbitMQServer) -> None:
    message = (await wrote(gateway))["message"]
    bodies = [SAID | {"message": message, "text": str(n), "key": str(n)} for n in range(40)]
    await publish(gateway, REPLIES, *bodies[:20])
    rabbitmq.ctl("close_all_connections", "-p", url(gateway).rpartition("/")[2], "test")
    await publish(gateway, REPLIES, *bodies[20:])

    async def done() -> bool:
        return len(await texts(gateway)) == 40 and await waiting(gateway, REPLIES) == 0

    await until(done, "all are queued", 30)
    assert await texts(gateway) == [str(n) for n in range(40)]
