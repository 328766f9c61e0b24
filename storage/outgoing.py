"""What is to be sent: queued with the decision to send it, taken by one node at a time, and settled once.

A row goes from `queued` to `sending` in a transaction of its own before the channel is called, and from there to `sent`,
`failed`, `unknown`, or back to `queued` for another try. Rows of one conversation go one after the other. The words of a
`secret` row are erased by whatever ends it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, and_, case, func, null, or_, select, update

from storage import outgoing_files
from storage.bulk import insert_rows
from storage.lookup import ADDRESS_ENDED
from storage.outgoing_files import FileRow
from storage.schema import handles, messages, outgoing, outgoing_parts

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
_ADDRESS_GONE: Final = {
    "error": "invalid_recipient: the address is not this customer's any more",
    "provider_code": None,
    **WORDS_AFTER,
}
_GONE: Final = ADDRESS_ENDED.label("gone")
"""Of the link by which the answered contact came, also where the answer goes to an address that the contact gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutgoing:
    """What is queued. `id` is also the token the channel is given; `message_id` the envelope it answers.

    One that answers nothing has a `brand`, and an `account` where its connector has several. It does not leave from `until_ms`
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(NewOutgoing):
    """A row this node is to send now. `attempts` counts this one; `first_ms` is when the first began; `envelope` are the
    bytes it answers, None when they are not stored any more; `files` are named by their rows."""

    attempts: int
    first_ms: int
    envelope: bytes | None
    last_inbound_ms: int | None
    """When who wrote it last wrote to the same account, on the same channel."""
    files: tuple[FileRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A row whose end is to be told."""

    id: str
    connector: str
    state: str
    attempts: int
    external_id: str | None
    handle_value: str
    message_id: str | None
    automatic: bool
    created_ms: int
    provider_code: str | None
    error: str | None
    ended_ms: int
    brand: str | None
    channel: str | None
    account: str | None


_CLAIMED: Final = [
    column for column in outgoing.columns if column.name in NewOutgoing.__dataclass_fields__ or column.name == "attempts"
]


def add(connection: Connection, new: NewOutgoing, due_ms: int | None = None) -> bool:
    """Queue it, due at once where no time is said. False where one with its `reply_key` is there: that one stays."""
    row = asdict(new) | {"state": QUEUED, "due_ms": new.created_ms if due_ms is None else due_ms}
    return insert_rows(connection, outgoing, [row], ignore=True) == 1


def by_key(connection: Connection, reply_key: str) -> RowMapping | None:
    """The row that was queued by this key, or None."""
    return connection.execute(select(outgoing).where(outgoing.c.reply_key == reply_key)).mappings().one_or_none()


def _is_before(earlier: FromClause, now_ms: int) -> ColumnElement[bool]:
    """It must end before a later one of its conversation may leave: one for a later time holds up nobody until then. One that
    was due when it was queued is not for a later time, whatever the clock of that node was."""
    at_once = earlier.c.due_ms <= earlier.c.created_ms
    return and_(earlier.c.state.in_(OPEN), or_(earlier.c.first_ms.is_not(None), earlier.c.due_ms <= now_ms, at_once))


def _first_of_its_conversation(now_ms: int) -> ColumnElement[bool]:
    earlier = outgoing.alias("earlier")
    return ~(
        select(earlier.c.position)
        .where(
            earlier.c.conversation_id == outgoing.c.conversation_id,
            or_(and_(earlier.c.position < outgoing.c.position, _is_before(earlier, now_ms)), earlier.c.state == SENDING),
        )
        .exists()
    )


def _due(now_ms: int, connectors: Collection[str]) -> ColumnElement[bool]:
    return and_(
        outgoing.c.told_ms.is_(None),
        outgoing.c.state == QUEUED,
        outgoing.c.due_ms <= now_ms,
        or_(outgoing.c.until_ms.is_(None), outgoing.c.until_ms > now_ms),
        outgoing.c.connector.in_(connectors),
        _first_of_its_conversation(now_ms),
    )


def due(connection: Connection, now_ms: int, connectors: Collection[str]) -> set[str]:
    """Those of `connectors` that have something to send now."""
    query = select(outgoing.c.connector).where(_due(now_ms, connectors)).distinct()
    return set(connection.execute(query).scalars())


def _last_inbound() -> ColumnElement[int | None]:
    later = messages.alias("later")
    this = [later.c[name] == messages.c[name] for name in ("handle_id", "connector", "channel")]
    this.append(later.c.account.is_not_distinct_from(messages.c.account))
    return select(func.max(later.c.received_ms)).where(*this).scalar_subquery().label("last_inbound_ms")


def claim(connection: Connection, connector: str, node: str, *, now_ms: int, lost_ms: int, limit: int) -> list[Claimed]:
    """Take what is due, oldest first, so that no other node does. After `lost_ms` nobody can be at it any more.

    What answers somebody whose address is not theirs any more becomes `failed` instead, and is none of those given back."""
    query: Select[Any] = (
        select(*_CLAIMED, outgoing.c.position, outgoing.c.first_ms, messages.c.envelope, _last_inbound(), _GONE)
        .join(messages, messages.c.id == outgoing.c.message_id, isouter=True)
        .join(handles, handles.c.id == messages.c.handle_id, isouter=True)
        .where(_due(now_ms, (connector,)))
        .order_by(outgoing.c.position)
        .limit(limit)
    )
    taken: list[Claimed] = []
    for found in connection.execute(query).mappings().all():
        row = dict(found)
        first_ms = row.pop("first_ms") or now_ms
        attempts = row.pop("attempts") + 1
        taking = {"state": SENDING, "node": node, "due_ms": lost_ms, "first_ms": first_ms, "attempts": attempts}
        ending = {"state": FAILED, "node": node, "ended_ms": now_ms, **_ADDRESS_GONE}
        gone = row.pop("gone")
        # Another node may have been faster since the row was read; it holds the row's lock until it has committed.
        this = and_(outgoing.c.position == row.pop("position"), outgoing.c.state == QUEUED)
        changed = connection.execute(update(outgoing).where(this).values(ending if gone else taking)).rowcount
        if changed and not gone:
            taken.append(Claimed(**row, first_ms=first_ms, attempts=attempts))
    files = outgoing_files.of(connection, [one.id for one in taken]) if taken else {}
    return [replace(one, files=files[one.id]) if one.id in files else one for one in taken]


def name(connection: Connection, id_: str, external_id: str) -> None:
    """Record the id it will have at the provider."""
    connection.execute(update(outgoing).where(outgoing.c.id == id_).values(external_id=external_id))


def settle(connection: Connection, row: Claimed, node: str, values: Mapping[str, Any], parts: Sequence[str] = ()) -> bool:
    """Record what became of a try, and the ids of all parts where it left in several. False: the row is not in this node's
    hands any more, and stays as it is."""
    this = and_(
        outgoing.c.id == row.id,
        outgoing.c.state == SENDING,
        outgoing.c.node == node,
        outgoing.c.attempts == row.attempts,
    )
    ended = {} if values["state"] in OPEN else WORDS_AFTER
    if not connection.execute(update(outgoing).where(this).values({**values, **ended})).rowcount:
        return False
    named = [{"connector": row.connector, "external_id": part, "outgoing_id": row.id} for part in parts]
    insert_rows(connection, outgoing_parts, named, ignore=True)
    return True


def untold(connection: Connection, node: str, limit: int, before_ms: int) -> list[Ended]:
    """Ends that this node has recorded and not yet told, and those of before that time which no other node has told: there may
    be none of that name any more."""
    shared = ("brand", "account")  # the contact's it answers, or its own
    own = [one for one in outgoing.columns if one.name in Ended.__dataclass_fields__ and one.name not in shared]
    either = [func.coalesce(messages.c[name], outgoing.c[name]).label(name) for name in shared]
    mine = or_(outgoing.c.node == node, outgoing.c.ended_ms < before_ms)
    query: Select[Any] = (
        select(*own, *either, messages.c.channel)
        .join(messages, messages.c.id == outgoing.c.message_id, isouter=True)
        .where(outgoing.c.told_ms.is_(None), mine, outgoing.c.state.not_in(OPEN))
        .order_by(outgoing.c.position)
        .limit(limit)
    )
    return [Ended(**row) for row in connection.execute(query).mappings()]


def tell(connection: Connection, ended: Sequence[Ended], now_ms: int) -> None:
    """Their ends are told; one that has come to another end since is not."""
    for state in sorted({one.state for one in ended}):
        ids = [one.id for one in ended if one.state == state]
        connection.execute(update(outgoing).where(outgoing.c.id.in_(ids), outgoing.c.state == state).values(told_ms=now_ms))


def waits_for(connection: Connection, row: RowMapping, now_ms: int) -> str | None:
    """The id of an earlier message of its conversation that must end before a queued one can leave, or None."""
    if row["state"] != QUEUED or row["conversation_id"] is None:
        return None
    query = select(outgoing.c.id).where(
        outgoing.c.conversation_id == row["conversation_id"],
        outgoing.c.position < row["position"],
        _is_before(outgoing, now_ms),
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
