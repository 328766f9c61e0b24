"""What a bridge has done, in the gateway's database: which contact is in which ticket."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from desk.bridges.base import TicketState
from identity import tickets
from identity.ticket_refusals import TicketRefused
from storage.bulk import insert_rows
from storage.schema import bridge_posts, bridge_tickets, messages

_NEWEST: Final = 3
"""Contacts by which a ticket is known, beside the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket of the bridge, by the system's number. `marks`: contacts of its conversation that were put into it, the newest
    few and the first; none where none is stored any more."""

    number: str
    conversation: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A contact that is to be put into the system. `again`: that was begun before, first at `at_ms`. `done`: it is there, or is
    not to go there any more. `ticket`: that of its `conversation`."""

    again: bool = False
    at_ms: int = 0
    done: bool = False
    conversation: str = ""
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A contact that is in a ticket now. `reopened`: which was closed until then. `strange`: it is another conversation's, and
    stays that."""

    message_id: str
    ticket: str
    url: str
    reopened: bool
    strange: bool = False


def begin(connection: Connection, bridge: str, message_id: str, now_ms: int) -> Begun:
    """Note that it is being put there."""
    conversation = _conversation(connection, message_id)
    if conversation is None:  # erased, or not kept any more
        return Begun(done=True)
    row = {"bridge": bridge, "message_id": message_id, "begun_ms": now_ms}
    new = insert_rows(connection, bridge_posts, [row], ignore=True) == 1
    mine = (bridge_posts.c.bridge == bridge, bridge_posts.c.message_id == message_id)
    post = connection.execute(select(bridge_posts.c.ticket, bridge_posts.c.begun_ms).where(*mine)).one()
    done = post.ticket is not None
    query = select(bridge_tickets).where(bridge_tickets.c.bridge == bridge, bridge_tickets.c.conversation_id == conversation)
    last = connection.execute(query.order_by(bridge_tickets.c.opened_ms.desc()).limit(1)).one_or_none()
    ticket = None if last is None else _known(connection, last)
    return Begun(again=not new, at_ms=post.begun_ms, done=done, conversation=conversation, ticket=ticket)


def posted(connection: Connection, bridge: str, what: Posted, now_ms: int) -> None:
    """It is in this ticket, which is known from now on. Who follows tickets is told of a new one, and of one that is open
    again.

    A number that another conversation had is a new ticket: the system has begun to count anew. Not where it is `strange`: then
    agents have merged tickets, and the one that remained is whose it was.
    """
    mine = (bridge_posts.c.bridge == bridge, bridge_posts.c.message_id == what.message_id)
    connection.execute(update(bridge_posts).where(*mine).values(ticket=what.ticket))
    conversation, row = _conversation(connection, what.message_id), _row(connection, bridge, what.ticket)
    if conversation is None or what.strange:
        return
    is_known = row is not None and row.conversation_id == conversation
    if is_known and not what.reopened:
        return
    at_ms = max(now_ms, 0 if row is None else row.told_ms + 1)
    said = tickets.Said(event="reopened" if is_known else "opened", url=what.url)
    ticket = _public(bridge, what.ticket)
    news = tickets.News(ticket=ticket, said=said, at_ms=at_ms, conversation=conversation, only_named=True)
    if not _tell(connection, bridge, news):
        return
    values = {"conversation_id": conversation, "closed": False, "told_ms": at_ms}
    if row is None:
        connection.execute(insert(bridge_tickets).values(bridge=bridge, ticket=what.ticket, opened_ms=now_ms, **values))
    else:
        opened = {} if is_known else {"opened_ms": now_ms, "agent": None, "paused": False}
        _change(connection, bridge, what.ticket, values | opened)


def ours(connection: Connection, bridge: str, numbers: Collection[str]) -> dict[str, Ticket]:
    """Those that the bridge has opened."""
    query = select(bridge_tickets).where(bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket.in_(numbers))
    return {row.ticket: _known(connection, row) for row in connection.execute(query).all()}


def seen(connection: Connection, bridge: str, state: TicketState, now_ms: int, *, closed_is_answer: bool = False) -> None:
    """How a ticket of the bridge stands: told, where that is news. `closed_is_answer`: whoever closes it has answered."""
    row = _row(connection, bridge, state.ticket)
    if row is None or (row.closed, row.paused, row.agent) == (state.closed, state.paused, state.agent):
        return
    at_ms = max(min(state.at_ms, now_ms), row.told_ms + 1)
    for event in _events(row, state):
        answered = closed_is_answer and event == "closed"
        said = tickets.Said(event=event, agent=state.agent, reason=state.reason, answered=answered)
        ticket = _public(bridge, state.ticket)
        news = tickets.News(ticket=ticket, said=said, at_ms=at_ms, conversation=row.conversation_id, only_named=True)
        if not _tell(connection, bridge, news):
            return
    stands = {"closed": state.closed, "paused": state.paused, "agent": state.agent}
    _change(connection, bridge, state.ticket, stands | {"told_ms": at_ms})


def _events(row: Row[Any], state: TicketState) -> Iterator[tickets.TicketEvent]:
    """What has happened to a ticket since it was seen last. Who goes on with a ticket does so before it is closed."""
    if state.agent not in (None, row.agent):
        yield "assigned"
    if row.paused and not state.paused:
        yield "resumed"
    if state.closed != row.closed:
        yield "closed" if state.closed else "reopened"
    if state.paused and not row.paused:
        yield "paused"


def _conversation(connection: Connection, message_id: str) -> str | None:
    return connection.execute(select(messages.c.conversation_id).where(messages.c.id == message_id)).scalar_one_or_none()


def _row(connection: Connection, bridge: str, ticket: str) -> Row[tuple[object, ...]] | None:
    mine = (bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket == ticket)
    return connection.execute(select(bridge_tickets).where(*mine)).one_or_none()


def _known(connection: Connection, row: Row[tuple[object, ...]]) -> Ticket:
    there = (bridge_posts.c.bridge == row.bridge, bridge_posts.c.ticket == row.ticket)
    query = (
        select(messages.c.id)
        .join(bridge_posts, bridge_posts.c.message_id == messages.c.id)
        .where(*there, messages.c.conversation_id == row.conversation_id)
    )
    newest = connection.execute(query.order_by(bridge_posts.c.begun_ms.desc()).limit(_NEWEST)).scalars()
    first = connection.execute(query.order_by(bridge_posts.c.begun_ms).limit(1)).scalars()
    marks = tuple(dict.fromkeys([*newest, *first]))
    return Ticket(number=row.ticket, conversation=row.conversation_id, marks=marks)


def _change(connection: Connection, bridge: str, ticket: str, values: dict[str, object]) -> None:
    mine = (bridge_tickets.c.bridge == bridge, bridge_tickets.c.ticket == ticket)
    connection.execute(update(bridge_tickets).where(*mine).values(values))


def _public(bridge: str, ticket: str) -> str:
    """As others know a ticket: two systems may have the same number."""
    return f"{bridge}/{ticket}"


def _tell(connection: Connection, bridge: str, news: tickets.News) -> bool:
    """False where the conversation was erased at this moment: then the ticket is of nobody."""
    try:
        tickets.tell(connection, news, actor=f"bridge/{bridge}", now_ms=news.at_ms or 0)
    except TicketRefused:
        return False
    return True
