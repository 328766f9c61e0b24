"""What was said with some handles, both ways, as the person behind them may see it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, and_, func, or_, select

from storage.bulk import among, ids_parameter
from storage.outgoing import SENT, UNKNOWN
from storage.schema import attachments, events, handles, messages, outgoing, signals

MOST: Final = 100
"""Of each direction, the newest."""
_SHOWN: Final = (SENT, UNKNOWN)
"""`unknown`: its node ended between taking it and recording that it left. Where nothing but the row is given to anybody, the
row is there."""
_ARRIVED: Final = ("delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message, without its words. `at_ms`: when it came or left, `stamp_ms`: when something of it last changed; `place`
    tells those of one millisecond apart."""

    id: str
    direction: Literal["in", "out"]
    state: str
    at_ms: int
    stamp_ms: int
    place: int


@dataclass(frozen=True, slots=True)
class Handles:
    """Whose transcript: handles of one connector, by their values and the keys of their links."""

    connector: str
    values: tuple[str, ...]
    keys: tuple[str, ...]


def lines(connection: Connection, whose: Handles) -> list[Line]:
    """The last `MOST` of each direction, in their order. Every query goes by an index."""
    found = [*_inbound(connection, whose), *_outbound(connection, whose)]
    return sorted(found, key=lambda line: (line.at_ms, line.direction, line.place))


def contacts(connection: Connection, ids: Collection[str]) -> list[RowMapping]:
    """The envelopes of messages."""
    query = select(messages.c.id, messages.c.external_id, messages.c.received_ms, messages.c.envelope)
    query = query.where(among(connection, messages.c.id))
    return list(connection.execute(query, ids_parameter(connection, ids)).mappings()) if ids else []


def answers(connection: Connection, ids: Collection[str]) -> list[RowMapping]:
    """The rows of messages out."""
    query = select(outgoing).where(among(connection, outgoing.c.id))
    return list(connection.execute(query, ids_parameter(connection, ids)).mappings()) if ids else []


def files_of(connection: Connection, message_ids: Collection[str]) -> dict[str, list[RowMapping]]:
    """The stored files of messages, by message."""
    if not message_ids:
        return {}
    query = select(attachments).where(among(connection, attachments.c.message_id)).order_by(attachments.c.id)
    found: dict[str, list[RowMapping]] = {}
    for row in connection.execute(query, ids_parameter(connection, message_ids)).mappings():
        found.setdefault(row["message_id"], []).append(row)
    return found


def owned(connection: Connection, connector: str, values: Collection[str], ids: Collection[str]) -> set[str]:
    """Those external ids of messages out that went to one of these handles."""
    query = select(outgoing.c.external_id).where(
        among(connection, outgoing.c.external_id),
        outgoing.c.connector == connector,
        outgoing.c.handle_value.in_(values),
        outgoing.c.state.in_(_SHOWN),
    )
    return set(connection.execute(query, ids_parameter(connection, ids)).scalars()) if ids else set()


def told_of(connection: Connection, connector: str, external_ids: Collection[str]) -> set[tuple[str, str]]:
    """What was told already: external id and state."""
    query = select(signals.c.external_id, signals.c.state).where(
        among(connection, signals.c.external_id), signals.c.connector == connector
    )
    if not external_ids:
        return set()
    return {(row.external_id, row.state) for row in connection.execute(query, ids_parameter(connection, external_ids))}


def changed(connection: Connection, after: int, until: int, types: Collection[str], most: int) -> tuple[set[str], int]:
    """The handle values of messages out of which events with these numbers tell, and how far it looked."""
    query = select(events.c.number, events.c.subject).where(events.c.number > after, events.c.number <= until)
    query = query.where(events.c.type.in_(types)).order_by(events.c.number).limit(most)
    rows = connection.execute(query).all()
    seen = rows[-1].number if len(rows) == most else until
    if not rows:
        return set(), seen
    values = select(outgoing.c.handle_value).where(among(connection, outgoing.c.id))
    return set(connection.execute(values, ids_parameter(connection, {row.subject for row in rows})).scalars()), seen


def senders_in(connection: Connection, conversation_id: str, connectors: Collection[str], most: int) -> set[tuple[str, str]]:
    """Who wrote last in a conversation over one of these connectors: connector and handle value."""
    query = select(messages.c.connector, messages.c.handle_value)
    query = query.where(messages.c.conversation_id == conversation_id, messages.c.connector.in_(connectors))
    newest = query.order_by(messages.c.received_ms.desc()).limit(most)
    return {(row.connector, row.handle_value) for row in connection.execute(newest)}


def _inbound(connection: Connection, whose: Handles) -> list[Line]:
    links = select(handles.c.id).where(
        or_(handles.c.key.in_(whose.keys), and_(handles.c.value.in_(whose.values), handles.c.ended_ms.is_not(None)))
    )
    ids = connection.execute(links).scalars().all()
    if not ids:
        return []
    query = select(messages.c.id, messages.c.received_ms, messages.c.sequence)
    query = query.where(among(connection, messages.c.handle_id), messages.c.connector == whose.connector)
    newest = query.order_by(messages.c.at_ms.desc(), messages.c.id.desc()).limit(MOST)
    return [
        Line(
            id=row.id,
            direction="in",
            state="delivered",
            at_ms=row.received_ms,
            stamp_ms=row.received_ms,
            place=row.sequence,
        )
        for row in connection.execute(newest, ids_parameter(connection, ids))
    ]


def _outbound(connection: Connection, whose: Handles) -> list[Line]:
    query = select(outgoing.c.id, outgoing.c.position, outgoing.c.external_id, outgoing.c.ended_ms, outgoing.c.created_ms)
    query = query.where(
        outgoing.c.handle_value.in_(whose.values),
        outgoing.c.connector == whose.connector,
        outgoing.c.state.in_(_SHOWN),
        ~outgoing.c.secret,
    )
    rows = connection.execute(query.order_by(outgoing.c.created_ms.desc(), outgoing.c.position.desc()).limit(MOST)).all()
    told = _arrived(connection, whose.connector, [row.external_id for row in rows if row.external_id])
    return [_out(row, told.get(row.external_id, {})) for row in rows]


def _arrived(connection: Connection, connector: str, external_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """When each message was first told to have come to a state."""
    if not external_ids:
        return {}
    query = select(signals.c.external_id, signals.c.state, func.min(signals.c.received_ms).label("at_ms"))
    query = query.where(among(connection, signals.c.external_id), signals.c.connector == connector)
    query = query.where(signals.c.state.in_(_ARRIVED)).group_by(signals.c.external_id, signals.c.state)
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query, ids_parameter(connection, external_ids)):
        found.setdefault(row.external_id, {})[row.state] = row.at_ms
    return found


def _out(row: Any, told: Mapping[str, int]) -> Line:
    left_ms = row.ended_ms or row.created_ms
    state = next((one for one in ("read", "delivered") if one in told), "sent")
    stamp_ms = max([left_ms, *told.values()])
    return Line(id=row.id, direction="out", state=state, at_ms=left_ms, stamp_ms=stamp_ms, place=row.position)
