"""Addresses that a customer's contacts only name: somebody typed them there, and nobody has proven whose they are.

They are read from what is stored of the contacts, so that they go and are exported with these.
"""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, select

from identity import said
from identity.handles import known_as
from identity.store import rows_among
from normalizer.inbound import Handle
from storage.schema import handles, mentions, messages
from storage.schema_customers import KEPT

_LATEST: Final = 100
"""Contacts that are looked at, beside those that named an address first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`message` is the latest contact that names the address."""

    handle: Handle
    message: str
    at_ms: int


def claimed(connection: Connection, customer_id: str) -> tuple[Claimed, ...]:
    """Those of the customer at the top, the latest named first, without the addresses that are the customer's anyway."""
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    theirs = select(handles.c.kind, handles.c.value).where(handles.c.customer_id == customer_id, handles.c.ended_ms.is_(None))
    known = {(row.kind, row.value) for row in connection.execute(theirs)}
    latest = select(messages.c.id).where(messages.c.handle_id.in_(links)).order_by(messages.c.at_ms.desc()).limit(_LATEST)
    # As the index of mentions that stay with their link asks for it.
    named = select(mentions.c.message_id).where(mentions.c.handle_id.in_(links), KEPT, mentions.c.reason == said.CLAIM)
    ids = {*connection.execute(latest).scalars(), *connection.execute(named).scalars()}
    found: dict[tuple[str, str], Claimed] = {}
    query = select(messages.c.id, messages.c.at_ms, messages.c.envelope).where(messages.c.handle_id.in_(links))
    rows = sorted(rows_among(connection, query, messages.c.id, ids), key=lambda row: (row.at_ms, row.id), reverse=True)
    for row in rows:
        for one in orjson.loads(row.envelope)["data"]["sender"]["claims"]:
            handle = known_as(Handle(one["kind"], one["value"], "claimed"))
            key = (handle.kind, handle.value)
            if handle.kind in said.TYPED and key not in known:
                found.setdefault(key, Claimed(handle=handle, message=row.id, at_ms=row.at_ms))
    return tuple(found.values())
