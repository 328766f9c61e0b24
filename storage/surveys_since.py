"""What was said since a survey was asked, by which a word of its customer may mean something else."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, or_, select, union

from storage.bulk import among, ids_parameter
from storage.schema import conversations, customers, handles, messages, outgoing, surveys, ticket_events

SILENT: Final = ("reaction", "delete")
"""Kinds of contacts that begin nothing."""


@dataclass(frozen=True, slots=True)
class Since:
    """Ids of surveys. `spoken`: after the last question somebody, and no rule, wrote to the customer, on any channel. `wrote`:
    after the first one the customer wrote something that went its way, or the conversation is open again."""

    spoken: frozenset[str] = frozenset()
    wrote: frozenset[str] = frozenset()


def since(connection: Connection, ids: Collection[str]) -> Since:
    """Of surveys that were asked."""
    if not ids:
        return Since()
    asked = among(connection, surveys.c.id)
    parameter = ids_parameter(connection, ids)
    spoken, wrote = (
        frozenset(connection.execute(union(*(query.where(asked) for query in queries)), parameter).scalars())
        for queries in ((_replied(), _addressed(), _told()), (_written(), _reopened()))
    )
    return Since(spoken, wrote)


def _replied() -> Select[Any]:
    """A reply in one of the customer's conversations."""
    later = (outgoing.c.automatic.is_(False), outgoing.c.created_ms > surveys.c.question_ms)
    return _talks().join(outgoing, outgoing.c.conversation_id == conversations.c.id).where(*later)


def _addressed() -> Select[Any]:
    """A message to the address that was asked, of no conversation."""
    same = (outgoing.c.handle_value == handles.c.value, outgoing.c.handle_kind == handles.c.kind)
    later = (outgoing.c.automatic.is_(False), outgoing.c.created_ms > surveys.c.question_ms)
    query = select(surveys.c.id).join(handles, handles.c.id == surveys.c.handle_id)
    return query.join(outgoing, same[0]).where(same[1], *later)


def _told() -> Select[Any]:
    """A ticket system's word that it answered by a way of its own."""
    later = (ticket_events.c.answered, ticket_events.c.at_ms > surveys.c.question_ms)
    return _talks().join(ticket_events, ticket_events.c.conversation_id == conversations.c.id).where(*later)


def _written() -> Select[Any]:
    theirs = handles.alias()
    query = select(surveys.c.id).join(handles, handles.c.id == surveys.c.handle_id)
    query = query.join(theirs, theirs.c.customer_id == handles.c.customer_id)
    new = (messages.c.at_ms > surveys.c.asked_ms, messages.c.discarded_by.is_(None), messages.c.kind.not_in(SILENT))
    return query.join(messages, messages.c.handle_id == theirs.c.id).where(*new)


def _reopened() -> Select[Any]:
    return select(surveys.c.id).join(conversations, conversations.c.id == surveys.c.conversation_id).where(conversations.c.open)


def _talks() -> Select[Any]:
    """Surveys, each with all conversations of whose the address is now."""
    query = select(surveys.c.id).join(handles, handles.c.id == surveys.c.handle_id)
    merged = and_(customers.c.merged_into.is_not(None), customers.c.root_id == handles.c.customer_id)
    query = query.join(customers, or_(customers.c.id == handles.c.customer_id, merged))
    return query.join(conversations, conversations.c.customer_id == customers.c.id)
