"""Replies: queued for the handle that wrote, and made into what a channel sends."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson
from sqlalchemy import Connection, RowMapping

from connectors.base import Outgoing
from connectors.email.contact import MARKED
from connectors.errors import SendFailed
from desk import loops
from desk.refusals import Refused
from normalizer.inbound import Handle
from storage import lookup, outgoing
from storage.outgoing import Claimed, NewOutgoing

_TEXT: Final = "text"
_NOT_ON_ONE_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to a stored envelope. `author` says who or what wrote it; `subject` only where the customer's does not fit."""

    message_id: str
    text: str
    author: str
    html: str | None = None
    subject: str | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What is known of the configuration: whether a connector can send, and whether a handle is one of our own."""

    can_send: Callable[[str], bool]
    own: Callable[[Handle], bool]


def queue(connection: Connection, reply: Reply, channels: Channels, now_ms: int) -> str:
    """Queue a reply inside the caller's transaction; the outgoing message's id. Raises `Refused`.

    It goes through the connector of the envelope to the handle that wrote it, or to the one given in that contact for
    answers (`reply.via`), and nowhere else. Where an automatic one goes, `loops.recipient` says.
    """
    row = lookup.message(connection, reply.message_id)
    if row is None:
        raise Refused("unknown_message")
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    _check(reply, row, data, channels)
    if lookup.address_ended(connection, row):
        raise Refused("address_gone")
    if _is_over(_window(connection, row, data), now_ms):
        raise Refused("window_closed")
    contact = _answered(row, data)
    if reply.automatic and (refusal := loops.refusal(connection, contact, channels.own, now_ms)):
        raise Refused(refusal)
    to = loops.recipient(contact.sender, contact.via) if reply.automatic else contact.via or contact.sender
    new = _new(reply, row, to, now_ms)
    outgoing.add(connection, new)
    return new.id


def _new(reply: Reply, row: RowMapping, to: Handle, now_ms: int) -> NewOutgoing:
    return NewOutgoing(
        id=str(uuid4()),
        connector=row["connector"],
        message_id=row["id"],
        conversation_id=row["conversation_id"],
        handle_kind=to.kind,
        handle_value=to.value,
        handle_proof=to.proof,
        author=reply.author,
        automatic=reply.automatic,
        subject=reply.subject,
        text=reply.text,
        html=reply.html,
        created_ms=now_ms,
    )


def _window(connection: Connection, row: RowMapping, data: dict[str, Any]) -> str | None:
    """Until when it may be answered: the customer's last contact opens the time for all before it. One that gave an address
    of its own, such as a comment, is answered there, and has its own time."""
    if data["reply"]["via"] is not None:
        return data["reply"]["until"]  # type: ignore[no-any-return]  # our own envelope
    latest = orjson.loads(lookup.latest_of_sender(connection, row)["envelope"])["data"]
    return latest["reply"]["until"]  # type: ignore[no-any-return]  # as above


def _is_over(until: str | None, now_ms: int) -> bool:
    return until is not None and _moment(until).timestamp() * 1000 < now_ms


def _check(reply: Reply, row: RowMapping, data: dict[str, Any], channels: Channels) -> None:
    if not reply.text.strip():
        raise Refused("no_text")
    if reply.subject is not None and _NOT_ON_ONE_LINE.search(reply.subject):
        raise Refused("bad_subject")
    if _TEXT not in data["reply"]["allowed"]:
        raise Refused("not_allowed")
    if not channels.can_send(row["connector"]):
        raise Refused("cannot_send")


def _answered(row: RowMapping, data: dict[str, Any]) -> loops.Answered:
    via, thread = data["reply"]["via"], data["thread"]
    return loops.Answered(
        sender=_handle(data["sender"]["handle"]),
        via=None if via is None else _handle(via),
        connector=row["connector"],
        conversation_id=row["conversation_id"],
        automated=data["automated"],
        answers=tuple(filter(None, (thread["in_reply_to"], *thread["references"]))),
        marked=data["fields"].get(MARKED),
    )


def _handle(data: dict[str, str]) -> Handle:
    return Handle(**data)  # type: ignore[arg-type]  # our own envelope: the proof is one of the three


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _last_inbound(row: Claimed, data: dict[str, Any]) -> datetime:
    """When the customer last wrote to where the answer leaves from; a provider's time ahead of ours counts as ours."""
    own = min(_moment(data["sent_at"] or data["received_at"]), _moment(data["received_at"]))
    if data["reply"]["via"] is not None or row.last_inbound_ms is None:
        return own
    return max(own, datetime.fromtimestamp(row.last_inbound_ms / 1000, UTC))


def message(row: Claimed) -> Outgoing:
    """What the channel is given. Raises `SendFailed` when the contact it answers is not stored any more."""
    if row.envelope is None:
        raise SendFailed("unsupported", "the contact it answers is not stored any more")
    data: dict[str, Any] = orjson.loads(row.envelope)["data"]
    return Outgoing(
        to=Handle(row.handle_kind, row.handle_value, row.handle_proof),  # type: ignore[arg-type]  # as it was stored
        text=row.text,
        account=data["account"],
        in_reply_to=data["external_id"],
        token=row.id,
        last_inbound_at=_last_inbound(row, data),
        references=tuple(data["thread"]["references"]),
        subject=row.subject if row.subject is not None else data["subject"],
        html=row.html,
        conversation=row.conversation_id,
        automatic=row.automatic,
    )
