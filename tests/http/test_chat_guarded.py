"""What a chat does against those who only ask: tokens that end, connections that say nothing, and a limit for each address."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError

from connectors.chat.settings import ChatRates, ChatSettings, Sockets
from connectors.form_settings import RateLimit
from regia.gateway import Gateway
from regia.http.requests import GATEWAY
from storage.coordination import CoordinationUnavailable
from tests.databases import migrated_sqlite
from tests.http.chatting import SHOP, Socket, Visitor, working
from tests.http.served import Client, is_up, make_gateway, serving

__all__ = ["migrated_sqlite"]

DAY = 24 * 3600
FAR = {"X-Forwarded-For": "198.51.100.7"}


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Gateway]:
    """Its connectors are those of all tests: what is changed of the chat is taken back."""
    made = make_gateway(tmp_path, migrated_sqlite)
    before = change(made)
    yield made
    made.configured.connectors["chat"].settings = before  # type: ignore[attr-defined]


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        async with working(gateway):
            yield client


def change(gateway: Gateway, **settings: Any) -> ChatSettings:
    """Other settings of the chat, while it works."""
    chat = gateway.configured.connectors["chat"]
    chat.settings = chat.settings.model_copy(update=settings)  # type: ignore[attr-defined]
    return chat.settings  # type: ignore[attr-defined,no-any-return]


async def test_a_token_that_is_used_never_ends(client: Client, gateway: Gateway) -> None:
    days = change(gateway).token_days
    assert days == 180
    visitor = await Visitor.new(client)
    first = visitor.token
    assert "token" not in await visitor.items(), "it is of today"
    with time_machine.travel(time.time(), tick=True) as clock:
        for _ in range(3):
            clock.shift((days - 1) * DAY)
            newer = (await visitor.items())["token"]
            assert newer != visitor.token
            visitor.token = newer
        assert "token" not in await visitor.items()
        answer = await client.get("/chat/chat/items", headers=Visitor(client, first).headers)
        assert (answer.status, (await answer.json())["error"]) == (401, "token_unknown")


async def test_over_a_socket_it_is_renewed_too_and_is_the_same_visitor(client: Client) -> None:
    visitor = await Visitor.new(client)
    said = await visitor.said("Ciao")
    with time_machine.travel(time.time(), tick=True) as clock:
        clock.shift(100 * DAY)
        socket = Socket(await client.ws_connect("/chat/chat/ws", headers=SHOP))
        await socket.send("hello", token=visitor.token, user=None, after=None, language="it")
        welcome = await socket.frame()
        again = await Visitor(client, welcome["token"]).items()
        assert [item["id"] for item in again["items"]] == [said["envelope"]]


@pytest.mark.parametrize(("unused", "taken"), [(179, True), (180, True), (181, False)])
async def test_one_that_nobody_used_ends_everywhere(client: Client, unused: int, taken: bool) -> None:
    with time_machine.travel(1_900_000_000 // DAY * DAY + 60, tick=True) as clock:
        visitor = await Visitor.new(client)
        clock.shift(unused * DAY)
        posted = await visitor.post()
        seen = await client.post("/chat/chat/seen", json={"ids": ["out_1"], "state": "read"}, headers=visitor.headers)
        assert (posted.status, seen.status) == ((202, 204) if taken else (401, 401))
        if not taken:
            socket = Socket(await client.ws_connect("/chat/chat/ws", headers=SHOP))
            await socket.send("hello", token=visitor.token)
            assert (await socket.next("refused"))["code"] == "token_unknown"
            assert await socket.closed() == 4401


async def test_nobody_makes_a_token_younger(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    id_, day, signature = visitor.token.split(".")
    for token in (
        f"{id_}.{int(day) + 100}.{signature}",
        f"{id_}.{signature}",
        f"{id_}..{signature}",
        f"{id_}.{day}0.{signature}",
    ):
        answer = await Visitor(client, token).post()
        assert (answer.status, (await answer.json())["error"]) == (401, "token_unknown")


async def silent(client: Client, count: int, **headers: str) -> list[ClientWebSocketResponse]:
    return [await client.ws_connect("/chat/chat/ws", headers={**SHOP, **headers}) for _ in range(count)]


async def test_connections_that_say_nothing_are_counted_by_address(client: Client, gateway: Gateway) -> None:
    change(gateway, sockets=Sockets(visitor=9, address=3, all=9))
    waiting = await silent(client, 3)
    with pytest.raises(WSServerHandshakeError) as refused:
        await silent(client, 1)
    assert (refused.value.status, (refused.value.headers or {})["Retry-After"]) == (429, "30")
    await silent(client, 1, **FAR)
    await waiting[0].close()
    await asyncio.sleep(0.1)
    visitor = await Visitor.new(client)
    await visitor.open()  # counted once: while it waits, then as a window
    with pytest.raises(WSServerHandshakeError):
        await silent(client, 1)
    answer = await client.get("/chat/chat/items", headers=visitor.headers)
    assert answer.status == 429


async def test_all_of_a_node_are_counted_too(client: Client, gateway: Gateway) -> None:
    change(gateway, sockets=Sockets(address=9, all=2))
    await silent(client, 1)
    await silent(client, 1, **FAR)
    with pytest.raises(WSServerHandshakeError) as refused:
        await silent(client, 1, **{"X-Forwarded-For": "203.0.113.4"})
    assert refused.value.status == 429


async def test_they_wait_only_so_long_and_then_make_room(client: Client, gateway: Gateway) -> None:
    change(gateway, sockets=Sockets(address=1, hello=1))
    (quiet,) = await silent(client, 1)
    socket = Socket(quiet)
    assert (await socket.next("refused"))["code"] == "too_slow"
    await socket.closed()
    await asyncio.sleep(0.1)
    await (await Visitor.new(client)).open()


ASKS = [
    ("GET", "config?lang=it"),
    ("GET", "items"),
    ("POST", "seen"),
    ("GET", "ws"),
]


@pytest.mark.parametrize(("method", "path"), ASKS)
async def test_an_address_asks_only_so_often(client: Client, gateway: Gateway, method: str, path: str) -> None:
    change(gateway, rate=ChatRates(asks={"count": 2, "seconds": 30}))  # type: ignore[arg-type]
    visitor = await Visitor.new(client)
    answers = [await client.request(method, f"/chat/chat/{path}", headers=visitor.headers) for _ in range(3)]
    assert [answer.status == 429 for answer in answers] == [False, False, True]
    assert answers[2].headers["Retry-After"] == "30"
    assert path == "ws" or answers[2].headers["Access-Control-Allow-Origin"] == SHOP["Origin"]
    assert (await client.request(method, f"/chat/chat/{path}", headers={**visitor.headers, **FAR})).status != 429, "others may"
    assert (await visitor.post()).status == 202, "and who writes may write"


def test_many_behind_one_address_have_room() -> None:
    """Five hundred people with a page and a long poll each: two requests a minute of the poll, four pages."""
    rate: RateLimit = ChatRates().asks
    assert rate.count / rate.seconds * 60 >= 500 * (2 + 4)
    assert Sockets().address >= 500


async def test_where_nobody_counts_nobody_is_turned_away(client: Client, gateway: Gateway, monkeypatch: Any) -> None:
    async def gone(*_: object) -> bool:
        raise CoordinationUnavailable("gone")

    monkeypatch.setattr(client.app[GATEWAY].stores.coordination, "hit", gone)  # type: ignore[union-attr]
    assert (await client.get("/chat/chat/config", headers=SHOP)).status == 200
