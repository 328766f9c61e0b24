"""By which ids messages are known at their providers: those of all parts, and what is told by our own id."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from storage.bulk import among, ids_parameter, insert_rows
from storage.outgoing import SENT, UNKNOWN
from storage.schema import outgoing, outgoing_parts


@dataclass(frozen=True, slots=True)
class Named:
    """What a provider told of a message by our own id of it: `id` and the provider's. `taken`: that it has the message."""

    connector: str
    id: str
    external_id: str
    taken: bool


def recognise(connection: Connection, named: Sequence[Named]) -> None:
    """Keep the ids by which messages are known at their providers. One whose end was unknown, because the answer was lost,
    is sent when the provider has it, and that is told anew."""
    query = select(outgoing.c.id, outgoing.c.connector, outgoing.c.external_id, outgoing.c.state)
    rows = connection.execute(query.where(outgoing.c.id.in_({one.id for one in named}))).all()
    known = {(row.connector, row.id): row for row in rows}
    for one in named:
        row = known.get((one.connector, one.id))
        if row is None:
            continue
        this = outgoing.c.id == one.id
        if row.external_id is None:
            connection.execute(
                update(outgoing).where(this, outgoing.c.external_id.is_(None)).values(external_id=one.external_id)
            )
        if row.state == UNKNOWN and one.taken:
            values = {"state": SENT, "error": None, "provider_code": None, "told_ms": None}
            connection.execute(update(outgoing).where(this, outgoing.c.state == UNKNOWN).values(values))
        if row.external_id != one.external_id:
            part = {"connector": one.connector, "external_id": one.external_id, "outgoing_id": one.id}
            insert_rows(connection, outgoing_parts, [part], ignore=True)


def owners(connection: Connection, external_ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """The messages out that have these ids at their providers: connector and external id to our own."""
    if not external_ids:
        return {}
    own = select(outgoing.c.connector, outgoing.c.external_id, outgoing.c.id).where(among(connection, outgoing.c.external_id))
    columns = (outgoing_parts.c.connector, outgoing_parts.c.external_id, outgoing_parts.c.outgoing_id)
    parts = select(*columns).where(among(connection, outgoing_parts.c.external_id))
    rows = [tuple(row) for query in (own, parts) for row in connection.execute(query, ids_parameter(connection, external_ids))]
    return {(connector, external_id): id_ for connector, external_id, id_ in rows}


def parts_of(connection: Connection, id_: str) -> list[str]:
    """The providers' ids of a message's parts, where it left in several."""
    query = select(outgoing_parts.c.external_id).where(outgoing_parts.c.outgoing_id == id_)
    return list(connection.execute(query).scalars())
