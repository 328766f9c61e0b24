"""What a ticket system tells of a conversation: which ticket it is, and that it is closed."""

from typing import Final, Literal, get_args

from sqlalchemy import Connection, select, update

from storage.schema import conversations, messages

TicketState = Literal["opened", "assigned", "updated", "closed"]
STATES: Final[tuple[TicketState, ...]] = get_args(TicketState)


def conversation_of(connection: Connection, message_id: str) -> str | None:
    """The conversation of a stored message."""
    query = select(messages.c.conversation_id).where(messages.c.id == message_id)
    return connection.execute(query).scalar_one_or_none()


def tell(connection: Connection, conversation_id: str, ticket: str, state: TicketState) -> bool:
    """Name the conversation's ticket; one that is closed ends the conversation, until somebody answers one of its messages.
    False where there is no such conversation. What comes of an earlier ticket of the conversation changes nothing."""
    query = select(conversations.c.ticket).where(conversations.c.id == conversation_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if state == "opened" or row.ticket in (None, ticket):
        values = {"ticket": ticket, **({"open": False} if state == "closed" else {})}
        connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(values))
    return True
