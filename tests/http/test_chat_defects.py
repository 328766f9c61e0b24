"""A chat where something is wrong with one of many: the others go on, and whoever is refused can read why."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from regia.chats import showing
from regia.gateway import Gateway
from storage import transcripts
from storage.database import DatabaseUnavailable
from storage.schema import messages, outgoing
from storage.transcripts import Handles, Line
from tests.databases import migrated_sqlite
from tests.erasing.planted import row
from tests.http.chatting import SHOP, Visitor, reply, working
from tests.http.served import Client, is_up, make_gateway, serving, worked_off

__all__ = ["migrated_sqlite"]


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> Gateway:
    return make_gateway(tmp_path, migrated_sqlite)


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        async with working(gateway):
            yield client


async def in_the_tables(gateway: Gateway, visitor: Visitor, text: str) -> str:
    """A message that no window is shown from memory any more."""
    envelope: str = (await visitor.said(text))["envelope"]
    await worked_off(gateway)
    await visitor.items()
    return envelope


async def test_a_row_that_cannot_be_read_hides_nothing_else(client: Client, gateway: Gateway) -> None:
    bad, good = await Visitor.new(client), await Visitor.new(client)
    poison = await in_the_tables(gateway, bad, "rotto")
    answer = await reply(client, gateway, await in_the_tables(gateway, bad, "sano"), "risposta")
    await in_the_tables(gateway, good, "bene")

    def spoil(connection: Connection) -> None:
        connection.execute(update(messages).where(messages.c.id == poison).values(envelope=b'{"data":{}}'))

    await gateway.stores.database.write(spoil)
    socket = await bad.open()
    if answer not in {one["id"] for one in socket.items}:
        await socket.item("risposta")
    theirs, others = await asyncio.gather(bad.items(), good.items())
    assert [one["text"] for one in theirs["items"]] == ["sano", "risposta"]
    assert [one["text"] for one in others["items"]] == ["bene"]
    began = time.monotonic()
    assert (await bad.items(theirs["cursor"], 1))["items"] == []
    assert time.monotonic() - began > 0.9, "a poll behind it waits"


async def test_a_defect_with_one_keeps_nobody_else_waiting(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = await Visitor.new(client), await Visitor.new(client)
    for visitor in (bad, good):
        await in_the_tables(gateway, visitor, "ciao")
    found = gateway.links.visitor_of("chat", bad.token)
    assert found is not None
    theirs, whole, broken = f"chat:{found.visitor_id}", transcripts.lines, True

    def lines(connection: Connection, wanted: Collection[Handles]) -> dict[Handles, list[Line]]:
        if broken and any(theirs in one.values for one in wanted):
            raise KeyError("text")
        return whole(connection, wanted)

    monkeypatch.setattr(showing.transcripts, "lines", lines)
    monkeypatch.setattr(showing, "LATEST", 0.1)
    monkeypatch.setattr(showing, "_TOGETHER", 0.1)
    waiting = asyncio.create_task(bad.items())
    began = time.monotonic()
    shown = await asyncio.gather(*(good.items() for _ in range(2)))
    assert time.monotonic() - began < 2
    assert [[one["text"] for one in told["items"]] for told in shown] == [["ciao"]] * 2
    assert "a chat is shown later what is new, by a defect" in {one.message for one in caplog.records if one.exc_info}
    broken = False
    assert [one["text"] for one in (await waiting)["items"]] == ["ciao"], "and is shown it when that is over"


async def test_a_poll_waits_after_many_answers_were_read_at_once(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    message = await in_the_tables(gateway, visitor, "ciao")

    def plant(connection: Connection) -> list[str]:
        columns = ("handle_value", "handle_kind", "conversation_id")
        query = select(*(messages.c[name] for name in columns)).where(messages.c.id == message)
        of = {**connection.execute(query).mappings().one(), "connector": "chat", "message_id": message, "brand": "demo"}
        now_ms, ids = time.time_ns() // 1_000_000, [str(uuid.uuid4()) for _ in range(90)]
        for place, id_ in enumerate(ids):
            at = dict.fromkeys(("created_ms", "ended_ms"), now_ms - 100 + place)
            told = {"state": "sent", "text": "x", "author": "Anna", "external_id": f"out_{id_}", "automatic": False}
            connection.execute(insert(outgoing).values(row(outgoing, id=id_, secret=False, **of, **at, **told)))
        return [f"out_{id_}" for id_ in ids]

    ids = await gateway.stores.database.write(plant)
    assert len((await visitor.items())["items"]) == 91
    answer = await client.post("/chat/chat/seen", json={"ids": ids, "state": "read"}, headers=visitor.headers)
    assert answer.status == 204
    await worked_off(gateway)
    async with asyncio.timeout(10):
        while True:
            told = await visitor.items()
            if sum(one["state"] == "read" for one in told["items"]) == len(ids):
                break
            await asyncio.sleep(0.1)
    began = time.monotonic()
    assert (await visitor.items(told["cursor"], 1))["items"] == []
    assert time.monotonic() - began > 0.9


FAILS: list[tuple[str, str, Exception | bool, int]] = [
    ("visitor", "coordination.hit", False, 429),
    ("seen", "coordination.hit", False, 429),
    ("seen", "database.read", DatabaseUnavailable("gone"), 503),
    ("visitor", "coordination.hit", RuntimeError("a defect"), 500),
]


@pytest.mark.parametrize(("path", "part", "outcome", "status"), FAILS)
async def test_a_script_of_the_site_may_read_whatever_fails(  # noqa: PLR0917  # the columns of the table
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, path: str, part: str, outcome: Any, status: int
) -> None:
    async def fails(*_: object) -> bool:
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    visitor = await Visitor.new(client)
    store, _, name = part.partition(".")
    monkeypatch.setattr(getattr(gateway.stores, store), name, fails)
    body = {"ids": ["out_1"], "state": "read"} if path == "seen" else {}
    answer = await client.post(f"/chat/chat/{path}", json=body, headers=visitor.headers)
    assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (status, SHOP["Origin"])


async def test_a_body_that_is_too_large_is_refused_readably(client: Client) -> None:
    answer = await client.post("/chat/chat/visitor", data=b"x" * 1000, headers=SHOP)
    assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (413, SHOP["Origin"])
