"""What is to be sent: queued with the decision to send it, taken by one node at a time, and settled once.

A row goes from `queued` to `sending` in a transaction before the channel is called, and from there to `sent`, `failed`,
`unknown`, or back to `queued` for another try (`storage.outgoing_tries`). To each address of a conversation its rows go
one after the other. The words of a `secret` row are erased by whatever ends it (`storage.outgoing_ends`).
"""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, and_, case, null, or_, select

from storage.bulk import insert_rows
from storage.schema import outgoing

QUEUED: Final = "queued"
SENDING: Final = "sending"
SENT: Final = "sent"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
"""The states of an outgoing message; the last three are its end."""

OPEN: Final = (QUEUED, SENDING)
TAKEN: Final = ("sent", "delivered", "read", "played", "echo")
"""What providers tell of a message that they have."""
WORDS_AFTER: Final = {
    "text": case((outgoing.c.secret, ""), else_=outgoing.c.text),
    "html": case((outgoing.c.secret, null()), else_=outgoing.c.html),
}
"""What is left of the words when a row has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutgoing:
    """What is queued. `id` is also the token the channel is given; `message_id` the envelope it answers.

    One that answers nothing has a `brand`, and an `account` where its connector has several; an answer has a `brand` where it
    leaves elsewhere than to whom it answers (`desk.elsewhere`). It does not leave from `until_ms`
    on. `secret`: its words are erased once it has ended. Of two with the same `reply_key` there is only one; `reply_digest` is
    of the content.
    """

    id: str
    connector: str
    message_id: str | None
    conversation_id: str | None
    handle_kind: str
    handle_value: str
    handle_proof: str
    author: str
    automatic: bool
    subject: str | None
    text: str
    html: str | None
    created_ms: int
    brand: str | None = None
    account: str | None = None
    until_ms: int | None = None
    secret: bool = False
    buttons: str | None = None
    template: str | None = None
    reply_key: str | None = None
    reply_digest: bytes | None = None


def add(connection: Connection, new: NewOutgoing, due_ms: int | None = None) -> bool:
    """Queue it, due at once where no time is said. False where one with its `reply_key` is there: that one stays."""
    row = asdict(new) | {"state": QUEUED, "due_ms": new.created_ms if due_ms is None else due_ms}
    return insert_rows(connection, outgoing, [row], ignore=True) == 1


def by_key(connection: Connection, reply_key: str) -> RowMapping | None:
    """The row that was queued by this key, or None."""
    return connection.execute(select(outgoing).where(outgoing.c.reply_key == reply_key)).mappings().one_or_none()


def is_before(earlier: FromClause, now_ms: int) -> ColumnElement[bool]:
    """It must end before a later one of its conversation may leave: one for a later time holds up nobody until then. One that
    was due when it was queued is not for a later time, whatever the clock of that node was."""
    at_once = earlier.c.due_ms <= earlier.c.created_ms
    return and_(earlier.c.state.in_(OPEN), or_(earlier.c.first_ms.is_not(None), earlier.c.due_ms <= now_ms, at_once))


def waits_for(connection: Connection, row: RowMapping, now_ms: int) -> str | None:
    """The id of an earlier message of its conversation that must end before a queued one can leave, or None."""
    if row["state"] != QUEUED or row["conversation_id"] is None:
        return None
    query = select(outgoing.c.id).where(
        outgoing.c.conversation_id == row["conversation_id"],
        outgoing.c.position < row["position"],
        is_before(outgoing, now_ms),
    )
    return connection.execute(query.order_by(outgoing.c.position).limit(1)).scalar_one_or_none()


def find(connection: Connection, id_: str) -> RowMapping | None:
    """One row with everything, or None."""
    return connection.execute(select(outgoing).where(outgoing.c.id == id_)).mappings().one_or_none()


def answers_to(connection: Connection, message: RowMapping) -> list[RowMapping]:
    """What was queued in answer to a stored message, oldest first."""
    # By its conversation, for which there is an index.
    ours = (outgoing.c.conversation_id == message["conversation_id"], outgoing.c.message_id == message["id"])
    return list(connection.execute(select(outgoing).where(*ours).order_by(outgoing.c.position)).mappings())


def recent(connection: Connection, limit: int, state: str | None = None) -> list[RowMapping]:
    """The last rows, newest first, of one state or of all."""
    query = select(outgoing).order_by(outgoing.c.position.desc()).limit(limit)
    if state is not None:
        query = query.where(outgoing.c.state == state)
    return list(connection.execute(query).mappings())
