"""What figures are made of, read unit by unit from the tables it is in: conversations with all that hangs on them, tickets."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select

from storage.bulk import among, ids_parameter
from storage.outgoing import SENT
from storage.schema import marks, messages, outgoing, sla_timers, surveys, ticket_events

_MESSAGE: Final = tuple(
    messages.c[name]
    for name in (
        *("id", "conversation_id", "brand", "channel", "connector", "category", "kind", "handle_id", "at_ms"),
        *("awaits_answer", "discarded_by", "repeat_of", "envelope"),
    )
)

_SIZED: Final = 200
"""Units whose sizes are asked for at once."""


@dataclass(slots=True)
class Talk:
    """A conversation: its messages in the order of their times, when a person answered (in no order), what was promised,
    what was asked after its tickets, and which category people said was right, by message."""

    id: str
    messages: list[Row[Any]]
    answers: list[int] = field(default_factory=list)
    promises: list[Row[Any]] = field(default_factory=list)
    surveys: list[Row[Any]] = field(default_factory=list)
    right: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Ticket:
    """All that was told of a ticket, in the order in which it happened, and the conversation it began with."""

    space: str
    told: list[Row[Any]]
    home: str


def talk(id_: str) -> str:
    """The unit of a conversation."""
    return f"c/{id_}"


def units_with_tickets(connection: Connection, units: Collection[str]) -> set[str]:
    """These, and the tickets of the conversations among them."""
    ids = ids_of(units)
    query = select(ticket_events.c.space, ticket_events.c.ticket).distinct()
    rows = _among(connection, query, ticket_events.c.conversation_id, ids)
    return {*units, *(f"t/{row.space}/{row.ticket}" for row in rows)}


def parts(connection: Connection, units: Sequence[str], most: int) -> Iterator[list[str]]:
    """The units in their order, in parts that can be read at once: of conversations with about `most` messages, or one alone. A
    ticket weighs as the conversations that are told of with it. Only what is taken is looked at."""
    part: list[str] = []
    held = 0
    for begin in range(0, len(units), _SIZED):
        for unit, number in _sizes(connection, units[begin : begin + _SIZED]):
            if part and held + number > most:
                yield part
                part, held = [], 0
            part.append(unit)
            held += number
    if part:
        yield part


def _sizes(connection: Connection, units: Sequence[str]) -> Iterator[tuple[str, int]]:
    query = select(ticket_events.c.space, ticket_events.c.ticket, ticket_events.c.conversation_id).distinct()
    named = {unit[2:].split("/", 1)[1] for unit in units if unit.startswith("t/")}
    homes: dict[str, list[str]] = {}
    for row in _among(connection, query, ticket_events.c.ticket, named):
        homes.setdefault(f"t/{row.space}/{row.ticket}", []).append(row.conversation_id)
    ids = {*ids_of(units), *(id_ for unit in units for id_ in homes.get(unit, ()))}
    counting = select(messages.c.conversation_id, func.count().label("number")).group_by(messages.c.conversation_id)
    numbers = {row.conversation_id: row.number for row in _among(connection, counting, messages.c.conversation_id, ids)}
    for unit in units:
        its = [unit[2:]] if unit.startswith("c/") else homes.get(unit, ())
        yield unit, 1 + sum(numbers.get(id_, 0) for id_ in its)


def talks(connection: Connection, units: Collection[str]) -> dict[str, Talk]:
    """Every conversation among the units, by its unit; one of which nothing is left is empty."""
    ids = ids_of(units)
    found = {id_: Talk(id_, rows) for id_, rows in messages_of(connection, ids).items()}
    for id_, at_ms in _answers(connection, ids):
        found[id_].answers.append(at_ms)
    timers = select(sla_timers).where(sla_timers.c.state != "waiting").order_by(sla_timers.c.id)
    for row in _among(connection, timers, sla_timers.c.conversation_id, ids):
        found[row.conversation_id].promises.append(row)
    asked = select(surveys).where(surveys.c.asked_ms.is_not(None)).order_by(surveys.c.id)
    for row in _among(connection, asked, surveys.c.conversation_id, ids):
        found[row.conversation_id].surveys.append(row)
    homes = {message.id: one for one in found.values() for message in one.messages}
    for row in _among(connection, select(marks), marks.c.message_id, list(homes)):
        homes[row.message_id].right[row.message_id] = row.category
    return {talk(id_): one for id_, one in found.items()}


def tickets(connection: Connection, units: Collection[str]) -> dict[str, Ticket]:
    """Every ticket among the units, by its unit."""
    query = select(ticket_events).order_by(ticket_events.c.at_ms, ticket_events.c.position)
    told: dict[str, list[Row[Any]]] = {unit: [] for unit in units if unit.startswith("t/")}
    for row in _among(connection, query, ticket_events.c.ticket, {unit[2:].split("/", 1)[1] for unit in told}):
        if (unit := f"t/{row.space}/{row.ticket}") in told:
            told[unit].append(row)
    return {
        unit: Ticket(unit[2:].split("/", 1)[0], rows, rows[0].conversation_id if rows else "") for unit, rows in told.items()
    }


def messages_of(connection: Connection, conversation_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """The messages of conversations, in the order of their times."""
    found: dict[str, list[Row[Any]]] = {id_: [] for id_ in conversation_ids}
    for row in _messages(connection, conversation_ids):
        found[row.conversation_id].append(row)
    return found


def conversations_after(connection: Connection, last: str, limit: int) -> list[str]:
    """Ids of the next conversations of which anything is stored, in their order."""
    found: set[str] = set()
    for table in (messages, ticket_events, sla_timers, surveys):
        column = table.c.conversation_id
        query = select(column).where(column > last).distinct().order_by(column).limit(limit)
        found.update(connection.execute(query).scalars())
    return sorted(found)[:limit]


def ids_of(units: Iterable[str]) -> list[str]:
    """Of the conversations among the units."""
    return [unit[2:] for unit in units if unit.startswith("c/")]


def _messages(connection: Connection, ids: Collection[str]) -> list[Row[Any]]:
    rows = _among(connection, select(*_MESSAGE), messages.c.conversation_id, ids)
    return sorted(rows, key=lambda row: (row.at_ms, row.id))


def _answers(connection: Connection, ids: Collection[str]) -> list[tuple[str, int]]:
    """When somebody, and no rule, answered in them: here, or by a way of the ticket system's own."""
    at_ms = func.coalesce(outgoing.c.ended_ms, outgoing.c.created_ms).label("at_ms")
    sent = select(outgoing.c.conversation_id, at_ms).where(outgoing.c.state == SENT, outgoing.c.automatic.is_(False))
    there = select(ticket_events.c.conversation_id, ticket_events.c.at_ms).where(ticket_events.c.answered)
    rows = [
        *_among(connection, sent, outgoing.c.conversation_id, ids),
        *_among(connection, there, ticket_events.c.conversation_id, ids),
    ]
    return [(row.conversation_id, row.at_ms) for row in rows]


def _among(connection: Connection, query: Select[Any], column: Any, ids: Collection[str]) -> list[Row[Any]]:
    if not ids:
        return []
    return list(connection.execute(query.where(among(connection, column)), ids_parameter(connection, ids)))
