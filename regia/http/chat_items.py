"""A chat without a WebSocket: messages by POST, with their files, and a long poll for what is new."""

import asyncio
import re
from typing import Final

from aiohttp import web

from connectors.chat import Chat
from connectors.errors import Rejected
from regia.chats.window import Frame, Window
from regia.http.chat import opened
from regia.http.chat_answers import readable
from regia.http.chat_visitors import bearer_guest, bearer_of, not_too_often, renewed
from regia.http.requests import GATEWAY, json_answer, read_body

LONGEST: Final = 25
"""Seconds: shorter than the 30 after which many proxies give up a request that says nothing."""
_LOOK: Final = 5.0
"""Seconds the first look may take."""
_NUMBER: Final = re.compile(r"[0-9]{1,3}", re.ASCII)


@readable("POST")
async def messages(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/{connector}/messages`: one message, as JSON, or as multipart with files."""
    guest, gateway = bearer_guest(request, chat), request.app[GATEWAY]
    await guest.within_rates()
    gateway.intake.look(min(request.content_length or chat.max_body, chat.max_body))
    body = await read_body(request, chat.max_body)
    return json_answer(await guest.accepted(body, request.headers.get("Content-Type", "")), status=202)


@readable("POST")
async def seen(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/{connector}/seen`: what was delivered or read."""
    await not_too_often(request, chat)
    await bearer_guest(request, chat).seen(await read_body(request, chat.settings.max_frame))
    return web.Response(status=204)


@readable("GET")
async def items(request: web.Request, chat: Chat) -> web.Response:
    """`GET /chat/{connector}/items?after=&wait=`: what is new behind a cursor, waiting for it if need be."""
    await not_too_often(request, chat)
    guest, wait = bearer_guest(request, chat), _seconds(request)
    window = guest.window(request.query.get("after"))
    before = window.place
    guest.join(window)
    try:
        found = await _wait(window, wait)
    finally:
        guest.leave(window)
    # Never where the window has come to: what it was told and nobody took would be passed over.
    place = found["cursor"] if found else before
    told = {"items": found["items"] if found else [], "cursor": place, "open": opened(request, chat).is_open}
    told |= renewed(request, chat, bearer_of(request) or "")
    return json_answer(told, headers={"Cache-Control": "no-store"})


def _seconds(request: web.Request) -> int:
    text = request.query.get("wait", "0")
    if not _NUMBER.fullmatch(text) or int(text) > LONGEST:
        raise Rejected("malformed", f"wait must be a number of seconds from 0 to {LONGEST}")
    return int(text)


async def _wait(window: Window, seconds: int) -> Frame | None:
    """The first items there are, None where nothing came in time. Raises `Rejected("unavailable")`."""
    try:
        async with asyncio.timeout(max(_LOOK, seconds)):
            first = await _items(window)
    except TimeoutError:
        if window.is_new:
            raise Rejected("unavailable", "the database does not answer; try again", retry_after=5) from None
        return None
    if first is None or first["items"] or not seconds:
        return first
    try:
        async with asyncio.timeout(seconds):
            return await _items(window) or first
    except TimeoutError:
        return first


async def _items(window: Window) -> Frame | None:
    """The next frame of items; None at the end of the gateway."""
    while (frame := await window.next()) is not None:
        if frame["type"] == "items":
            return frame
    return None
