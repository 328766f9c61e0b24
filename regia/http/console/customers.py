"""The list of customers: the newest, those that were not heard, and whoever is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from identity.views import unheard
from identity.views.cards import Card, cards, newest
from identity.views.paging import BadCursor
from identity.views.search import Found
from regia.http.console.searching import look_for
from regia.http.console.visit import Visit
from web.console.texts.customers import CUSTOMERS

_PAGE: Final = 40
FOUND: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """`how`: by what each was found, where somebody was looked for. `more` is the query of the next page."""

    cards: list[Card]
    how: dict[str, Found]
    more: dict[str, str]


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers?q=&unheard=&before=`: whoever fits `q`; without it the newest, or who waits for an answer."""
    typed, waiting, before = visit.word("q"), bool(visit.word("unheard")), visit.word("before")
    hits = await look_for(visit, typed, limit=FOUND) if typed else ()

    def work(connection: Connection) -> Listed:
        if typed:
            return listed(connection, hits)
        return _waiting(connection, before) if waiting else _newest(connection, before)

    try:
        found = await visit.read(work)
    except BadCursor as error:
        raise Rejected("malformed", str(error)) from None
    block = "found" if visit.is_fragment else None
    return visit.page("customers.html", CUSTOMERS, block=block, found=found, typed=typed, waiting=waiting, before=before)


def listed(connection: Connection, hits: Sequence[Found]) -> Listed:
    """Those who were found, in that order."""
    return Listed(cards(connection, [hit.customer for hit in hits]), {hit.customer: hit for hit in hits}, {})


def _newest(connection: Connection, before: str) -> Listed:
    ids = newest(connection, limit=_PAGE + 1, before=before or None)
    shown = ids[:_PAGE]
    return Listed(cards(connection, shown), {}, {"before": shown[-1]} if len(ids) > _PAGE else {})


def _waiting(connection: Connection, before: str) -> Listed:
    found = unheard.unheard(connection, unheard.Wanted(), cursor=before or None, limit=_PAGE)
    ids = [one.customer.id for one in found.items]
    return Listed(cards(connection, ids), {}, {"unheard": "1", "before": found.cursor} if found.cursor else {})
