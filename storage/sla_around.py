"""What promised times need to know of contacts, conversations, answers and tickets."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, func, or_, select

from storage.bulk import among, ids_parameter
from storage.schema import conversations, customers, handles, messages, outgoing, targets, ticket_events


@dataclass(frozen=True, slots=True)
class Around:
    """What an event says beside the timer: whose conversation it is now, its ticket, and the contact's channel."""

    customer: str
    ticket: str | None
    channel: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: its ticket, and whether an unmerge has left it with words of two customers."""

    ticket: str | None
    split: bool


def talk(connection: Connection, conversation_id: str) -> Talk | None:
    """None where the conversation is not there any more."""
    query = select(conversations.c.ticket, conversations.c.split).where(conversations.c.id == conversation_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Talk(row.ticket, row.split)


def was_answered(connection: Connection, conversation_id: str, since_ms: int = 0) -> bool:
    """Whether a person has answered in the conversation from some time on: by a reply that was sent, or in the ticket
    system."""
    sent = and_(outgoing.c.conversation_id == conversation_id, outgoing.c.automatic.is_(False), outgoing.c.state == "sent")
    there = and_(ticket_events.c.conversation_id == conversation_id, ticket_events.c.answered)
    found = or_(
        exists().where(sent, func.coalesce(outgoing.c.ended_ms, outgoing.c.created_ms) >= since_ms),
        exists().where(there, ticket_events.c.at_ms >= since_ms),
    )
    return bool(connection.execute(select(found)).scalar_one())


def waits_since(connection: Connection, conversation_id: str, after_ms: int) -> int | None:
    """When the first contact came after some time that waits for an answer; None where none does."""
    this = (messages.c.conversation_id == conversation_id, messages.c.at_ms > after_ms, messages.c.awaits_answer)
    new = (messages.c.discarded_by.is_(None), messages.c.repeat_of.is_(None))
    found: int | None = connection.execute(select(func.min(messages.c.at_ms)).where(*this, *new)).scalar_one()
    return found


def of_writer(connection: Connection, conversation_id: str, message_id: str) -> set[str]:
    """The messages of a conversation that are from whoever wrote this one, as its address is theirs now."""
    whose = select(handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id)
    theirs = select(handles.c.id).where(handles.c.customer_id.in_(whose.where(messages.c.id == message_id)))
    query = select(messages.c.id).where(messages.c.conversation_id == conversation_id, messages.c.handle_id.in_(theirs))
    return set(connection.execute(query).scalars())


def heard(connection: Connection, conversation_id: str) -> set[str]:
    """The messages of a conversation that wait for no answer."""
    this = (messages.c.conversation_id == conversation_id, messages.c.awaits_answer.is_(False))
    return set(connection.execute(select(messages.c.id).where(*this)).scalars())


def around(connection: Connection, message_ids: Collection[str]) -> dict[str, Around]:
    """By message, what stands around it now."""
    query = (
        select(messages.c.id, customers.c.root_id, conversations.c.ticket, messages.c.channel)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(customers, customers.c.id == conversations.c.customer_id)
        .where(among(connection, messages.c.id))
    )
    rows = connection.execute(query, ids_parameter(connection, message_ids))
    return {row.id: Around(row.root_id, row.ticket, row.channel) for row in rows}


def order_keys(connection: Connection, message_ids: Collection[str]) -> dict[str, tuple[str, set[str]]]:
    """By message, the key by which its copies are in order, and where it went already."""
    query = select(targets.c.message_id, targets.c.order_key, targets.c.target).where(among(connection, targets.c.message_id))
    found: dict[str, tuple[str, set[str]]] = {}
    for message_id, key, target in connection.execute(query, ids_parameter(connection, message_ids)):
        found.setdefault(message_id, (key, set()))[1].add(target)
    return found
