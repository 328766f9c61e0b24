"""The page Live, and the stream that keeps it so."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from regia.gateway import Gateway
from regia.http.console import live_rows
from regia.http.console.cookies import LOGIN
from regia.http.console.feed import Watcher
from regia.http.console.guard import login_of
from regia.http.console.visit import Visit
from storage import recent
from storage.database import DatabaseUnavailable
from web.console.glance import Glance
from web.console.live import Choices, LiveFilter, MessageRow
from web.console.page import GUARDS, render
from web.console.texts.live import LIVE

PING: Final = 15.0
"""Seconds after which a stream says that it is still there: proxies give up on one that says nothing."""
_STILL: Final = 30.0
"""Seconds between looks whether the login still holds."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_STREAM: Final = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/?brand=&channel=&category=&before=&live=off`: Live, the newest messages that fit and how everything is."""
    wanted, before = filter_of(visit.request.query), _number(visit.word("before"))

    def work(connection: Connection) -> tuple[int, list[MessageRow], list[str]]:
        position = recent.last_position(connection)  # before the rows: what comes between is told twice, and never missed
        return position, live_rows.newest(connection, wanted, before), recent.channels(connection)

    position, rows, channels = await visit.read(work)
    streams = before is None and visit.word("live") != "off"
    return visit.page(
        "live.html",
        LIVE,
        rows=rows,
        wanted=wanted,
        query=urlencode(wanted.query),
        choices=_choices(visit.gateway, channels),
        labels=labels_of(visit.gateway),
        glance=await visit.parts.feed.glance(),
        stream=visit.frame.link(f"/live?{urlencode({**wanted.query, 'after': position})}") if streams else "",
        older=rows[-1].received_ms if len(rows) == live_rows.SHOWN else None,
        is_newest=before is None,
        fresh=False,
    )


async def stream(visit: Visit) -> web.StreamResponse:
    """`GET /console/live?after=`: what changes, as server-sent events; goes on behind `Last-Event-ID`."""
    feed, wanted = visit.parts.feed, filter_of(visit.request.query)
    if feed.is_full:
        raise Rejected("unavailable", "too many people watch at once", retry_after=60)
    after = _number(visit.request.headers.get("Last-Event-ID", "")) or _number(visit.word("after"))
    with feed.watch(wanted) as watcher:
        missed = [] if after is None else await feed.since(after, wanted)
        response = web.StreamResponse(headers={**GUARDS, **_STREAM})
        await response.prepare(visit.request)
        try:
            await response.write(_event(visit, missed[::-1], None, after or feed.position, fresh=False))
            await _tell(visit, response, watcher)
        except (ConnectionResetError, DatabaseUnavailable):
            pass  # they went away, or come again in a moment
    return response


async def _tell(visit: Visit, response: web.StreamResponse, watcher: Watcher) -> None:
    """Until somebody goes, or may look no more. Raises `ConnectionResetError`, and `DatabaseUnavailable`."""
    looked = time.monotonic()
    while not watcher.ended:
        rows, glance = await watcher.news(PING)
        if time.monotonic() - looked >= _STILL:
            looked = time.monotonic()
            login = await login_of(visit.request, visit.parts.cookies.get(visit.request, LOGIN))
            if login is None or login.role != visit.me.role:  # another role may see more, or less
                await response.write(b"event: over\ndata: \n\n")
                return
        told = _event(visit, rows, glance, visit.parts.feed.position) if rows or glance else b": \n\n"
        await response.write(told)


def _event(visit: Visit, rows: list[MessageRow], glance: Glance | None, position: int, *, fresh: bool = True) -> bytes:
    """One event: rows for the list, and the state of the system for its place beside it."""
    values: dict[str, Any] = {"rows": rows, "labels": labels_of(visit.gateway), "glance": glance, "fresh": fresh}
    text = render("live_event.html", visit.frame, LIVE[visit.frame.language], **values)
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return f"id: {position}\n{lines}\n".encode() if lines else f"id: {position}\n\n".encode()


def filter_of(query: Mapping[str, str]) -> LiveFilter:
    given = {name: query.get(name, "").replace("\0", "") for name in ("brand", "channel", "category")}
    return LiveFilter(**given)


def labels_of(gateway: Gateway) -> dict[str, str]:
    """Category to what it is called, over all brands."""
    found: dict[str, str] = {}
    for brand in sorted(gateway.configured.brands):
        for name, category in gateway.versions.rules.of(brand).categories.items():
            found.setdefault(name, category.label or name)
    return found


def _choices(gateway: Gateway, channels: list[str]) -> Choices:
    brands = tuple(sorted(gateway.configured.brands))
    return Choices(brands=brands, channels=tuple(channels), categories=tuple(sorted(labels_of(gateway).items())))


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
