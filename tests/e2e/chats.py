"""A visitor's browser with one WebSocket to a gateway that runs."""

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from tests.e2e.gateway import Gateway

ORIGIN: Final = {"Origin": "https://shop.example"}
PATIENCE: Final = 30.0


async def new_token(http: ClientSession, gateway: Gateway) -> str:
    async with http.post(f"http://127.0.0.1:{gateway.port}/chat/site/visitor", json={}, headers=ORIGIN) as answer:
        token: str = (await answer.json())["token"]
        return token


class Browser:
    """Comes back with its cursor as the widget does, and sends again what was not accepted. `items` by id, as they came."""

    def __init__(self, http: ClientSession, gateway: Gateway, token: str) -> None:
        self._http = http
        self.gateway = gateway
        self._token = token
        self.cursor: str | None = None
        self.items: dict[str, dict[str, Any]] = {}
        self.came: list[tuple[str, str]] = []
        self.accepted: dict[str, dict[str, Any]] = {}
        self._ws: ClientWebSocketResponse | None = None

    async def open(self) -> None:
        """Connect, waiting until that works, and read until the transcript is there."""
        async with asyncio.timeout(PATIENCE):
            while self._ws is None:
                try:
                    url = f"http://127.0.0.1:{self.gateway.port}/chat/site/ws"
                    self._ws = await self._http.ws_connect(url, headers=ORIGIN)
                except (ClientError, OSError):
                    await asyncio.sleep(0.1)
        hello = {"type": "hello", "token": self._token, "user": None, "after": self.cursor, "language": "it"}
        await self._ws.send_json(hello)
        await self.read("welcome")
        await self.read("items")

    async def close(self) -> None:
        if self._ws is not None:
            await self._ws.close()
            self._ws = None

    async def say(self, text: str, id_: str | None = None) -> str:
        """Send, without waiting; the id of the message."""
        assert self._ws is not None
        name = id_ or str(uuid.uuid4())
        await self._ws.send_json({"type": "message", "id": name, "text": text})
        return name

    async def said(self, text: str, id_: str | None = None) -> str:
        """Send, and wait until it is accepted; the envelope's id."""
        name = await self.say(text, id_)
        while name not in self.accepted:
            await self.read()
        envelope: str = self.accepted[name]["envelope"]
        return envelope

    async def read(self, kind: str | None = None) -> dict[str, Any]:
        """The next frame, or the next of this type. Raises `ConnectionError` where it is over."""
        assert self._ws is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._ws.receive()
                if message.type is not WSMsgType.TEXT:
                    self._ws = None
                    raise ConnectionError(str(message.data))
                frame: dict[str, Any] = json.loads(message.data)
                self._keep(frame)
                if kind in (None, frame["type"]):
                    return frame

    async def ended(self) -> None:
        """Read until the connection is over."""
        with suppress(ConnectionError):
            while True:
                await self.read()

    async def sees(self, text: str) -> dict[str, Any]:
        """Read until an item has this text."""
        while True:
            for one in self.items.values():
                if one["text"] == text:
                    return one
            await self.read("items")

    def _keep(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "accepted":
            self.accepted[frame["id"]] = frame
        if "cursor" in frame:
            self.cursor = frame["cursor"]
        for one in frame.get("items", ()):
            self.came.append((one["id"], one["state"]))
            self.items[one["id"]] = one

    @property
    def texts(self) -> list[str]:
        """What the window shows, in the order of its times."""
        return [one["text"] for one in sorted(self.items.values(), key=lambda one: one["at"])]


def answer(gateway: Gateway, envelope: str, text: str) -> None:
    """An agent answers, once the message is in the tables."""
    body = json.dumps({"message": envelope, "text": text, "author": "Anna"}).encode()
    headers = gateway.consumer() | {"Content-Type": "application/json"}
    for _ in range(200):
        told = gateway.request("POST", "/v1/replies", body, headers)
        if told.status == 202:
            return
        assert told.json()["error"] == "unknown_message", told.body
    raise AssertionError("the message did not come into the tables")
