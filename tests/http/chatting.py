"""A visitor's browser, as far as a chat knows it."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import ClientWebSocketResponse, WSMsgType

from regia.gateway import Gateway
from regia.runners.chats import Chats
from regia.runners.events import Events
from regia.runners.outgoing import Sending
from tests.http.served import HELPDESK, Client, worked_off

SHOP: Final = {"Origin": "https://shop.example"}
SECONDS: Final = 10.0


@asynccontextmanager
async def working(gateway: Gateway) -> AsyncIterator[None]:
    """With everything beside accepting that a chat needs."""
    parts = [Chats(gateway), Sending(gateway), Events(gateway)]
    for part in parts:
        part.start()
    try:
        yield
    finally:
        for one in parts:
            await one.stop()


class Visitor:
    """One browser with its token."""

    def __init__(self, client: Client, token: str, user: str | None = None) -> None:
        self.client = client
        self.token = token
        self.user = user

    @classmethod
    async def new(cls, client: Client, user: str | None = None) -> "Visitor":
        answer = await client.post("/chat/chat/visitor", json={}, headers=SHOP)
        assert answer.status == 201, await answer.text()
        return cls(client, (await answer.json())["token"], user)

    @property
    def headers(self) -> dict[str, str]:
        return {**SHOP, "Authorization": f"Bearer {self.token}", **({"X-Regia-User": self.user} if self.user else {})}

    async def post(self, text: str = "Ciao", *, id_: str | None = None, **more: Any) -> Any:
        body = {"id": id_ or str(uuid.uuid4()), "text": text, **more}
        return await self.client.post("/chat/chat/messages", json=body, headers=self.headers)

    async def said(self, text: str = "Ciao", **more: Any) -> dict[str, Any]:
        answer = await self.post(text, **more)
        assert answer.status == 202, await answer.text()
        data: dict[str, Any] = await answer.json()
        return data

    async def items(self, after: str = "", wait: int = 0) -> dict[str, Any]:
        query = {"after": after, "wait": str(wait)}
        answer = await self.client.get("/chat/chat/items", params=query, headers=self.headers)
        assert answer.status == 200, await answer.text()
        data: dict[str, Any] = await answer.json()
        return data

    async def open(self, after: str | None = None) -> "Socket":
        """A connection that was welcomed and shown the transcript."""
        socket = Socket(await self.client.ws_connect("/chat/chat/ws", headers=SHOP))
        await socket.send("hello", token=self.token, user=self.user, after=after, language="it")
        welcome = await socket.frame()
        assert welcome["type"] == "welcome", welcome
        socket.items = (await socket.next("items"))["items"]
        return socket


class Socket:
    """One WebSocket. `items` are those that came first."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws
        self.items: list[dict[str, Any]] = []
        self.cursor = ""

    async def send(self, kind: str, **frame: Any) -> None:
        await self.ws.send_json({"type": kind, **frame})

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message = await self.ws.receive()
        assert message.type is WSMsgType.TEXT, message
        data: dict[str, Any] = json.loads(message.data)
        self.cursor = data.get("cursor", self.cursor)
        return data

    async def next(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; others are passed over."""
        while (found := await self.frame())["type"] != kind:
            pass
        return found

    async def item(self, text: str, state: str | None = None) -> dict[str, Any]:
        """The item with this text, in this state."""
        while True:
            for one in (await self.next("items"))["items"]:
                if one["text"] == text and state in (None, one["state"]):
                    found: dict[str, Any] = one
                    return found

    async def closed(self) -> int | None:
        """The code with which the server ends it."""
        async with asyncio.timeout(SECONDS):
            while (message := await self.ws.receive()).type is WSMsgType.TEXT:
                pass
        await self.ws.close()
        return message.data if message.type is WSMsgType.CLOSE else self.ws.close_code


async def reply(client: Client, gateway: Gateway, envelope: str, text: str, **more: Any) -> str:
    """An agent answers; the id of the answer in the chat."""
    await worked_off(gateway)
    body = {"message": envelope, "text": text, "author": "Anna", **more}
    answer = await client.post("/v1/replies", json=body, headers=HELPDESK)
    assert answer.status == 202, await answer.text()
    return f"out_{(await answer.json())['id']}"
