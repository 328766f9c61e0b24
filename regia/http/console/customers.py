"""The list of customers: the newest, those that were not heard, and whoever is looked for."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from connectors.form_settings import RateLimit
from identity.views import unheard
from identity.views.cards import Card, cards, newest
from identity.views.paging import BadCursor
from identity.views.search import Found, search
from regia.http.console.visit import Visit
from regia.http.rates import within
from web.console.texts.customers import CUSTOMERS

_PAGE: Final = 40
_FOUND: Final = 20
_GUESSES: Final = RateLimit(count=60, seconds=600)
"""Who sees addresses in part must not find out the rest of them by trying."""


@dataclass(frozen=True, slots=True)
class Listed:
    """`how`: by what each was found, where somebody was looked for. `more` is the query of the next page."""

    cards: list[Card]
    how: dict[str, Found]
    more: dict[str, str]


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers?q=&unheard=&before=`: whoever fits `q`; without it the newest, or who waits for an answer."""
    typed, waiting, before = visit.word("q"), bool(visit.word("unheard")), visit.word("before")
    spaces, whole = visit.gateway.configured.brands, visit.frame.masked
    if typed and whole:
        await within(_GUESSES, f"console/search/{visit.me.person.id}", visit.gateway.stores.coordination)

    def work(connection: Connection) -> Listed:
        if typed:
            return look_for(connection, typed, spaces, whole=whole)
        return _waiting(connection, before) if waiting else _newest(connection, before)

    try:
        found = await visit.read(work)
    except BadCursor as error:
        raise Rejected("malformed", str(error)) from None
    block = "found" if visit.is_fragment else None
    return visit.page("customers.html", CUSTOMERS, block=block, found=found, typed=typed, waiting=waiting, before=before)


def look_for(connection: Connection, typed: str, spaces: "frozenset[str] | set[str]", *, whole: bool) -> Listed:
    """Whoever fits, the surest first. `whole`: only by what was typed to its end."""
    hits = search(connection, typed, spaces=sorted(spaces), whole=whole, limit=_FOUND)
    how = {hit.customer: hit for hit in hits}
    return Listed(cards(connection, list(how)), how, {})


def _newest(connection: Connection, before: str) -> Listed:
    ids = newest(connection, limit=_PAGE + 1, before=before or None)
    shown = ids[:_PAGE]
    return Listed(cards(connection, shown), {}, {"before": shown[-1]} if len(ids) > _PAGE else {})


def _waiting(connection: Connection, before: str) -> Listed:
    found = unheard.unheard(connection, unheard.Wanted(), cursor=before or None, limit=_PAGE)
    ids = [one.customer.id for one in found.items]
    return Listed(cards(connection, ids), {}, {"unheard": "1", "before": found.cursor} if found.cursor else {})
