"""Customers who were one with another for a time: what was written of them meanwhile may tell of the other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from storage.bulk import among, ids_parameter, update_rows
from storage.schema import audit, customers, handles, local_messages, messages


@dataclass(frozen=True, slots=True)
class OnceMerged:
    """Customers who were merged with some, directly or through others, and are so no more; from the first merge to the last
    unmerge, in milliseconds since 1970."""

    ids: tuple[str, ...]
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message by its envelope, and the record of why it went where it went."""

    id: str
    envelope: bytes
    explanation: bytes


def find(connection: Connection, ids: Collection[str]) -> OnceMerged | None:
    """Who was once one with the customers `ids`, who are one now. None where nobody was."""
    known, fresh = set(ids), set(ids)
    times: dict[str, list[int]] = {"merged": [], "unmerged": []}
    query = select(audit.c.action, audit.c.at_ms, audit.c.customer_id, audit.c.other_id)
    pairs = or_(among(connection, audit.c.customer_id), among(connection, audit.c.other_id))
    while fresh:
        rows = connection.execute(
            query.where(audit.c.action.in_(tuple(times)), pairs), ids_parameter(connection, sorted(fresh))
        ).all()
        for row in rows:
            times[row.action].append(row.at_ms)
        fresh = {id_ for row in rows for id_ in (row.customer_id, row.other_id) if id_} - known
        known |= fresh
    others = known - set(ids)
    if not (others and times["merged"] and times["unmerged"]):
        return None
    return OnceMerged(tuple(sorted(others)), min(times["merged"]), max(times["unmerged"]))


def owners(connection: Connection, ids: Collection[str]) -> list[str]:
    """Who is at the top of each of these customers now; of those who were erased, nobody."""
    query = select(customers.c.root_id).where(among(connection, customers.c.id)).distinct()
    return sorted(connection.execute(query, ids_parameter(connection, ids)).scalars())


def addresses(connection: Connection, owner_ids: Collection[str]) -> set[tuple[str, str]]:
    """Kind and value of everything that these customers have or had."""
    query = select(handles.c.kind, handles.c.value).where(among(connection, handles.c.customer_id))
    return {(row.kind, row.value) for row in connection.execute(query, ids_parameter(connection, owner_ids))}


def names(connection: Connection, ids: Collection[str]) -> list[tuple[str | None, ...]]:
    """Name, tier, tags and facts of customers, as they are stored."""
    columns = (customers.c.name, customers.c.tier, customers.c.tags, customers.c.facts, customers.c.own_facts)
    query = select(*columns).where(among(connection, customers.c.id))
    return [tuple(row) for row in connection.execute(query, ids_parameter(connection, ids))]


def written(
    connection: Connection, owner_ids: Collection[str], times: OnceMerged, *, after: str, limit: int
) -> Sequence[Stored]:
    """Messages that these customers' addresses have written meanwhile, in the order of their ids."""
    links = select(handles.c.id).where(among(connection, handles.c.customer_id))
    meanwhile = and_(messages.c.received_ms >= times.first_ms, messages.c.received_ms <= times.last_ms, messages.c.id > after)
    query = select(messages.c.id, messages.c.envelope, messages.c.explanation).where(messages.c.handle_id.in_(links), meanwhile)
    rows = connection.execute(query.order_by(messages.c.id).limit(limit), ids_parameter(connection, owner_ids))
    return [Stored(row.id, bytes(row.envelope), bytes(row.explanation)) for row in rows]


def by_links(connection: Connection, ids: Collection[str], link_ids: Collection[str]) -> set[str]:
    """Those of the messages that were written by these links."""
    query = select(messages.c.id).where(messages.c.handle_id.in_(link_ids), among(connection, messages.c.id))
    return set(connection.execute(query, ids_parameter(connection, ids)).scalars())


def rewrite(connection: Connection, changed: Sequence[Stored]) -> None:
    """Store other envelopes and records, and give embedded queues the same bytes."""
    kept = [{"id": one.id, "envelope": one.envelope, "explanation": one.explanation, "cut": True} for one in changed]
    update_rows(connection, messages, "id", kept)
    new = {one.id: one.envelope for one in changed}
    query = select(local_messages.c.position, local_messages.c.envelope_id)
    copies = connection.execute(
        query.where(among(connection, local_messages.c.envelope_id)), ids_parameter(connection, new.keys())
    )
    rows = [{"position": copy.position, "body": new[copy.envelope_id]} for copy in copies]
    update_rows(connection, local_messages, "position", rows)
