"""The embedded queues over HTTP: list, peek, take, acknowledge, reject."""

import re
from typing import Any

import orjson
from aiohttp import web

from connectors.errors import Rejected
from dispatcher.base import Delivery, UnknownQueue
from dispatcher.local import LEASE_SECONDS, LocalQueues
from regia.http.access import require
from regia.http.requests import GATEWAY, json_answer

_MOST = 100
_LONGEST_LEASE = 3600
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


async def states(request: web.Request) -> web.Response:
    """`GET /v1/queues`: every queue with what is ready and what is leased."""
    require(request, "queues")
    found = await request.app[GATEWAY].stores.queues.states()
    return json_answer({"queues": [{"name": one.name, "ready": one.ready, "leased": one.leased} for one in found]})


async def take(request: web.Request) -> web.Response:
    """`POST /v1/queues/{queue}/take?limit=&lease=`: lease messages; each comes back unless it is acknowledged in time."""
    require(request, "queues")
    limit = _number(request, "limit", 1, _MOST)
    lease = _number(request, "lease", LEASE_SECONDS, _LONGEST_LEASE)
    try:
        taken = await _local(request).take(request.match_info["queue"], limit, lease=lease)
    except UnknownQueue as error:
        raise Rejected("not_found", str(error)) from error
    return json_answer({"messages": [delivery_data(one) for one in taken]})


async def ack(request: web.Request) -> web.Response:
    """`POST /v1/queues/receipts/{receipt}/ack`: the work is done."""
    require(request, "queues")
    if not await _local(request).ack(request.match_info["receipt"]):
        raise Rejected("gone", "this receipt is unknown, or its lease ran out and the message was given back")
    return json_answer({"acknowledged": True})


async def reject(request: web.Request) -> web.Response:
    """`POST /v1/queues/receipts/{receipt}/reject?requeue=true`: give back, or bury among the dead."""
    require(request, "queues")
    requeue = _flag(request, "requeue", default="true")
    if not await _local(request).reject(request.match_info["receipt"], requeue=requeue):
        raise Rejected("gone", "this receipt is unknown, or its lease ran out and the message was given back")
    return json_answer({"rejected": True, "requeued": requeue})


def delivery_data(one: Delivery) -> dict[str, Any]:
    """A message of a queue, with its envelope as it is."""
    return {
        "receipt": one.receipt,
        "queue": one.queue,
        "envelope_id": one.envelope_id,
        "attempts": one.attempts,
        "envelope": orjson.Fragment(one.body),
    }


def _local(request: web.Request) -> LocalQueues:
    queues = request.app[GATEWAY].stores.queues
    if not isinstance(queues, LocalQueues):
        raise Rejected("not_found", "this gateway publishes to RabbitMQ: consume the queue there")
    return queues


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (_NUMBER.fullmatch(text) and 1 <= int(text) <= most):
        raise Rejected("malformed", f"{name} must be a number from 1 to {most}")
    return int(text)


def _flag(request: web.Request, name: str, default: str) -> bool:
    text = request.query.get(name, default).lower()
    if text not in ("true", "false"):
        raise Rejected("malformed", f"{name} must be true or false")
    return text == "true"
