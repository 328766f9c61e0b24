"""Everything that is stored of a customer, in pages: what an export writes down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, Table, insert, or_, select, tuple_

from storage import erasure, outgoing_files, surveys
from storage.bulk import among, ids_parameter
from storage.family import Family
from storage.removal import names_of
from storage.schema import (
    attachments,
    audit,
    challenges,
    conversations,
    customers,
    handles,
    messages,
    outgoing,
    outgoing_parts,
    signals,
    sla_timers,
    suggestions,
    ticket_events,
)

Rows = list[dict[str, Any]]

_OURS: Final = frozenset({"version", "next_ms", "heard_ms", "heard_ticket", "escalation"})
"""What of a promise is about us: who of ours is told, and how it is worked off."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far messages were read: they come in the order of their times, and then of their ids."""

    at_ms: int
    id: str


FIRST: Final = Place(-(2**62), "")


def about(connection: Connection, found: Family) -> dict[str, Rows]:
    """Rows that are about the customer and no message, by table."""
    ours = ids_parameter(connection, found.ids)

    def rows(table: Table, *columns: Any) -> Rows:
        wanted = or_(*(among(connection, column) for column in columns))
        return _rows(connection, select(table).where(wanted).order_by(*table.primary_key.columns), ours)

    talks = select(conversations.c.id).where(among(connection, conversations.c.customer_id))
    told = select(ticket_events).where(ticket_events.c.conversation_id.in_(talks)).order_by(ticket_events.c.position)
    promised = (
        select(*(column for column in sla_timers.c if column.name not in _OURS))
        .join(messages, messages.c.id == sla_timers.c.message_id)
        .join(handles, handles.c.id == messages.c.handle_id)
        .where(among(connection, handles.c.customer_id), sla_timers.c.state != "waiting")
        .order_by(sla_timers.c.started_ms, sla_timers.c.id)
    )
    asked = rows(challenges, challenges.c.customer_id, challenges.c.home_id)
    return {
        "customers": rows(customers, customers.c.id),
        "handles": rows(handles, handles.c.customer_id),
        "conversations": rows(conversations, conversations.c.customer_id),
        "ticket_events": _rows(connection, told, ours),
        "sla_timers": _rows(connection, promised, ours),
        "surveys": surveys.theirs(connection, found.link_ids, found.ids),
        "suggestions": rows(suggestions, suggestions.c.customer_id, suggestions.c.owner_id),
        # `secret` is a hash of the code, and ours.
        "challenges": [{name: value for name, value in row.items() if name != "secret"} for row in asked],
        "audit": rows(audit, audit.c.customer_id, audit.c.other_id),
    }


def page(connection: Connection, found: Family, after: Place, limit: int) -> Sequence[RowMapping]:
    """The next messages, oldest first, with envelope and raw bytes."""
    columns = (messages.c.id, messages.c.at_ms, messages.c.envelope, messages.c.raw, messages.c.raw_sha256)
    further = tuple_(messages.c.at_ms, messages.c.id) > tuple_(after.at_ms, after.id)
    query = select(*columns).where(among(connection, messages.c.handle_id), further)
    ordered = query.order_by(messages.c.at_ms, messages.c.id).limit(limit)
    return connection.execute(ordered, ids_parameter(connection, found.link_ids)).mappings().all()


def files(connection: Connection, message_ids: Collection[str]) -> Rows:
    """The files of messages."""
    query = select(attachments).where(among(connection, attachments.c.message_id)).order_by(attachments.c.id)
    return _rows(connection, query, ids_parameter(connection, message_ids))


def answers(connection: Connection, found: Family) -> list[str]:
    """Ids of the messages out, in their order: of answers, of answers whose message is not kept any more, and of those that
    asked for proofs."""
    columns = (outgoing.c.position, outgoing.c.id)
    own = select(*columns).join(messages, messages.c.id == outgoing.c.message_id).where(among(connection, messages.c.handle_id))
    rows = connection.execute(own, ids_parameter(connection, found.link_ids)).all()
    asked = or_(among(connection, challenges.c.customer_id), among(connection, challenges.c.home_id))
    codes = connection.execute(erasure.codes().where(asked), ids_parameter(connection, found.ids)).scalars()
    others = [*erasure.answers_without_message(connection, found), *codes]
    more = select(*columns).where(among(connection, outgoing.c.id))
    return [row.id for row in sorted({*rows, *connection.execute(more, ids_parameter(connection, others))})]


def sent(connection: Connection, ids: Collection[str]) -> Rows:
    """Messages out with the ids of their parts and their files, in their order."""
    parameter = ids_parameter(connection, ids)
    parts: dict[str, list[str]] = {}
    query = select(outgoing_parts).where(among(connection, outgoing_parts.c.outgoing_id))
    for row in connection.execute(query.order_by(outgoing_parts.c.external_id), parameter):
        parts.setdefault(row.outgoing_id, []).append(row.external_id)
    rows = _rows(connection, select(outgoing).where(among(connection, outgoing.c.id)).order_by(outgoing.c.position), parameter)
    files = outgoing_files.of(connection, ids)
    return [
        _without_secret(row) | {"parts": parts.get(row["id"], []), "files": [asdict(file) for file in files.get(row["id"], ())]}
        for row in rows
    ]


def _without_secret(row: dict[str, Any]) -> dict[str, Any]:
    """A code that has not left yet is for the eyes at its address only."""
    return row | {"text": "", "html": None} if row["secret"] else row


def told(connection: Connection, ids: Collection[str]) -> Rows:
    """What providers told of messages out, in the order in which it came."""
    named = names_of(connection, ids)
    query = select(signals).where(among(connection, signals.c.external_id)).order_by(signals.c.received_ms, signals.c.id)
    rows = _rows(connection, query, ids_parameter(connection, {external_id for _, external_id in named}))
    return [row for row in rows if (row["connector"], row["external_id"]) in named]


def note(connection: Connection, found: Family, act: erasure.Act) -> None:
    """Enter the export into the log."""
    row = {"id": act.id, "at_ms": act.at_ms, "action": "exported", "actor": act.actor, "customer_id": found.id}
    connection.execute(insert(audit), [row])


def _rows(connection: Connection, query: Select[Any], parameter: Mapping[str, Any]) -> Rows:
    found = connection.execute(query, parameter).mappings()
    return [{str(name): value for name, value in row.items()} for row in found]
