"""What customers were told meanwhile: nobody answers over what a colleague has just answered, nor says the same twice without
knowing it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from desk.replies import Reply
from normalizer.inbound import Handle
from storage.outgoing import FAILED
from storage.schema import handles, messages, outgoing

JUST_MS: Final = 10 * 60_000
"""So long ago at most the same words are taken for a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reply that somebody gave. `position`: its place among all that went out."""

    id: str
    position: int
    author: str
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What whoever answers has seen: the `newest` reply to this customer, as a position, and the one that says the same, where
    they are `sure` to say it again."""

    newest: int = 0
    sure: int = 0


class SaidMeanwhile(Exception):
    """Nothing was queued: these replies, oldest first, are not known to whoever answers. `same`: it is their own, of the same
    words."""

    def __init__(self, said: Sequence[Said], *, same: bool) -> None:
        super().__init__("the same was just said" if same else "somebody else has answered meanwhile")
        self.said = tuple(said)
        self.same = same


def newest(connection: Connection, replies: Collection[str]) -> int:
    """The position of the last of some replies, by their ids; 0 where there are none."""
    query = select(func.coalesce(func.max(outgoing.c.position), 0)).where(outgoing.c.id.in_(replies))
    return int(connection.execute(query).scalar_one())


def check(connection: Connection, reply: Reply, to: Handle, known: Known, now_ms: int) -> None:
    """For a reply to a message, to the address that it goes to: what others have said since that message came, on whichever
    channel, and its writer has not seen. Raises `SaidMeanwhile`. With the customer locked
    (`identity.answered.lock`), of two who answer at once the second is told of the first."""
    owner = select(handles.c.customer_id).join(messages, handles.c.id == messages.c.handle_id)
    links = select(handles.c.id).where(handles.c.customer_id.in_(owner.where(messages.c.id == reply.message_id)))
    columns = (outgoing.c[name] for name in ("id", "position", "author", "text", "created_ms", "reply_key", "reply_digest"))
    since = (outgoing.c.position > known.newest) | (outgoing.c.created_ms >= now_ms - JUST_MS)
    query = _to(links, *columns).add_columns(outgoing.c.handle_kind, outgoing.c.handle_value)
    rows = connection.execute(query.where(since, outgoing.c.state != FAILED).order_by(outgoing.c.position)).all()
    own = [row for row in rows if (row.reply_key or "").startswith(f"{reply.asker}\n")]
    came_ms = (
        connection.execute(select(messages.c.received_ms).where(messages.c.id == reply.message_id)).scalar_one_or_none() or 0
    )
    unseen = [row for row in rows if row.position > known.newest and row.created_ms >= came_ms]
    if others := [row for row in unseen if row not in own]:
        raise SaidMeanwhile([_said(row) for row in others], same=False)
    just = [row for row in own if row.created_ms >= now_ms - JUST_MS and row.position > known.sure]
    if same := [row for row in just if (row.handle_kind, row.handle_value) == (to.kind, to.value) and _is_same(row, reply)]:
        raise SaidMeanwhile([_said(same[-1])], same=True)


def _to(links: Select[tuple[str]], *columns: ColumnElement[Any]) -> Select[Any]:
    """Of what persons replied to messages of these links. They are found by conversation first, which has an index."""
    theirs = select(messages.c.conversation_id).where(messages.c.handle_id.in_(links))
    query = select(*columns).join(messages, messages.c.id == outgoing.c.message_id)
    return query.where(outgoing.c.conversation_id.in_(theirs), messages.c.handle_id.in_(links), ~outgoing.c.automatic)


def _is_same(row: Row[Any], reply: Reply) -> bool:
    """By its words; what has none of its own (a template, files alone) by all that it says, to the same contact."""
    if reply.template is None and reply.text.strip():
        return bool(row.text == reply.text)
    return row.reply_digest is not None and bytes(row.reply_digest) == reply.digest


def _said(row: Row[Any]) -> Said:
    return Said(id=row.id, position=row.position, author=row.author, text=row.text, at_ms=row.created_ms)
