"""Customers who wrote and got no answer."""

from aiohttp import web

from identity.views.unheard import Wanted, totals, unheard
from regia.http.asked import listed, look, moment, number_of, page_of, word_of
from regia.http.requests import json_answer
from regia.shown import as_data


async def waiting(request: web.Request) -> web.Response:
    """`GET /v1/unheard?brand=&channel=&category=&until=&least=&cursor=&limit=`: who waits longest first; `totals` of all."""
    wanted = Wanted(
        brand=word_of(request, "brand"),
        channel=word_of(request, "channel"),
        category=word_of(request, "category"),
        until_ms=moment(request, "until"),
        least=number_of(request, "least", 1),
    )
    page = page_of(request)
    found = await look(request, lambda connection: (unheard(connection, wanted, **page), totals(connection, wanted)))
    return json_answer(listed("unheard", found[0]) | {"totals": as_data(found[1])})
