"""What ticket systems tell of their tickets."""

import time

from aiohttp import web

from connectors.errors import Rejected
from identity import tickets
from identity.ticket_refusals import TicketRefused
from regia.http.access import require
from regia.http.bodies import TicketBody, read_json
from regia.http.requests import GATEWAY, json_answer
from regia.shown import as_data


async def tell(request: web.Request) -> web.Response:
    """`POST /v1/tickets`: something happened to a ticket. A repeat is answered in the same way."""
    token = require(request, "tickets")
    news = (await read_json(request, TicketBody)).news
    actor, now_ms = f"token/{token.name}", time.time_ns() // 1_000_000
    database = request.app[GATEWAY].stores.database
    try:
        taken = await database.write(lambda connection: tickets.tell(connection, news, actor=actor, now_ms=now_ms))
    except TicketRefused as refused:
        raise Rejected(refused.reason, str(refused)) from None
    return json_answer(as_data(taken))
