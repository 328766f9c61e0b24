"""Who was answered: what a customer wrote in a conversation waits for nobody once a person has answered it.

An answer goes to the one who wrote, so only their words count as heard: in a conversation that an unmerge has split, the
other customer still waits.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, select, update

from identity.holding import Held
from identity.people import Customer
from storage.schema import handles, messages


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation and whose words in it may be answered now; the customer is locked."""

    held: Held
    customer: Customer
    conversation_id: str


def hold(connection: Connection, message_id: str) -> Waiting | None:
    """Whoever wrote a message, as its address is theirs now, until the end of the transaction; None where it is not stored
    any more."""
    query = (
        select(handles.c.customer_id, messages.c.conversation_id)
        .join(handles, handles.c.id == messages.c.handle_id)
        .where(messages.c.id == message_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    held = Held(connection, [row.customer_id])
    return Waiting(held, held.top(row.customer_id), row.conversation_id) if row.customer_id in held.customers else None


def mark(connection: Connection, waiting: Waiting, until_ms: int) -> int:
    """What they wrote there up to this time is answered; how many contacts had waited."""
    theirs = select(handles.c.id).where(handles.c.customer_id == waiting.customer.id)
    this = and_(
        messages.c.conversation_id == waiting.conversation_id,
        messages.c.awaits_answer,
        messages.c.at_ms <= until_ms,
        messages.c.handle_id.in_(theirs),
    )
    heard = connection.execute(update(messages).where(this).values(awaits_answer=False)).rowcount
    if heard:
        waiting.customer.unanswered = max(0, waiting.customer.unanswered - heard)
        waiting.held.save([waiting.customer])
    return heard
