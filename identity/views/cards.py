"""Customers as a list shows them: one line each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, select

from identity.people import Standing
from identity.store import rows_among
from normalizer.inbound import Proof
from storage.schema import customers, handles


@dataclass(frozen=True, slots=True)
class Address:
    """A current link."""

    kind: str
    value: str
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`unanswered`: contacts that wait for an answer."""

    id: str
    space: str
    standing: Standing
    name: str | None
    tier: str | None
    tags: tuple[str, ...]
    messages: int
    unanswered: int
    last_seen_ms: int
    addresses: tuple[Address, ...]


_SHOWN = ("id", "space", "standing", "name", "tier", "tags", "messages", "unanswered", "last_seen_ms")


def cards(connection: Connection, ids: Sequence[str]) -> list[Card]:
    """Those customers in that order; who is gone meanwhile is left out."""
    query = select(*(customers.c[name] for name in _SHOWN))
    addresses = _addresses(connection, ids)
    found = {
        row.id: Card(**{**row._mapping, "tags": tuple(orjson.loads(row.tags)), "addresses": tuple(addresses.get(row.id, ()))})
        for row in rows_among(connection, query, customers.c.id, ids)
    }
    return [found[id_] for id_ in ids if id_ in found]


def newest(connection: Connection, *, limit: int, before: str | None = None) -> list[str]:
    """Ids of the customers that were made last, at the top of their merges, newest first; `before`: those older than this one.
    Their ids begin with the time."""
    query = select(customers.c.id).where(customers.c.merged_into.is_(None))
    if before is not None:
        query = query.where(customers.c.id < before)
    return list(connection.execute(query.order_by(customers.c.id.desc()).limit(limit)).scalars())


def _addresses(connection: Connection, ids: Collection[str]) -> dict[str, list[Address]]:
    query = select(handles.c.customer_id, handles.c.kind, handles.c.value, handles.c.proof)
    current = query.where(handles.c.key.is_not(None)).order_by(handles.c.standing.desc(), handles.c.since_ms, handles.c.id)
    found: dict[str, list[Address]] = {}
    for row in rows_among(connection, current, handles.c.customer_id, ids):
        found.setdefault(row.customer_id, []).append(Address(row.kind, row.value, row.proof))
    return found
