"""What people and programs do to customers: say something of them, merge, unmerge, let an address go."""

from aiohttp import web
from sqlalchemy import Connection

from connectors.api_document import refusal
from identity import links, merges
from identity.facts import BadFacts, read_facts
from identity.profiles import set_facts
from identity.views.tops import own_link, top_of
from regia.http.access import require
from regia.http.asked import Actor, act, id_of
from regia.http.bodies import FactsBody, MergeBody, read_json
from regia.http.requests import json_answer
from regia.shown import changed


async def change(request: web.Request) -> web.Response:
    """`PATCH /v1/customers/{id}`: set what is known of a customer."""
    require(request, "customers")
    body = await read_json(request, FactsBody)
    id_ = id_of(request)
    try:
        values = read_facts(body.given)
    except BadFacts as bad:
        problems = bad.problems
    else:
        done = await act(request, lambda connection, by: set_facts(connection, id_, body.source, values, **by.so))
        return json_answer(changed(done))
    raise refusal(problems)


async def merge(request: web.Request) -> web.Response:
    """`POST /v1/customers/{id}/merge`: two customers are one."""
    require(request, "customers")
    body = await read_json(request, MergeBody)
    id_ = id_of(request)

    def work(connection: Connection, by: Actor) -> dict[str, str]:
        done = merges.merge(connection, id_, body.other, top=body.top, **by.so)
        return {"act": done, "customer": top_of(connection, id_).id}

    return json_answer(await act(request, work))


async def unmerge(request: web.Request) -> web.Response:
    """`POST /v1/customers/{id}/unmerge`: take a customer out from under the one it was put below."""
    id_ = id_of(request)
    done = await act(request, lambda connection, by: merges.unmerge(connection, id_, **by.so))
    return json_answer({"act": done, "customer": id_})


async def release(request: web.Request) -> web.Response:
    """`POST /v1/customers/{id}/links/{link}/release`: an address is not this customer's any more."""
    id_, link = id_of(request), id_of(request, "link")

    def work(connection: Connection, by: Actor) -> str:
        own_link(connection, id_, link)
        return links.release(connection, link, actor=by.name, now_ms=by.now_ms)

    return json_answer({"customer": await act(request, work), "link": link})
