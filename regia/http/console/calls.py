"""Who rings: told to the page New contact as it happens, with the customer of each caller."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from identity.views import search
from identity.views.cards import cards
from identity.views.stream import Item
from identity.views.stream import stream as stream_of
from normalizer.text import snippet
from regia.http.console import new_rows, streaming
from regia.http.console.live import labels_of
from regia.http.console.visit import Visit
from web.console.glance import Glance
from web.console.live import LiveFilter, MessageRow
from web.console.new import Caller, Ringing
from web.console.texts.new import NEW

_LOOK: Final = 5.0
"""Seconds after which it is looked who rings still: a call of which nothing more is told ends by itself."""
_CARDS: Final = 3
"""Customers that one number may be of."""
_LAST: Final = 3
"""Contacts and news of tickets of each that are shown."""
_TEXT: Final = 140
"""Characters of what was written."""


async def stream(visit: Visit) -> web.StreamResponse:
    """`GET /console/new/live`: who rings, as server-sent events, whenever that changes."""
    told: tuple[str, ...] | None = None

    async def look() -> bytes:
        nonlocal told
        ringing = await visit.read(new_rows.ringing)
        ids = tuple(one.id for one in ringing)
        if ids == told:
            return streaming.SILENT
        told = ids
        return streaming.event(visit, "new_calls.html", NEW, ringing=ringing)

    async def news(rows: list[MessageRow], _glance: Glance | None) -> bytes:
        return await look() if not rows or any(row.kind == "call" for row in rows) else streaming.SILENT

    return await streaming.stream(visit, LiveFilter(), first=look, news=news, every=_LOOK)


async def caller(visit: Visit) -> web.StreamResponse:
    """`GET /console/new/caller?call=`: the customer who rings, for the page; and whoever else the number is known of."""
    visit.what = visit.word("call")
    found = await visit.read(lambda connection: new_rows.call(connection, visit.what))
    if found is None:
        raise Rejected("unknown_message", "there is no such call")
    call, spaces = found[0], sorted(visit.gateway.configured.brands)
    who = await visit.read(lambda connection: _callers(connection, call, spaces))
    visit.what = " ".join(one.id for one in who) or visit.what
    return visit.page("new_caller.html", NEW, call=call, callers=who, labels=labels_of(visit.gateway))


def _callers(connection: Connection, call: Ringing, spaces: Sequence[str]) -> list[Caller]:
    """A number is only claimed by whoever rings: those of whom it is known for sure come first."""
    known = [one.customer for one in search.search(connection, call.value, spaces=spaces, whole=True, limit=_CARDS)]
    ids = list(dict.fromkeys([*known, call.customer_id] if call.kind in ("phone", "email") else [call.customer_id]))
    links = {one.id: one.link for one in new_rows.with_addresses(connection, ids)}
    found = cards(connection, ids)
    found.sort(key=lambda card: (card.standing != "verified", ids.index(card.id)))
    return [
        Caller(
            id=card.id,
            name=card.name or "",
            standing=card.standing,
            tier=card.tier or "",
            messages=card.messages,
            unanswered=card.unanswered,
            link=links.get(card.id, ""),
            last=_last(connection, card.id, call.id),
        )
        for card in found[:_CARDS]
    ]


def _last(connection: Connection, customer_id: str, call_id: str) -> tuple[Item, ...]:
    """What came in and went out last on all channels, and what tickets told, but this call itself."""
    found = stream_of(connection, customer_id, limit=_LAST + 1, cut=lambda text: snippet(text, _TEXT)).items
    shown = [one for one in found if one.sort in ("message", "ticket") and getattr(one.what, "id", "") != call_id]
    return tuple(shown[:_LAST])
