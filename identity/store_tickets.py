"""Reads and writes of what ticket systems told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, exists, select

from identity.store import rows_among
from storage.bulk import insert_rows
from storage.schema import conversations, handles, messages, ticket_events

_STATES: Final = ("opened", "closed", "reopened")
"""Events after which a ticket is open, or is not."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, as far as tickets are about it."""

    id: str
    space: str
    customer_id: str
    last_ms: int
    ticket: str | None
    split: bool


_TALKS: Final = select(*(conversations.c[one.name] for one in fields(Talk))).order_by(conversations.c.id)


def talks(connection: Connection, ids: Iterable[str]) -> list[Talk]:
    """The conversations there are, in the order of their ids."""
    return [Talk(*cast("tuple[Any, ...]", row)) for row in rows_among(connection, _TALKS, conversations.c.id, sorted(set(ids)))]


def writer(connection: Connection, message_id: str | None) -> str | None:
    """Who has the link now by which a message came."""
    query = select(handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id)
    return None if message_id is None else connection.execute(query.where(messages.c.id == message_id)).scalar_one_or_none()


def places(connection: Connection, ticket: str, space: str | None) -> set[tuple[str, str]]:
    """(space, conversation) of everything that was told of a ticket."""
    query = select(ticket_events.c.space, ticket_events.c.conversation_id).distinct().where(ticket_events.c.ticket == ticket)
    if space is not None:
        query = query.where(ticket_events.c.space == space)
    return {(row.space, row.conversation_id) for row in connection.execute(query)}


def known(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of the events that are here already."""
    return {row.id for row in rows_among(connection, select(ticket_events.c.id), ticket_events.c.id, list(ids))}


def last(connection: Connection, space: str, ticket: str) -> Row[Any] | None:
    """What came last of a ticket."""
    mine = (ticket_events.c.ticket == ticket, ticket_events.c.space == space)
    query = select(ticket_events).where(*mine).order_by(ticket_events.c.position.desc()).limit(1)
    return connection.execute(query).one_or_none()


def state(connection: Connection, space: str, ticket: str) -> tuple[bool, int] | None:
    """Whether a ticket is closed, and since when it is so or not; None where nothing says it."""
    mine = (ticket_events.c.ticket == ticket, ticket_events.c.space == space, ticket_events.c.event.in_(_STATES))
    order = (ticket_events.c.at_ms.desc(), ticket_events.c.position.desc())
    row = connection.execute(select(ticket_events).where(*mine).order_by(*order).limit(1)).one_or_none()
    return None if row is None else (row.event == "closed", row.at_ms)


def opened_since(connection: Connection, conversation_id: str, at_ms: int) -> bool:
    """Whether a ticket of a conversation was opened after this time."""
    later = (ticket_events.c.event == "opened", ticket_events.c.at_ms > at_ms)
    query = select(exists().where(ticket_events.c.conversation_id == conversation_id, *later))
    return bool(connection.execute(query).scalar_one())


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter what was told."""
    insert_rows(connection, ticket_events, list(rows))
