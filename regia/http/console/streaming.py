"""Server-sent events of a page (https://html.spec.whatwg.org/multipage/server-sent-events.html): told for as long as somebody
watches, and may."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from connectors.errors import Rejected
from regia.http.console.cookies import LOGIN
from regia.http.console.feed import Watcher
from regia.http.console.guard import login_of
from regia.http.console.visit import Visit
from storage.database import DatabaseUnavailable
from web.console.glance import Glance
from web.console.live import LiveFilter, MessageRow
from web.console.page import GUARDS, render

PING: Final = 15.0
"""Seconds after which a stream says that it is still there: proxies give up on one that says nothing."""
SILENT: Final = b": \n\n"
"""That it is still there."""
_LOOK: Final = 30.0
"""Seconds between looks whether the login still holds."""
_WRITE: Final = 20.0
"""Seconds what is told may take to leave: a browser that reads nothing must not keep a place from others."""
_OVER: Final = b"event: over\ndata: \n\n"
_STREAM: Final = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}

First = Callable[[], Awaitable[bytes]]
News = Callable[[list[MessageRow], Glance | None], Awaitable[bytes]]
"""What to tell of what is new, or, with nothing, of the time that went by."""


async def stream(
    visit: Visit, wanted: LiveFilter, *, first: First, news: News, every: float | None = None
) -> web.StreamResponse:
    """`first` is told at once, `news` whenever messages that fit come or go on, and after `every` seconds without any. Raises
    `Rejected` (`unavailable`), and before anything is told what `first` raises."""
    feed = visit.parts.feed
    if feed.is_full:
        raise Rejected("unavailable", "too many people watch at once", retry_after=60)
    with feed.watch(wanted) as watcher:
        begin = await first()
        response = web.StreamResponse(headers={**GUARDS, **_STREAM})
        await response.prepare(visit.request)
        try:
            await _write(visit, response, begin)
            await _tell(visit, response, watcher, news, every or PING)
        except (ConnectionResetError, DatabaseUnavailable):
            pass  # they went away, or come again in a moment
    return response


async def _write(visit: Visit, response: web.StreamResponse, told: bytes) -> None:
    """Raises `ConnectionResetError`, also where nobody reads."""
    try:
        async with asyncio.timeout(_WRITE):
            await response.write(told)
    except TimeoutError:
        if visit.request.transport is not None:
            visit.request.transport.abort()  # what waits to be read would also keep the answer from ending
        raise ConnectionResetError("nobody reads") from None


async def _tell(visit: Visit, response: web.StreamResponse, watcher: Watcher, news: News, every: float) -> None:
    """Until somebody goes, or may look no more. Raises `ConnectionResetError`, and `DatabaseUnavailable`."""
    looked = time.monotonic()
    while not watcher.ended:
        rows, glance = await watcher.news(every)
        if time.monotonic() - looked >= _LOOK:
            looked = time.monotonic()
            login = await login_of(visit.request, visit.parts.cookies.get(visit.request, LOGIN))
            if login is None or login.role != visit.me.role:  # another role may see more, or less
                await _write(visit, response, _OVER)
                return
        await _write(visit, response, await news(rows, glance))


def event(visit: Visit, template: str, texts: Mapping[Any, object], *, id_: str = "", **values: Any) -> bytes:
    """One event, of a template; with an id the browser goes on behind it."""
    text = render(template, visit.frame, texts[visit.frame.language], **values)
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return (f"id: {id_}\n" if id_ else "").encode() + f"{lines}\n".encode()
