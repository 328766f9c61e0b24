"""What was promised to customers, and how it is kept."""

import time

from aiohttp import web

from connectors.errors import Rejected
from desk.sla.views import listed, report
from regia.http.asked import listed as as_page
from regia.http.asked import look, moment, one_of, page_of, word_of
from regia.http.requests import json_answer
from regia.shown import as_data
from router.promises import PROMISES
from storage.sla import Wanted

_FLAG = ("true", "false")


async def running(request: web.Request) -> web.Response:
    """`GET /v1/sla?brand=&category=&promise=&breached=&since=&cursor=&limit=`: what holds now, whatever is over or due first
    before the others."""
    now_ms = time.time_ns() // 1_000_000
    late_ms = now_ms if one_of(request, "breached", _FLAG) == "true" else None
    wanted, page = _wanted(request, late_ms), page_of(request)
    found = await look(request, lambda connection: listed(connection, wanted, now_ms, **page))
    return json_answer(as_page("sla", found))


async def kept(request: web.Request) -> web.Response:
    """`GET /v1/sla/kept?brand=&category=&promise=&since=`: how many were kept and missed, by category and promise."""
    if "breached" in request.query:
        raise Rejected("malformed", "breached is for /v1/sla: leave it out")
    now_ms, wanted = time.time_ns() // 1_000_000, _wanted(request, None)
    return json_answer({"kept": as_data(await look(request, lambda connection: report(connection, wanted, now_ms)))})


def _wanted(request: web.Request, late_ms: int | None) -> Wanted:
    return Wanted(
        brand=word_of(request, "brand"),
        category=word_of(request, "category"),
        promise=one_of(request, "promise", PROMISES),
        since_ms=moment(request, "since"),
        late_ms=late_ms,
    )
