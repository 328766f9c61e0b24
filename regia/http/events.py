"""The feed of events over HTTP: read on from a cursor, waiting for what comes if need be."""

import asyncio
import re
from typing import Final

import orjson
from aiohttp import web

from connectors.errors import Rejected
from normalizer.event import TYPES
from regia.http.access import require
from regia.http.requests import GATEWAY, json_answer
from storage import events
from storage.events import CursorGone, Page

MOST: Final = 1_000
LONGEST: Final = 25
"""Seconds: shorter than the 30 after which many proxies give up a request that says nothing."""
_DEFAULT: Final = 100
_SEARCH: Final = 1.0
"""Seconds that are spent on looking for events of some types; the answer says where to go on."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


async def feed(request: web.Request) -> web.Response:
    """`GET /v1/events?after=&limit=&type=&wait=`: the events behind a cursor, oldest first, and the next cursor."""
    require(request, "events")
    cursor = _number(request, "after", 0, 10**18 - 1) if "after" in request.query else None
    limit = _number(request, "limit", 1, MOST) if "limit" in request.query else _DEFAULT
    wait = _number(request, "wait", 0, LONGEST) if "wait" in request.query else 0
    page = await _page(request, cursor, limit, _types(request), wait)
    return json_answer({"events": [orjson.Fragment(body) for body in page.bodies], "next": page.next})


async def _page(request: web.Request, cursor: int | None, limit: int, types: list[str], wait: int) -> Page:
    newest = request.app[GATEWAY].newest
    clock = asyncio.get_running_loop().time
    begun = clock()
    until = begun + wait
    while True:
        page = await _read(request, cursor, limit, types)
        if page.bodies:
            return page
        if page.more:  # of other types only, as far as it looked
            if clock() >= max(until, begun + _SEARCH):
                return page
        elif clock() >= until or newest.ended:
            return page
        else:
            await newest.beyond(page.next, until - clock())
        cursor = page.next


async def _read(request: web.Request, cursor: int | None, limit: int, types: list[str]) -> Page:
    """Raises `Rejected("gone")`."""
    database = request.app[GATEWAY].stores.database
    try:
        return await database.read(lambda connection: events.after(connection, cursor, limit=limit, types=types))
    except CursorGone as gone:
        if cursor is not None and cursor > gone.last:
            detail = f"no event has this number yet, the last one is {gone.last}: is this another database, or a restored one"
        else:
            detail = f"what followed this event is no longer kept, the oldest one is {gone.first}"
        raise Rejected("gone", f"{detail}; leave out after to read from the oldest on") from gone


def _number(request: web.Request, name: str, least: int, most: int) -> int:
    text = request.query[name]
    if not (_NUMBER.fullmatch(text) and least <= int(text) <= most):
        what = "must be the next of an earlier answer" if name == "after" else f"must be a number from {least} to {most}"
        raise Rejected("malformed", f"{name} {what}")
    return int(text)


def _types(request: web.Request) -> list[str]:
    wanted = request.query.getall("type", [])
    if any(one not in TYPES for one in wanted):
        raise Rejected("malformed", f"type must be one of these, or several times one of them: {', '.join(TYPES)}")
    return list(dict.fromkeys(wanted))
