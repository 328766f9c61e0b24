"""What a bridge has done, in the gateway's database: which contact is in which ticket, and which answers are on their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Update, delete, insert, select, update

from desk.bridges.base import TicketState
from identity import tickets
from identity.ticket_refusals import TicketRefused
from storage.bulk import insert_rows
from storage.schema import bridge_answers, bridge_posts, bridge_tickets, messages, outgoing

_ENDED: Final = ("failed", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket of the bridge, by the system's number."""

    number: str
    conversation: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A contact that is to be put into the system. `again`: that was begun before. `done`: it is there, or is not to go there
    any more. `ticket`: that of its conversation."""

    again: bool = False
    done: bool = False
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An answer that did not arrive."""

    reply: str
    ticket: str
    state: str
    error: str | None


def begin(connection: Connection, bridge: str, message_id: str, now_ms: int) -> Begun:
    """Note that it is being put there."""
    conversation = connection.execute(
        select(messages.c.conversation_id).where(messages.c.id == message_id)
    ).scalar_one_or_none()
    if conversation is None:  # erased, or not kept any more
        return Begun(done=True)
    row = {"bridge": bridge, "message_id": message_id, "begun_ms": now_ms}
    new = insert_rows(connection, bridge_posts, [row], ignore=True) == 1
    mine = (bridge_posts.c.bridge == bridge, bridge_posts.c.message_id == message_id)
    done = not new and connection.execute(select(bridge_posts.c.ticket).where(*mine)).scalar_one() is not None
    return Begun(again=not new, done=done, ticket=_of_conversation(connection, bridge, conversation))


def _of_conversation(connection: Connection, bridge: str, conversation: str) -> Ticket | None:
    mine = (bridge_tickets.c.bridge == bridge, bridge_tickets.c.conversation_id == conversation)
    query = select(bridge_tickets).where(*mine).order_by(bridge_tickets.c.opened_ms.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else Ticket(number=row.ticket, conversation=conversation, closed=row.closed)


def posted(connection: Connection, bridge: str, message_id: str, now_ms: int, *, ticket: str, url: str) -> None:
    """It is in this ticket, which is known from now on, and open. Who follows tickets is told of a new one, and of one that is
    open again."""
    mine = (bridge_posts.c.bridge == bridge, bridge_posts.c.message_id == message_id)
    connection.execute(update(bridge_posts).where(*mine).values(ticket=ticket))
    known = ticket_of(connection, bridge, ticket)
    if known is not None and not known.closed:
        return
    event: tickets.TicketEvent = "opened" if known is None else "reopened"
    said = tickets.Said(event=event, url=url)
    try:
        taken = tickets.tell(
            connection,
            tickets.News(ticket=_public(bridge, ticket), said=said, at_ms=now_ms, message=message_id),
            actor=_actor(bridge),
            now_ms=now_ms,
        )
    except TicketRefused:  # the contact was erased at this moment, and the ticket is of nobody
        return
    if known is None:
        conversation = taken.conversations[0]
        row = {"bridge": bridge, "ticket": ticket, "conversation_id": conversation, "closed": False, "opened_ms": now_ms}
        connection.execute(insert(bridge_tickets).values(row))
    else:
        connection.execute(_ticket(bridge, ticket).values(closed=False))


def ticket_of(connection: Connection, bridge: str, number: str) -> Ticket | None:
    """One that the bridge has opened, or None."""
    mine = (bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket == number)
    row = connection.execute(select(bridge_tickets).where(*mine)).one_or_none()
    return None if row is None else Ticket(number=number, conversation=row.conversation_id, closed=row.closed)


def seen(connection: Connection, bridge: str, state: TicketState, now_ms: int) -> None:
    """How a ticket of the bridge stands: told, where that is news."""
    mine = (bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket == state.ticket)
    row = connection.execute(select(bridge_tickets).where(*mine)).one_or_none()
    if row is None or (row.closed, row.agent) == (state.closed, state.agent):
        return
    events: list[tickets.TicketEvent] = []
    if state.agent not in (None, row.agent):
        events.append("assigned")
    if state.closed != row.closed:
        events.append("closed" if state.closed else "reopened")
    for event in events:
        said = tickets.Said(event=event, agent=state.agent, reason=state.reason)
        news = tickets.News(
            ticket=_public(bridge, state.ticket), said=said, at_ms=state.at_ms, conversation=row.conversation_id
        )
        try:
            tickets.tell(connection, news, actor=_actor(bridge), now_ms=now_ms)
        except TicketRefused:  # its conversation was erased
            return
    connection.execute(_ticket(bridge, state.ticket).values(closed=state.closed, agent=state.agent))


def leaving(connection: Connection, bridge: str, reply: str, ticket: str) -> None:
    """An answer of an agent is queued."""
    row = {"bridge": bridge, "outgoing_id": reply, "ticket": ticket}
    insert_rows(connection, bridge_answers, [row], ignore=True)


def lost(connection: Connection, bridge: str) -> Sequence[Lost]:
    """Answers that have not arrived and of which their tickets were not told. Those that have left are forgotten."""
    sent = select(outgoing.c.id).where(outgoing.c.state == "sent")
    connection.execute(delete(bridge_answers).where(bridge_answers.c.bridge == bridge, bridge_answers.c.outgoing_id.in_(sent)))
    query = (
        select(outgoing.c.id, outgoing.c.state, outgoing.c.error, bridge_answers.c.ticket)
        .join(bridge_answers, bridge_answers.c.outgoing_id == outgoing.c.id)
        .where(bridge_answers.c.bridge == bridge, outgoing.c.state.in_(_ENDED))
    )
    return [Lost(reply=row.id, ticket=row.ticket, state=row.state, error=row.error) for row in connection.execute(query)]


def told(connection: Connection, bridge: str, reply: str) -> None:
    """Its ticket knows that it did not arrive."""
    mine = (bridge_answers.c.bridge == bridge, bridge_answers.c.outgoing_id == reply)
    connection.execute(delete(bridge_answers).where(*mine))


def _ticket(bridge: str, number: str) -> Update:
    return update(bridge_tickets).where(bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket == number)


def _public(bridge: str, number: str) -> str:
    """As others know the ticket: two systems may have the same number."""
    return f"{bridge}/{number}"


def _actor(bridge: str) -> str:
    return f"bridge/{bridge}"
