"""A chat over HTTP and WebSocket: who is let in, what is refused, and that everybody is shown the same."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import FormData, WSServerHandshakeError

from regia.chats import hub as hubs
from regia.chats.news import TYPING
from regia.gateway import Gateway
from regia.http.openapi import openapi
from regia.store_settings import LOCAL
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable
from tests.databases import migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.chatting import SHOP, Socket, Visitor, reply, working
from tests.http.served import ALL, HELPDESK, READER, SECRETS, Client, is_up, make_gateway, serving, worked_off

__all__ = ["migrated_postgresql", "migrated_sqlite", "postgresql_url"]

TINY = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)


NAME = "0b9f7a52-94c1-4c8e-8d6c-1f2e3d4c5b6a"
BOTH = pytest.mark.parametrize("gateway", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def gateway(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> Gateway:
    """On SQLite; on both databases where a test is marked `BOTH`."""
    url = request.getfixturevalue("postgresql_url") if getattr(request, "param", "") == "postgresql" else LOCAL
    return make_gateway(tmp_path, migrated_sqlite, database=url)


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        async with working(gateway):
            yield client


@pytest.fixture
async def cold(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Client]:
    """Of a gateway that does nothing but accept."""
    async with serving(make_gateway(tmp_path, migrated_sqlite)) as client:
        yield client


def user(sub: str = "u-1", **more: Any) -> str:
    claims = {"sub": sub, "aud": "regia", "exp": int(time.time()) + 600, **more}
    return jwt.encode(claims, SECRETS["APP"], "HS256")


async def envelope(client: Client, gateway: Gateway, id_: str) -> dict[str, Any]:
    await worked_off(gateway)
    data: dict[str, Any] = (await (await client.get(f"/v1/messages/{id_}", headers=READER)).json())["envelope"]["data"]
    return data


@BOTH
async def test_the_whole_way(client: Client, gateway: Gateway) -> None:
    """In over a WebSocket, to a queue, and the answer to two windows and a long poll; ticks go back."""
    visitor = await Visitor.new(client)
    one, two = await visitor.open(), await visitor.open()
    name = str(uuid.uuid4())
    await one.send("message", id=name, text="Dov'è il pacco?", fields={"order": "A-1"}, faq=[{"id": "tempi", "helped": None}])
    accepted = await one.next("accepted")
    assert (accepted["id"], accepted["repeat"]) == (name, False)
    assert (await two.item("Dov'è il pacco?"))["client_id"] == name
    data = await envelope(client, gateway, accepted["envelope"])
    assert (data["text"], data["fields"]) == ("Dov'è il pacco?", {"order": "A-1"})
    assert data["faq"] == [], "this chat has no FAQ: what is said to be read of it is not believed"
    assert (data["sender"]["handle"]["kind"], data["sender"]["handle"]["proof"]) == ("chat", "verified")
    await two.ws.close()
    waiting = asyncio.create_task(_until(visitor, "È in viaggio."))
    files = [{"content": "aGVsbG8=", "filename": "bolla.txt", "content_type": "text/plain"}]
    buttons = [{"id": "ok", "title": "Grazie"}]
    id_ = await reply(client, gateway, accepted["envelope"], "È in viaggio.", attachments=files, buttons=buttons)
    shown = await one.item("È in viaggio.")
    assert (shown["id"], shown["name"], shown["direction"], shown["state"], shown["buttons"]) == (
        id_, "Anna", "out", "sent", buttons,
    )  # fmt: skip
    assert (shown["files"][0]["name"], shown["files"][0]["size"]) == ("bolla.txt", 5)
    link = shown["files"][0]["url"].removeprefix("https://regia.example")
    assert await (await client.get(link)).read() == b"hello"
    assert (await waiting)["id"] == id_
    await one.send("seen", ids=[id_], state="read")
    assert (await one.item("È in viaggio.", "read"))["id"] == id_
    told = await (await client.get(f"/v1/replies/{id_.removeprefix('out_')}", headers=HELPDESK)).json()
    assert {status["state"] for status in told["statuses"]} == {"sent", "read"}


async def _until(visitor: Visitor, text: str) -> dict[str, Any]:
    """By long polls."""
    cursor = ""
    while True:
        page = await visitor.items(cursor, wait=5)
        cursor = page["cursor"]
        for one in page["items"]:
            if one["text"] == text:
                found: dict[str, Any] = one
                return found


async def test_a_repeat_is_no_second_message(client: Client, gateway: Gateway) -> None:
    visitor, name = await Visitor.new(client), str(uuid.uuid4())
    socket = await visitor.open()
    first = await visitor.said("Ciao", id_=name)
    await socket.send("message", id=name.upper(), text="Ciao, di nuovo")
    again = await socket.next("accepted")
    assert (again["envelope"], again["reference"], again["repeat"]) == (first["envelope"], first["reference"], True)
    await worked_off(gateway)
    assert [one["text"] for one in (await visitor.items())["items"]] == ["Ciao"]


@BOTH
async def test_after_its_cursor_a_window_is_shown_what_it_lacks_and_nothing_else(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    first = (await visitor.said("uno"))["envelope"]
    await socket.item("uno", "delivered")
    await reply(client, gateway, first, "due")
    await socket.item("due")
    cursor = socket.cursor
    await socket.ws.close()
    await visitor.said("tre")
    await reply(client, gateway, first, "quattro")
    await _until(visitor, "quattro")
    back = await visitor.open(cursor)
    assert [one["text"] for one in back.items] == ["tre", "quattro"]
    assert [one["text"] for one in (await visitor.open()).items] == ["uno", "due", "tre", "quattro"]


@BOTH
async def test_each_is_shown_their_own(client: Client, gateway: Gateway) -> None:
    anna, bruno = await Visitor.new(client), await Visitor.new(client)
    id_ = (await anna.said("da Anna"))["envelope"]
    answer = await reply(client, gateway, id_, "per Anna")
    await _until(anna, "per Anna")
    assert (await bruno.items())["items"] == []
    socket = await bruno.open()
    await socket.send("seen", ids=[answer, "out_x"], state="read")
    await socket.send("ping")
    await socket.next("pong")
    await asyncio.sleep(0.1)
    told = await (await client.get(f"/v1/replies/{answer.removeprefix('out_')}", headers=HELPDESK)).json()
    assert "read" not in [status["state"] for status in told["statuses"]]


@BOTH
async def test_a_user_of_the_site_goes_on_elsewhere_and_nobody_else_sees_it(client: Client, gateway: Gateway) -> None:
    phone, shared = await Visitor.new(client, user("u-1")), await Visitor.new(client)
    await shared.said("anonimo")
    anna, bruno = Visitor(client, shared.token, user("u-1")), Visitor(client, shared.token, user("u-2"))
    first = (await phone.said("dal telefono"))["envelope"]
    second = (await anna.said("dal computer"))["envelope"]
    await bruno.said("sono Bruno")
    data = [await envelope(client, gateway, one) for one in (first, second)]
    assert data[0]["customer"]["id"] == data[1]["customer"]["id"]
    assert [one["text"] for one in (await phone.items())["items"]] == ["dal telefono", "dal computer"]
    assert [one["text"] for one in (await anna.items())["items"]] == ["anonimo", "dal telefono", "dal computer"]
    assert [one["text"] for one in (await bruno.items())["items"]] == ["anonimo", "sono Bruno"]
    assert [one["text"] for one in (await shared.items((await bruno.items())["cursor"]))["items"]] == ["anonimo"]


async def test_files_come_by_multipart_and_are_in_the_transcript(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    form = FormData()
    form.add_field("message", json.dumps({"id": str(uuid.uuid4()), "text": "la foto"}), content_type="application/json")
    form.add_field("files", TINY, filename="foto.png", content_type="image/png")
    answer = await client.post("/chat/chat/messages", data=form, headers=visitor.headers)
    assert answer.status == 202, await answer.text()
    await worked_off(gateway)
    (item,) = (await visitor.items())["items"]
    (file,) = item["files"]
    assert (file["name"], file["content_type"], file["size"]) == ("foto.png", "image/png", len(TINY))
    assert await (await client.get(file["url"].removeprefix("https://regia.example"))).read() == TINY


async def test_agents_and_visitors_see_each_other_write(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    data = await envelope(client, gateway, (await visitor.said())["envelope"])
    path = f"/v1/conversations/{data['conversation']['id']}/typing"
    assert (await client.post(path, json={"name": "Anna"}, headers=HELPDESK)).status == 204
    assert (await socket.next("typing"))["name"] == "Anna"
    assert (await client.post("/v1/conversations/con_x/typing", json={}, headers=HELPDESK)).status == 404
    assert (await client.post(path, json={}, headers=ALL)).status == 403
    heard: list[str] = []
    begun = asyncio.Event()
    listening = asyncio.create_task(gateway.stores.coordination.listen(TYPING, heard.append, begun.set))
    await begun.wait()
    for _ in range(3):
        await socket.send("typing")
    await socket.send("ping")
    await socket.next("pong")
    listening.cancel()
    assert [json.loads(one)["handle"] for one in heard] == [data["sender"]["handle"]["value"]]


async def test_events_tell_where_nothing_else_does(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where another node has sent it, and Redis is lost."""

    async def says_nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(hubs.Hub, "left", says_nothing)
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    id_ = (await visitor.said("uno"))["envelope"]
    await reply(client, gateway, id_, "due")
    assert (await socket.item("due"))["direction"] == "out"


@pytest.mark.parametrize("comes_back", [False, True], ids=["still away", "back, and looked up before it is in the tables"])
async def test_what_another_node_accepts_is_shown_though_it_cannot_be_heard(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    """As where Redis is lost: of a message that came no event tells, only an answer has one."""
    back = asyncio.Event()

    async def is_away(_topic: str, _heard: object, begun: Callable[[], None]) -> None:
        if comes_back:
            await back.wait()
            begun()
            await asyncio.Event().wait()
        raise CoordinationUnavailable("gone")

    async def says_nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(gateway.stores.coordination, "listen", is_away)
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        async with working(gateway):
            visitor = await Visitor.new(client)
            socket = await visitor.open()
            await reply(client, gateway, (await visitor.said("uno"))["envelope"], "due")
            await socket.item("due", "sent")
            await asyncio.sleep(2.5)  # its events are numbered each second, and what they tell is looked up now
            monkeypatch.setattr(gateway.chats, "came", says_nothing)
            back.set()
            await asyncio.sleep(0.5)
            await visitor.said("altrove")
            assert (await socket.item("altrove"))["state"] == "delivered"


@BOTH
async def test_what_is_only_in_the_journal_is_shown_too(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is loaded again before the message is in the tables."""

    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    visitor = await Visitor.new(client)
    monkeypatch.setattr(gateway.stores.database, "write", away)
    id_ = (await visitor.said("appena scritto"))["envelope"]
    page = await visitor.items()
    assert [(one["id"], one["text"], one["state"]) for one in page["items"]] == [(id_, "appena scritto", "sent")]
    monkeypatch.undo()
    await worked_off(gateway)
    assert [(one["id"], one["state"]) for one in (await visitor.items(page["cursor"]))["items"]] == [(id_, "delivered")]


REFUSED = [
    ("GET", "/chat/form/config", {}, 404, "unknown_connector"),
    ("GET", "/forms/chat", {}, 404, "unknown_connector"),
    ("POST", "/webhooks/chat", {}, 404, "unknown_connector"),
    ("GET", "/chat/chat/config", {"Origin": "https://evil.example"}, 403, "handshake_refused"),
    ("GET", "/chat/chat/config", {"Origin": "null"}, 403, "handshake_refused"),
    ("GET", "/chat/chat/config", {"Origin": "https://shop.example.evil.example"}, 403, "handshake_refused"),
    ("OPTIONS", "/chat/chat/messages", {"Origin": "http://shop.example"}, 403, "handshake_refused"),
    ("POST", "/chat/chat/messages", {}, 401, "token_missing"),
    ("POST", "/chat/chat/messages", {"Authorization": "Bearer x.y"}, 401, "token_unknown"),
    ("POST", "/chat/chat/seen", {"Authorization": "Bearer x"}, 401, "token_unknown"),
    ("GET", "/chat/chat/items", {"Authorization": "Basic x"}, 401, "token_missing"),
    ("GET", "/chat/chat/ws", {}, 403, "handshake_refused"),
]


@pytest.mark.parametrize(("method", "path", "headers", "status", "code"), REFUSED)
async def test_what_is_refused(  # noqa: PLR0917  # the columns of the table
    cold: Client, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await cold.request(method, path, headers=headers)
    assert (answer.status, (await answer.json())["error"]) == (status, code)


async def test_a_script_of_the_site_may_read_refusals(cold: Client) -> None:
    answer = await cold.post("/chat/chat/messages", json={}, headers=SHOP)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, "https://shop.example")
    asked = await cold.options("/chat/chat/messages", headers=SHOP)
    assert (asked.status, "Authorization" in asked.headers["Access-Control-Allow-Headers"]) == (204, True)


async def test_tokens_are_of_one_chat_and_of_us(cold: Client) -> None:
    visitor = await Visitor.new(cold)
    for token in (visitor.token[:-1], "a" + visitor.token, visitor.token.partition(".")[0], f"{visitor.token}.x", "é.é"):
        answer = await Visitor(cold, token).post()
        assert (answer.status, (await answer.json())["error"]) == (401, "token_unknown")


async def test_the_script_and_the_configuration(cold: Client) -> None:
    first = await cold.get("/chat/chat/widget.js")
    assert first.headers["Content-Type"] == "text/javascript; charset=utf-8"
    again = await cold.get("/chat/chat/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status, again.status, await again.read()) == (200, 304, b"")
    told = await (await cold.get("/chat/chat/config?lang=en", headers=SHOP)).json()
    assert (told["language"], told["open"], told["longest_text"], told["upload"]["max_total"]) == ("en", True, 4000, 40000)


async def test_a_visitor_who_writes_too_much(cold: Client) -> None:
    visitor = await Visitor.new(cold)
    statuses = [(await visitor.post()).status for _ in range(8)]
    assert statuses == [202] * 6 + [429] * 2
    assert (await visitor.post()).headers["Retry-After"] == "60"
    assert (await (await Visitor.new(cold)).post()).status == 202


@pytest.mark.parametrize(
    ("hello", "code", "closed"),
    [
        ({"type": "hello", "token": "x.y"}, "token_unknown", 4401),
        ({"type": "hello"}, "token_missing", 4401),
        ({"type": "hello", "token": 5}, "token_missing", 4401),
        ({"type": "hello", "user": "a.b.c"}, "signature_wrong", 4403),
        ({"type": "ping"}, "malformed", 1003),
        ([], "malformed", 1003),
    ],
)
async def test_a_hello_that_is_none(cold: Client, hello: Any, code: str, closed: int) -> None:
    if isinstance(hello, dict) and "user" in hello:
        hello = {**hello, "token": (await Visitor.new(cold)).token}
    socket = Socket(await cold.ws_connect("/chat/chat/ws", headers=SHOP))
    await socket.ws.send_json(hello)
    told = await socket.frame()
    assert (told["type"], told["id"], told["code"]) == ("refused", None, code)
    assert await socket.closed() == closed


async def test_a_foreign_site_opens_nothing(cold: Client) -> None:
    for origin in ("https://evil.example", "null"):
        with pytest.raises(WSServerHandshakeError) as caught:
            await cold.ws_connect("/chat/chat/ws", headers={"Origin": origin})
        assert caught.value.status == 403


async def test_what_is_wrong_with_a_frame_is_said_and_the_chat_goes_on(client: Client) -> None:
    socket = await (await Visitor.new(client)).open()
    for frame, code, name in [
        ("{", "malformed", None),
        ('{"type":"dance","id":"1"}', "malformed", "1"),
        ('{"type":"message","id":"1","text":"a"}', "invalid_fields", "1"),
        ('{"type":"seen","ids":[],"state":"read"}', "invalid_fields", None),
        ('{"type":"message","id":"' + NAME + '","text":"a","fields":{"colour":"red"}}', "invalid_fields", NAME),
    ]:
        await socket.ws.send_str(frame)
        told = await socket.next("refused")
        assert (told["code"], told["id"]) == (code, name)
    await socket.send("ping")
    assert await socket.next("pong")
    await socket.ws.send_bytes(b"x")
    assert await socket.closed() == 1003


async def test_a_frame_that_is_too_large_ends_it(client: Client) -> None:
    socket = await (await Visitor.new(client)).open()
    await socket.send("message", id=str(uuid.uuid4()), text="a" * 9000)
    assert await socket.closed() == 1009


async def test_a_flood_ends_it(client: Client) -> None:
    socket = await (await Visitor.new(client)).open()
    for _ in range(120):
        await socket.send("ping")
    assert await socket.closed() == 4429


async def test_connections_are_counted(client: Client) -> None:
    visitor = await Visitor.new(client)
    first = await visitor.open()
    await visitor.open()
    third = Socket(await client.ws_connect("/chat/chat/ws", headers=SHOP))
    await third.send("hello", token=visitor.token)
    assert (await third.next("refused"))["code"] == "rate_limited"
    assert await third.closed() == 4429
    answer = await client.get("/chat/chat/items", headers=visitor.headers)
    assert answer.status == 429
    other = await Visitor.new(client)
    await other.open()
    refused = await client.get("/chat/chat/items", headers=(await Visitor.new(client)).headers)
    assert refused.status == 429
    await first.ws.close()
    await asyncio.sleep(0.1)
    await visitor.items()


async def test_who_does_not_read_is_let_go(client: Client, gateway: Gateway) -> None:
    """What waits for a slow network is bounded, and its widget comes back with its cursor."""
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    (value,) = gateway.chats._windows.values
    for _ in range(500):
        gateway.chats._show_typing(value, "x" * 100)
    assert await socket.closed() == 1013


async def test_without_the_database_messages_are_accepted_and_nothing_is_shown(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    visitor = await Visitor.new(client)
    socket = await visitor.open()
    monkeypatch.setattr(gateway.stores.database, "read", away)
    monkeypatch.setattr(hubs, "_AGAIN", 0.05)
    monkeypatch.setattr("regia.http.chat_items._LOOK", 0.2)
    assert (await visitor.post("scritto")).status == 202
    refused = await client.get("/chat/chat/items", headers=visitor.headers)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    monkeypatch.undo()
    assert (await socket.item("scritto"))["direction"] == "in"


async def test_without_redis_nothing_is_lost(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise CoordinationUnavailable("gone")

    for name in ("publish", "hit"):
        monkeypatch.setattr(gateway.stores.coordination, name, away)
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    id_ = (await visitor.said("uno"))["envelope"]
    await reply(client, gateway, id_, "due")
    assert await socket.item("due")


async def test_at_the_end_everybody_is_sent_away_quickly(client: Client, gateway: Gateway) -> None:
    visitor = await Visitor.new(client)
    socket = await visitor.open()
    poll = asyncio.create_task(client.get("/chat/chat/items?wait=20", headers=(await Visitor.new(client)).headers))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await gateway.chats.stop()
    assert await socket.closed() == 1012
    assert (await poll).status == 200
    assert time.monotonic() - began < 1.0
    assert (await client.get("/chat/chat/items", headers=visitor.headers)).status == 503


def test_its_addresses_are_described() -> None:
    known = openapi()["paths"]
    assert {"/chat/{connector}/ws", "/chat/{connector}/messages", "/v1/conversations/{id}/typing"} <= known.keys()
