"""A chat over a WebSocket (RFC 6455): frames of the widget in, what is new out, in an order of its own each."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from connectors.chat import Chat
from connectors.errors import Rejected
from regia.chats.window import Window
from regia.chats.windows import Waiting
from regia.http.chat import opened
from regia.http.chat_frames import Guest
from regia.http.chat_visitors import chat_of, client_of, cross_site, not_too_often, renewed
from regia.http.errors import count
from regia.http.requests import GATEWAY
from regia.http.visitors import address
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

UNKNOWN_TOKEN: Final = 4401
BAD_USER: Final = 4403
TOO_MANY: Final = 4429
BAD_FRAME: Final = 1003
DEFECT: Final = 1011
_STOPPING: Final = 1012
_DONE: Final = 1000
_HEARTBEAT: Final = 25.0
"""Seconds between pings: shorter than the minute after which many proxies end a silent connection."""
_SEND: Final = 20.0
"""Seconds a frame may take to leave."""
_CLOSE: Final = 2.0
_FRAMES: Final = 100
_WITHIN: Final = 10.0
"""At most so many frames in so many seconds: of messages there is a limit of their own, this is for all the rest."""
_TYPING: Final = 2.5
_LONGEST_TOKEN: Final = 9_000
_CODES: Final[Mapping[str, int]] = {
    "token_missing": UNKNOWN_TOKEN,
    "token_unknown": UNKNOWN_TOKEN,
    "signature_wrong": BAD_USER,
    "signature_stale": BAD_USER,
    "rate_limited": TOO_MANY,
    "unavailable": _STOPPING,
}


async def socket(request: web.Request) -> web.StreamResponse:
    """`GET /chat/{connector}/ws`: the visitor's connection, until either side ends it."""
    chat = chat_of(request)
    cross_site(request, chat, "GET", needs_origin=True)
    if request.app[GATEWAY].chats.ended:
        raise Rejected("unavailable", "the gateway is stopping; try again", retry_after=1)
    await not_too_often(request, chat)
    limits = chat.settings.sockets
    waiting = request.app[GATEWAY].chats.waiting(chat.name, address(request), most=limits.all, most_of_address=limits.address)
    with waiting:
        return await _open(request, chat, waiting)


async def _open(request: web.Request, chat: Chat, waiting: Waiting) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=chat.settings.max_frame, timeout=_CLOSE, compress=False)
    await ws.prepare(request)
    try:
        await _serve(request, chat, ws, waiting)
    except Exception:
        logger.exception("a chat ended by a defect")
        await _close(ws, DEFECT)
    return ws


async def _serve(request: web.Request, chat: Chat, ws: web.WebSocketResponse, waiting: Waiting) -> None:
    try:
        talk = await _greeted(request, chat, ws)
        if talk is None:
            return
        waiting.over()  # from here on its window is counted
        talk.guest.join(talk.window)
    except Rejected as error:
        count(request, error)
        await _say(ws, _refusal(None, error))
        await _close(ws, _CODES.get(error.code, BAD_FRAME))
        return
    writing = asyncio.create_task(talk.write(), name="chat window")
    try:
        await talk.read()
    finally:
        talk.guest.leave(talk.window)
        talk.window.close(_DONE)
        await asyncio.wait((writing,), timeout=_CLOSE)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _greeted(request: web.Request, chat: Chat, ws: web.WebSocketResponse) -> "_Talk | None":
    """The first frame says who it is. None where the connection ended before. Raises `Rejected`."""
    try:
        async with asyncio.timeout(chat.settings.sockets.hello):
            first = await ws.receive()
    except TimeoutError:
        raise Rejected("too_slow", f"no hello came within {chat.settings.sockets.hello} seconds") from None
    if first.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
        return None
    hello = _read(first.data) if first.type is WSMsgType.TEXT else {}
    if hello.get("type") != "hello":
        raise Rejected("malformed", "the first frame must be hello")
    token = _word(hello, "token")
    client = client_of(request, chat, token, _word(hello, "user"), _word(hello, "language"))
    guest = Guest.of(request, chat, client)
    window = guest.window(_word(hello, "after"))
    told = {"type": "welcome", "cursor": window.place, "open": opened(request, chat).is_open}
    window.offer(told | renewed(request, chat, token or ""))
    return _Talk(ws, guest, window)


class _Talk:
    """One connection after its hello."""

    def __init__(self, ws: web.WebSocketResponse, guest: Guest, window: Window) -> None:
        self._ws = ws
        self.guest = guest
        self.window = window
        self._times: deque[float] = deque(maxlen=_FRAMES)
        self._typed = 0.0
        self._kinds: Mapping[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "message": self._message,
            "seen": self._seen,
            "typing": self._typing,
            "ping": self._ping,
        }

    async def write(self) -> None:
        """What is new leaves, one frame after the other; the connection is closed when the window is to be."""
        with suppress(ConnectionError, TimeoutError, RuntimeError):  # gone, too slow, or closing already
            while (frame := await self.window.next()) is not None:
                async with asyncio.timeout(_SEND):
                    await _say(self._ws, frame)
        await _close(self._ws, self.window.closing or _DONE)

    async def read(self) -> None:
        """Frames of the widget, one after the other, until it ends."""
        async for message in self._ws:
            if message.type is not WSMsgType.TEXT:
                self.window.close(BAD_FRAME)
                return
            if self._floods():
                self.window.close(TOO_MANY)
                return
            await self._one(message.data)
            await asyncio.sleep(0)  # frames that came together must not keep their answers from leaving

    async def _one(self, text: str) -> None:
        frame: dict[str, Any] = {}
        try:
            frame = _read(text)
            await self._kind(frame)(frame)
        except Rejected as error:
            count(self.guest.request, error)
            self.window.offer(_refusal(_word(frame, "id"), error))
        except DatabaseUnavailable:
            refused = Rejected("unavailable", "the database does not answer; try again", retry_after=5)
            self.window.offer(_refusal(_word(frame, "id"), refused))

    def _kind(self, frame: dict[str, Any]) -> Callable[[dict[str, Any]], Awaitable[None]]:
        """What to do with a frame, from which its type is taken. Raises `Rejected`."""
        kind = self._kinds.get(str(frame.pop("type", None)))
        if kind is None:
            raise Rejected("malformed", f"the type of a frame is one of: {', '.join(self._kinds)}")
        return kind

    async def _message(self, frame: dict[str, Any]) -> None:
        told = await self.guest.message(orjson.dumps(frame))
        self.window.offer({"type": "accepted", "id": frame["id"], **told})

    async def _seen(self, frame: dict[str, Any]) -> None:
        await self.guest.seen(orjson.dumps(frame))

    async def _typing(self, _frame: dict[str, Any]) -> None:
        if time.monotonic() - self._typed >= _TYPING:
            self._typed = time.monotonic()
            await self.guest.writes()

    async def _ping(self, _frame: dict[str, Any]) -> None:
        self.window.offer({"type": "pong"})

    def _floods(self) -> bool:
        now = time.monotonic()
        many = len(self._times) == _FRAMES and now - self._times[0] < _WITHIN
        self._times.append(now)
        return many


def _read(text: str) -> dict[str, Any]:
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        frame = None
    if not isinstance(frame, dict):
        raise Rejected("malformed", "a frame must be one JSON object")
    return frame


def _word(frame: Mapping[str, Any], name: str) -> str | None:
    value = frame.get(name)
    return value if isinstance(value, str) and value and len(value) <= _LONGEST_TOKEN else None


def _refusal(id_: str | None, error: Rejected) -> dict[str, Any]:
    told = {"type": "refused", "id": id_, "code": error.code, "detail": error.detail, "retry_after": error.retry_after}
    return {**told, "fields": error.fields} if error.fields else told


async def _say(ws: web.WebSocketResponse, frame: Mapping[str, Any]) -> None:
    await ws.send_str(orjson.dumps(frame).decode())


async def _close(ws: web.WebSocketResponse, code: int) -> None:
    with suppress(ConnectionError, RuntimeError):
        await ws.close(code=code)
