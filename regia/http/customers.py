"""Customers, for people and programs that look at them: by address, profile, timeline, what was done to them."""

import re
import time
from typing import Final

from aiohttp import web

from connectors.api_document import refusal
from connectors.errors import Rejected
from identity.views import log, lookup, profile, timeline
from normalizer.values import Invalid
from regia.http.access import require
from regia.http.asked import id_of, listed, look, moment, page_of, word_of
from regia.http.requests import GATEWAY, json_answer
from regia.shown import as_data

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_REGION: Final = re.compile(r"[A-Z]{2}", re.ASCII)


async def by_address(request: web.Request) -> web.Response:
    """`GET /v1/customers?kind=&value=&brand=&region=`: who owns an address, who claims it, and whose it was."""
    require(request, "customers.read", "customers")
    query = request.query
    kind, value, region = query.get("kind", ""), query.get("value", ""), query.get("region", lookup.REGION)
    if not (_KIND.fullmatch(kind) and value):
        raise Rejected("malformed", "name an address: kind= such as email or phone, and value=")
    if not _REGION.fullmatch(region):
        raise Rejected("malformed", "region must be a country of two capital letters (ISO 3166), such as IT")
    brand = word_of(request, "brand")
    brands = sorted(request.app[GATEWAY].configured.brands) if brand is None else [brand]
    try:
        found = await look(request, lambda connection: lookup.find(connection, brands, kind, value, region))
    except Invalid as invalid:
        problem = invalid.problem.advice()
    else:
        return json_answer(as_data(found))
    raise refusal({"value": problem})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/customers/{id}`: everything about a customer on one page."""
    policy = request.app[GATEWAY].configured.settings.policy
    now_ms = time.time_ns() // 1_000_000
    id_ = id_of(request)
    found = await look(request, lambda connection: profile.profile(connection, id_, policy=policy, now_ms=now_ms))
    return json_answer(as_data(found))


async def messages(request: web.Request) -> web.Response:
    """`GET /v1/customers/{id}/timeline?cursor=&limit=&since=&until=&channel=`: what came in and went out, newest first."""
    require(request, "customers.read", "customers")
    only = timeline.Only(
        since_ms=moment(request, "since"), until_ms=moment(request, "until"), channel=word_of(request, "channel")
    )
    id_, page = id_of(request), page_of(request)
    found = await look(request, lambda connection: timeline.timeline(connection, id_, only, **page))
    return json_answer(listed("messages", found))


async def audit(request: web.Request) -> web.Response:
    """`GET /v1/customers/{id}/audit?cursor=&limit=`: what was done to a customer, newest first."""
    require(request, "customers.read", "customers")
    id_, page = id_of(request), page_of(request)
    found = await look(request, lambda connection: log.log(connection, id_, **page))
    return json_answer(listed("acts", found))
