"""Who was answered: what a customer wrote in a conversation waits for nobody once a person has answered it.

An answer goes to the one who wrote, so only their words count as heard: in a conversation that an unmerge has split, the
other customer still waits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, select, update

from identity.holding import Held
from identity.people import Customer
from identity.store import rows_among
from storage.database import DatabaseUnavailable
from storage.schema import customers, handles, messages

_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation and whose words in it may be answered now; the customer is locked."""

    held: Held
    customer: Customer
    conversation_id: str


def lock(connection: Connection, message_id: str) -> None:
    """Whoever wrote a message is not erased, merged or split until the end of the transaction. For who need know nothing of
    them: `hold` reads it all."""
    owner = (
        select(handles.c.customer_id).join(messages, handles.c.id == messages.c.handle_id).where(messages.c.id == message_id)
    )
    for _ in range(_ROUNDS):
        if (whose := connection.execute(owner).scalar_one_or_none()) is None:
            return
        connection.execute(select(customers.c.id).where(customers.c.id == whose).with_for_update())
        if whose == connection.execute(owner).scalar_one_or_none():  # it did not move while the lock was waited for
            return
    raise DatabaseUnavailable("this customer is being merged by other nodes")


def hold(connection: Connection, message_id: str) -> Waiting | None:
    """Whoever wrote a message, as its address is theirs now, until the end of the transaction; None where it is not stored
    any more."""
    return hold_all(connection, [message_id]).get(message_id)


def hold_all(connection: Connection, message_ids: Collection[str]) -> dict[str, Waiting]:
    """The same of many, by the ids of their messages: all are locked at once, so that who does the same to some of them waits
    for all, and neither for the other."""
    query = select(messages.c.id, handles.c.customer_id, messages.c.conversation_id)
    query = query.join(handles, handles.c.id == messages.c.handle_id)
    rows = list(rows_among(connection, query, messages.c.id, message_ids))
    if not rows:
        return {}
    held = Held(connection, {row.customer_id for row in rows})
    return {
        row.id: Waiting(held, held.top(row.customer_id), row.conversation_id)
        for row in rows
        if row.customer_id in held.customers
    }


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
