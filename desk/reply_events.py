"""What becomes of replies, as events: each state of a reply is told once, by ids and codes only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal, get_args
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, RowMapping, select

from normalizer.event import event
from storage import events
from storage.bulk import among, ids_parameter
from storage.events import NewEvent
from storage.schema import handles, messages, outgoing

State = Literal["queued", "sent", "delivered", "read", "failed", "unknown"]
STATES: Final[tuple[State, ...]] = get_args(State)
_FAILED: Final = ("failed", "unknown")
REJECTED: Final = "regia.reply.rejected.v1"
"""Of what never became a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A reply came to a state. `code` and `provider_code` say why it failed."""

    reply: str
    state: State
    at_ms: int
    code: str | None = None
    provider_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotQueued:
    """A request for a reply that was refused. `id` is the same whenever the same request comes again; `about` are those ids
    that it named, the place of a file, and what is
    allowed instead."""

    id: str
    reason: str
    asker: str
    key: str | None
    about: Mapping[str, object]
    at_ms: int


def tell(connection: Connection, happened: Sequence[Happened]) -> None:
    """Tell of those that answer a contact; a code for a customer is no reply, and nobody's business. In the order of the
    replies, so that two nodes that hear of the same ones cannot wait for each other."""
    rows = _rows(connection, [one.reply for one in happened])
    told = sorted((one for one in happened if one.reply in rows), key=attrgetter("reply"))
    events.add(connection, [_event(one, rows[one.reply]) for one in told])


def reject(connection: Connection, refused: NotQueued) -> None:
    """Tell that there is no such reply, and why."""
    id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:reply:rejected:{refused.id}"))
    data = {"reason": refused.reason, "asker": refused.asker, "key": refused.key, **refused.about}
    body = event(REJECTED, id_=id_, source="/regia/replies", subject=refused.key or id_, at_ms=refused.at_ms, data=data)
    events.add(connection, [NewEvent(id_, REJECTED, refused.key or id_, refused.at_ms, body)])


def _rows(connection: Connection, ids: Sequence[str]) -> dict[str, RowMapping]:
    if not ids:
        return {}
    own = ("id", "message_id", "conversation_id", "automatic", "reply_key", "provider_code")
    query = (
        select(*(outgoing.c[name] for name in own), messages.c.brand, messages.c.channel, handles.c.customer_id)
        .join(messages, messages.c.id == outgoing.c.message_id)
        .join(handles, handles.c.id == messages.c.handle_id, isouter=True)
        .where(among(connection, outgoing.c.id))
    )
    return {row["id"]: row for row in connection.execute(query, ids_parameter(connection, ids)).mappings()}


def _event(one: Happened, row: RowMapping) -> NewEvent:
    type_, id_ = f"regia.reply.{one.state}.v1", str(uuid5(NAMESPACE_URL, f"urn:regia:reply:{one.reply}:{one.state}"))
    data: dict[str, Any] = {
        "reply": one.reply,
        "key": None if row["reply_key"] is None else row["reply_key"].partition("\n")[2],
        "message": row["message_id"],
        "conversation": row["conversation_id"],
        "customer": row["customer_id"],
        "channel": row["channel"],
        "automatic": row["automatic"],
        "code": one.code,
        "provider_code": one.provider_code or (row["provider_code"] if one.state in _FAILED else None),
    }
    body = event(type_, id_=id_, source=f"/{row['brand']}", subject=one.reply, at_ms=one.at_ms, data=data)
    return NewEvent(id_, type_, one.reply, one.at_ms, body)
