"""Two customers become one, or two again: found, looked at beforehand, and done."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from sqlalchemy import Connection

from identity import merges
from identity.refusals import NotPossible
from identity.views import preview
from identity.views.profile import Profile, profile
from identity.views.tops import top_of
from regia.http.console import customer, customers
from regia.http.console.customer_acts import so
from regia.http.console.searching import look_for
from regia.http.console.visit import Visit
from web.console.texts.customer import CUSTOMER

T = TypeVar("T")


async def merge_page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/merge?q=&with=&top=`: whom with, and then what it would do."""
    id_, other = customer.id_of(visit), visit.word("with")
    if other:
        visit.what = f"{id_} {other}"
        return await _compare(visit, id_, other)
    return await _choose(visit, id_)


async def merge(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/merge`: the two are one."""
    id_, other, top = customer.id_of(visit), visit.form.text("with"), visit.form.text("top") or None
    visit.what = f"{id_} {other}"

    def work(connection: Connection) -> str:
        merges.merge(connection, id_, other, top=top, **so(visit))
        return top_of(connection, id_).id

    return visit.to(f"/customers/{await visit.write(work)}", said="merged")


async def unmerge_page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/unmerge`: what would go back to this customer, who stands below another."""
    id_ = customer.id_of(visit)
    found = await _tried(visit, lambda connection: preview.unmerge(connection, id_, **so(visit)))
    return visit.page("customer_unmerge.html", CUSTOMER, id=id_, found=found)


async def unmerge(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/unmerge`: two again."""
    id_ = customer.id_of(visit)
    await visit.write(lambda connection: merges.unmerge(connection, id_, **so(visit)))
    return visit.to(f"/customers/{id_}", said="unmerged")


async def _compare(visit: Visit, id_: str, other: str) -> web.StreamResponse:
    top = visit.word("top") or None
    found = await _tried(visit, lambda connection: preview.merge(connection, id_, other, top=top, **so(visit)))
    suggestion = next((one for one in found.upper.suggestions if {one.customer.id, one.owner.id} == {id_, other}), None)
    return visit.page("customer_merge.html", CUSTOMER, id=id_, other=other, found=found, suggestion=suggestion)


async def _choose(visit: Visit, id_: str) -> web.StreamResponse:
    typed, by = visit.word("q"), so(visit)
    hits = await look_for(visit, typed, limit=customers.FOUND)

    def work(connection: Connection) -> tuple[Profile, customers.Listed]:
        who = profile(connection, id_, policy=by["policy"], now_ms=by["now_ms"])
        shown = customers.listed(connection, hits)
        others = [card for card in shown.cards if card.id != who.id and card.space == who.space]
        return who, customers.Listed(others, shown.how, {})

    who, found = await customer.looked(visit, work)
    block = "others" if visit.is_fragment else None
    return visit.page("customer_others.html", CUSTOMER, block=block, id=id_, who=who, found=found, typed=typed)


async def _tried(visit: Visit, work: Callable[[Connection], T]) -> T:
    """Do something that takes itself back, in a transaction that may write. Raises `Rejected`."""
    try:
        return await visit.gateway.stores.database.write(work)
    except NotPossible as error:
        raise await customer.refused(visit, error) from None
