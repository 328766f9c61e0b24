"""A chat server for tests: the gateway's side of the wire, strict, with the failures of real networks on demand.

Whatever a client does against the protocol is written into `faults`, which every test expects to be empty.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from connectors.base import Request
from connectors.chat.frames import MOST_SEEN
from connectors.forms import Body, read_multipart
from web.widget.assets import WIDGET

PREFIX: Final = "/chat/shop"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEYS: Final = {"id", "text", "page", "fields", "faq", "choice", "at"}


@dataclass
class ChatServer:
    """`taken` holds the messages as accepted, each once; `repeats` the ids that came again."""

    config: dict[str, Any]
    origins: set[str] = field(default_factory=set)
    port: int = 0
    sockets_work: bool = True
    refuses: dict[str, Any] | None = None
    """A code and `retry_after` with which messages are refused."""
    refusals: int = 10_000
    """So many of them."""
    loses_answers: int = 0
    """So many messages are accepted, and their connection dies before the answer."""
    stalls: int = 0
    """So many messages by HTTP get no answer at all."""
    upload_pause: float = 0.0
    taken: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    typed: int = 0
    polls: int = 0
    helped: list[tuple[str, bool]] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    readings: set[str] = field(default_factory=set)
    articles: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    newer: str | None = None
    """The token that visitors get in the place of theirs."""
    users: list[str | None] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _runner: web.AppRunner | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """On the port it had before, where it had one."""
        app = web.Application(middlewares=[self._cross_site], client_max_size=2**26)
        app.router.add_get(f"{PREFIX}/widget.js", self._script)
        app.router.add_get(f"{PREFIX}/config", self._config)
        app.router.add_post(f"{PREFIX}/visitor", self._visitor)
        app.router.add_get(f"{PREFIX}/ws", self._socket)
        app.router.add_post(f"{PREFIX}/messages", self._post)
        app.router.add_get(f"{PREFIX}/items", self._poll)
        app.router.add_post(f"{PREFIX}/seen", self._post_seen)
        app.router.add_get("/faq/help/search", self._search)
        app.router.add_get("/faq/help/articles/{id}", self._article)
        app.router.add_post("/faq/help/articles/{id}/helped", self._helped)
        app.router.add_get("/attachments/{name}", self._attachment)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        for socket in list(self.sockets):
            await socket.close(code=WSCloseCode.SERVICE_RESTART)
        if self._runner:
            await self._runner.cleanup()
        self._runner = None

    # What tests do.

    async def answer(self, text: str, **own: Any) -> dict[str, Any]:
        """An agent writes."""
        item = {"id": f"out_{len(self.items)}", "direction": "out", "client_id": None, "text": text, "name": "Anna"}
        return await self.add({**item, "automatic": False, "state": "sent", **own})

    async def add(self, item: dict[str, Any]) -> dict[str, Any]:
        filled = {"at": datetime.now().astimezone().isoformat(), "files": [], "buttons": [], **item}
        self.items.append(filled)
        await self.tell({"type": "items", "items": [filled], "cursor": str(len(self.items))})
        return filled

    async def tell(self, frame: Mapping[str, Any]) -> None:
        """To every socket that is open."""
        for socket in list(self.sockets):
            with suppress(ConnectionError):
                await socket.send_json(frame)
        self._news.set()
        self._news = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.taken]

    # The wire.

    @web.middleware
    async def _cross_site(self, request: web.Request, handler: Any) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        allowed = origin is None or origin in self.origins or origin == self.url
        cors = {"Access-Control-Allow-Origin": origin or "", "Access-Control-Expose-Headers": "Retry-After"} if allowed else {}
        if request.method == "OPTIONS":
            headers = {
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "Authorization, X-Regia-User, Content-Type",
            }
            return web.Response(status=204, headers={**cors, **headers} if allowed else {})
        if not allowed:
            return web.json_response({"error": "handshake_refused"}, status=403)
        response: web.StreamResponse = await handler(request)
        if not response.prepared:
            response.headers.update(cors)
        return response

    async def _script(self, _request: web.Request) -> web.Response:
        return web.Response(body=WIDGET.content, headers={"Content-Type": WIDGET.content_type, "ETag": WIDGET.etag})

    async def _config(self, request: web.Request) -> web.Response:
        if "lang" not in request.query:
            self.faults.append("config without lang")
        return web.json_response(self.config)

    async def _visitor(self, request: web.Request) -> web.Response:
        if await request.json() != {}:
            self.faults.append("visitor with a body that is not {}")
        token = f"visitor-{uuid.uuid4()}"
        self.tokens.add(token)
        return web.json_response({"token": token}, status=201)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self.sockets_work:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async with asyncio.timeout(10):
            hello = await socket.receive_json()
        if hello.keys() != {"type", "token", "user", "after", "language"} or hello["type"] != "hello":
            self.faults.append(f"hello: {hello}")
        if hello["token"] not in self.tokens:
            await socket.send_json({"type": "refused", "id": None, "code": "token_unknown", "detail": ""})
            await socket.close(code=4401)
            return socket
        self.users.append(hello["user"])
        welcome = {"type": "welcome", "cursor": str(len(self.items)), "open": self.config["open"]}
        await socket.send_json(welcome | ({"token": self.newer} if self.newer else {}))
        await socket.send_json(
            {"type": "items", "items": self.items[int(hello["after"] or 0) :], "cursor": str(len(self.items))}
        )
        self.sockets.add(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await self._frame(socket, json.loads(message.data))
        finally:
            self.sockets.discard(socket)
        return socket

    async def _frame(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        kind = frame.pop("type", None)
        if kind == "ping":
            await socket.send_json({"type": "pong"})
        elif kind == "typing":
            self.typed += 1
        elif kind == "seen":
            self._mark(frame)
        elif kind != "message":
            self.faults.append(f"frame {kind}")
        elif self._refuses():
            await socket.send_json({"type": "refused", "id": frame["id"], "detail": "", "retry_after": None, **self.refuses})  # type: ignore[dict-item]
        else:
            repeat = await self._take(frame)
            if self.loses_answers:
                self.loses_answers -= 1
                assert socket._req is not None
                assert socket._req.transport is not None
                socket._req.transport.abort()
                return
            await socket.send_json(
                {"type": "accepted", "id": frame["id"], "envelope": "e", "reference": "R-1", "repeat": repeat}
            )

    async def _post(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return web.json_response({"error": "token_unknown"}, status=401)
        if self.stalls:
            self.stalls -= 1
            await asyncio.Event().wait()
        files: list[tuple[str, bytes]] = []
        if request.content_type == "multipart/form-data":
            body = await self._multipart(request)
            message = json.loads(body.values["message"])
            files = [(file.filename, file.content) for file in body.files if file.field == "files"]
        else:
            message = await request.json()
        if self._refuses():
            assert self.refuses
            wait = {"Retry-After": str(self.refuses["retry_after"])} if self.refuses.get("retry_after") else {}
            return web.json_response({"error": self.refuses["code"]}, status=self.refuses.get("status", 400), headers=wait)
        repeat = await self._take(message, files)
        if self.loses_answers:
            self.loses_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"envelope": "e", "reference": "R-1", "repeat": repeat}, status=202)

    def _refuses(self) -> bool:
        if self.refuses is None or self.refusals == 0:
            return False
        self.refusals -= 1
        return True

    async def _multipart(self, request: web.Request) -> Body:
        content = bytearray()
        async for chunk in request.content.iter_chunked(65_536):
            content += chunk
            await asyncio.sleep(self.upload_pause)
        headers = {"content-type": request.headers["Content-Type"]}
        now = datetime.now(UTC)
        return read_multipart(Request(method="POST", url="", headers=headers, query={}, body=bytes(content), received_at=now))

    async def _take(self, message: dict[str, Any], files: list[tuple[str, bytes]] | None = None) -> bool:
        if message.keys() != _KEYS or not _UUID.fullmatch(message["id"]):
            self.faults.append(f"message: {message}")
        if not isinstance(message["fields"], dict) or not all(
            isinstance(v, str | int | float) for v in message["fields"].values()
        ):
            self.faults.append(f"fields: {message['fields']}")
        datetime.fromisoformat(message["at"])
        for known in self.taken:
            if known["id"] == message["id"]:
                self.repeats.append(message["id"])
                if known != message:
                    self.faults.append(f"one id, two messages: {known} {message}")
                return True
        self.taken.append(message)
        self.files[message["id"]] = files or []
        described = [
            {"name": name, "size": len(content), "content_type": "image/png", "url": None} for name, content in files or []
        ]
        item = {"id": f"in_{len(self.items)}", "direction": "in", "client_id": message["id"], "text": message["text"]}
        await self.add({**item, "name": None, "automatic": False, "state": "sent", "files": described})
        return False

    def _known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens

    async def _poll(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return web.json_response({"error": "token_unknown"}, status=401)
        self.polls += 1
        after = int(request.query.get("after", 0))
        if len(self.items) <= after:
            with suppress(TimeoutError):
                async with asyncio.timeout(int(request.query["wait"])):
                    await self._news.wait()
        return web.json_response({"items": self.items[after:], "cursor": str(len(self.items)), "open": self.config["open"]})

    async def _post_seen(self, request: web.Request) -> web.Response:
        self._mark(await request.json())
        return web.Response(status=204)

    def _mark(self, frame: dict[str, Any]) -> None:
        if (
            frame.keys() != {"ids", "state"}
            or frame["state"] not in ("delivered", "read")
            or not 1 <= len(frame["ids"]) <= MOST_SEEN
        ):
            self.faults.append(f"seen: {frame}")
            return
        self.seen += [(id_, frame["state"]) for id_ in frame["ids"]]

    # The FAQ.

    async def _search(self, request: web.Request) -> web.Response:
        words = request.query["q"].lower()
        found = [id_ for id_, one in self.articles.items() if words in one["title"].lower()]
        listed = [{"id": id_, "title": self.articles[id_]["title"], "summary": self.articles[id_]["summary"]} for id_ in found]
        return web.json_response({"articles": listed})

    async def _article(self, request: web.Request) -> web.Response:
        if request.headers.get("Accept") != "application/json":
            self.faults.append("an article is asked for as a page")
        id_, view = request.match_info["id"], request.query.get("view")
        if view is not None:
            self.views.append(id_)
            self.readings.add(view)
        article = self.articles[id_]
        return web.json_response({"id": id_, "title": article["title"], "html": article["html"]})

    async def _helped(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.keys() != {"helped", "view", "lang"} or body["view"] not in self.readings:
            self.faults.append(f"helped: {body}")
        self.helped.append((request.match_info["id"], body["helped"]))
        return web.Response(status=204)

    async def _attachment(self, _request: web.Request) -> web.Response:
        pixel = bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
        )
        return web.Response(body=pixel, content_type="image/png")
