"""What was said with some handles, both ways, as the person behind them may see it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, func, select

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


_ORDER: Final = attrgetter("at_ms", "direction", "place")


@dataclass(frozen=True, slots=True)
class Handles:
    """Whose transcript: handles of one connector, by their values and the keys of their links."""

    connector: str
    values: tuple[str, ...]
    keys: tuple[str, ...]


def lines(connection: Connection, wanted: Collection[Handles]) -> dict[Handles, list[Line]]:
    """The last `MOST` of each direction and handle, in their order. A few queries for all of them, each by an index."""
    connectors = {whose.connector for whose in wanted}
    values = {value for whose in wanted for value in whose.values}
    found: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    links = _links(connection, {key for whose in wanted for key in whose.keys}, values)
    for name, line in (*_inbound(connection, links, connectors), *_outbound(connection, values, connectors)):
        found[name].append(line)
    return {
        whose: sorted((line for value in whose.values for line in found[whose.connector, value]), key=_ORDER)
        for whose in wanted
    }


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


@dataclass(frozen=True, slots=True)
class Change:
    """An event of a message out: its type, the message and the value of the handle it went to."""

    type: str
    id: str
    value: str


def changed(connection: Connection, after: int, until: int, types: Collection[str], most: int) -> tuple[list[Change], int]:
    """What events with these numbers tell of messages out, and how far it looked."""
    query = select(events.c.number, events.c.type, events.c.subject)
    query = query.where(events.c.number > after, events.c.number <= until, events.c.type.in_(types))
    rows = connection.execute(query.order_by(events.c.number).limit(most)).all()
    seen = rows[-1].number if len(rows) == most else until
    if not rows:
        return [], seen
    named = select(outgoing.c.id, outgoing.c.handle_value).where(among(connection, outgoing.c.id))
    values = {
        row.id: row.handle_value for row in connection.execute(named, ids_parameter(connection, {row.subject for row in rows}))
    }
    return [Change(row.type, row.subject, values[row.subject]) for row in rows if row.subject in values], seen


def senders_in(connection: Connection, conversation_id: str, connectors: Collection[str], most: int) -> set[tuple[str, str]]:
    """Who wrote last in a conversation over one of these connectors: connector and handle value."""
    query = select(messages.c.connector, messages.c.handle_value)
    query = query.where(messages.c.conversation_id == conversation_id, messages.c.connector.in_(connectors))
    newest = query.order_by(messages.c.received_ms.desc()).limit(most)
    return {(row.connector, row.handle_value) for row in connection.execute(newest)}


_Named = tuple[tuple[str, str], Line]
"""A line with its connector and the value of its handle."""


def _links(connection: Connection, keys: Collection[str], values: Collection[str]) -> dict[str, str]:
    """The links that handles have and had: id to value."""
    columns = (handles.c.id, handles.c.value)
    now = select(*columns).where(among(connection, handles.c.key))
    before = select(*columns).where(among(connection, handles.c.value), handles.c.ended_ms.is_not(None))
    rows = [
        *connection.execute(now, ids_parameter(connection, keys)),
        *connection.execute(before, ids_parameter(connection, values)),
    ]
    return {row.id: row.value for row in rows}


def _inbound(connection: Connection, links: Mapping[str, str], connectors: Collection[str]) -> Iterator[_Named]:
    if not links:
        return
    newest = messages.c.at_ms.desc(), messages.c.id.desc()
    rank = func.row_number().over(partition_by=messages.c.handle_id, order_by=newest).label("rank")
    columns = [messages.c[name] for name in ("id", "connector", "handle_id", "received_ms", "sequence")]
    ranked = select(*columns, rank).where(among(connection, messages.c.handle_id)).subquery()
    for row in connection.execute(select(ranked).where(ranked.c.rank <= MOST), ids_parameter(connection, links)):
        if row.connector in connectors:
            at_ms = row.received_ms
            line = Line(id=row.id, direction="in", state="delivered", at_ms=at_ms, stamp_ms=at_ms, place=row.sequence)
            yield (row.connector, links[row.handle_id]), line


def _outbound(connection: Connection, values: Collection[str], connectors: Collection[str]) -> Iterator[_Named]:
    newest = outgoing.c.created_ms.desc(), outgoing.c.position.desc()
    rank = func.row_number().over(partition_by=outgoing.c.handle_value, order_by=newest).label("rank")
    names = ("id", "connector", "handle_value", "position", "external_id", "ended_ms", "created_ms")
    shown = (among(connection, outgoing.c.handle_value), outgoing.c.state.in_(_SHOWN), ~outgoing.c.secret)
    ranked = select(*(outgoing.c[name] for name in names), rank).where(*shown).subquery()
    found = connection.execute(select(ranked).where(ranked.c.rank <= MOST), ids_parameter(connection, values))
    rows = [row for row in found if row.connector in connectors]
    told = _arrived(connection, [row.external_id for row in rows if row.external_id])
    for row in rows:
        yield (row.connector, row.handle_value), _out(row, told.get((row.connector, row.external_id), {}))


def _arrived(connection: Connection, external_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """When each message was first told to have come to a state, by connector and external id."""
    if not external_ids:
        return {}
    query = select(signals.c.connector, signals.c.external_id, signals.c.state, signals.c.received_ms)
    query = query.where(among(connection, signals.c.external_id), signals.c.state.in_(_ARRIVED))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(query, ids_parameter(connection, external_ids)):
        told = found.setdefault((row.connector, row.external_id), {})
        told[row.state] = min(row.received_ms, told.get(row.state, row.received_ms))
    return found


def _out(row: Any, told: Mapping[str, int]) -> Line:
    left_ms = row.ended_ms or row.created_ms
    state = next((one for one in ("read", "delivered") if one in told), "sent")
    stamp_ms = max([left_ms, *told.values()])
    return Line(id=row.id, direction="out", state=state, at_ms=left_ms, stamp_ms=stamp_ms, place=row.position)
