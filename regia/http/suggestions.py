"""Suggestions: who may be one customer, and what people decide about it."""

from typing import cast

from aiohttp import web
from sqlalchemy import Connection

from identity import decisions
from identity.views import queue
from regia.http.access import require
from regia.http.asked import Actor, act, id_of, listed, look, one_of, page_of, word_of
from regia.http.requests import json_answer


async def waiting(request: web.Request) -> web.Response:
    """`GET /v1/suggestions?brand=&reason=&state=&cursor=&limit=`: the pairs, the most likely first, then the oldest."""
    require(request, "customers.read", "customers")
    reason = one_of(request, "reason", queue.REASONS)
    state = cast("queue.State", one_of(request, "state", queue.STATES) or "open")
    space, page = word_of(request, "brand"), page_of(request)
    found = await look(request, lambda connection: queue.queue(connection, space=space, reason=reason, state=state, **page))
    return json_answer(listed("suggestions", found))


async def accept(request: web.Request) -> web.Response:
    """`POST /v1/suggestions/{id}/accept`: the two are one."""
    id_ = id_of(request)

    def work(connection: Connection, by: Actor) -> dict[str, str]:
        done = decisions.accept(connection, id_, **by.so)
        return {"act": done.act, "customer": done.customer_id}

    return json_answer(await act(request, work))


async def reject(request: web.Request) -> web.Response:
    """`POST /v1/suggestions/{id}/reject`: the two are not one, for whatever reason they were suggested."""
    id_ = id_of(request)
    await act(request, lambda connection, by: decisions.reject(connection, id_, actor=by.name, now_ms=by.now_ms))
    return json_answer({"rejected": True})
