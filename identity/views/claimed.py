"""Addresses that a customer's contacts only name: somebody typed them there, and nobody has proven whose they are.

They are read from what is stored of the contacts, so that they go and are exported with these. By an address of many people
each types their own: of contacts by it nothing was remembered as claimed, and nothing is read.
"""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, and_, select

from identity import said
from identity.handles import known_as
from identity.store import rows_among
from normalizer.inbound import Handle
from storage.schema import handles, mentions, messages
from storage.schema_customers import KEPT

_LATEST: Final = 100
"""Contacts that are looked at, and as many of those that named an address first."""
_MOST: Final = 20
"""Addresses: whoever types more is no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`message` is the latest contact that names the address."""

    handle: Handle
    message: str
    at_ms: int


def claimed(connection: Connection, customer_id: str) -> tuple[Claimed, ...]:
    """Those of the customer at the top, the latest named first and `_MOST` at most, without the addresses that are theirs
    anyway."""
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    theirs = select(handles.c.kind, handles.c.value).where(handles.c.customer_id == customer_id, handles.c.ended_ms.is_(None))
    known = {(row.kind, row.value) for row in connection.execute(theirs)}
    # As the index of mentions that stay with their link asks for it.
    by_claim = and_(mentions.c.handle_id.in_(links), KEPT, mentions.c.reason == said.CLAIM)
    by_their_own = messages.c.handle_id.in_(select(mentions.c.handle_id).where(by_claim))
    latest = select(messages.c.id).where(by_their_own).order_by(messages.c.at_ms.desc()).limit(_LATEST)
    named = select(messages.c.id).join(mentions, mentions.c.message_id == messages.c.id).where(by_claim)
    first = named.order_by(messages.c.at_ms.desc()).limit(_LATEST)
    ids = {*connection.execute(latest).scalars(), *connection.execute(first).scalars()}
    found: dict[tuple[str, str], Claimed] = {}
    query = select(messages.c.id, messages.c.at_ms, messages.c.envelope).where(messages.c.handle_id.in_(links))
    rows = sorted(rows_among(connection, query, messages.c.id, ids), key=lambda row: (row.at_ms, row.id), reverse=True)
    for row in rows:
        if len(found) >= _MOST:
            break
        for one in orjson.loads(row.envelope)["data"]["sender"]["claims"]:
            handle = known_as(Handle(one["kind"], one["value"], "claimed"))
            key = (handle.kind, handle.value)
            if handle.kind in said.TYPED and key not in known:
                found.setdefault(key, Claimed(handle=handle, message=row.id, at_ms=row.at_ms))
    return tuple(found.values())[:_MOST]
