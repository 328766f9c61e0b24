"""Replies: queued for the handle that wrote, once for each key."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec
import orjson
from sqlalchemy import Connection, RowMapping

from connectors.email.contact import MARKED
from desk import loops, reply_events
from desk.refusals import RefusalReason, Refused
from desk.reply_events import Happened
from normalizer.inbound import Button, Handle
from storage import erased, lookup, outgoing
from storage.database import DatabaseUnavailable
from storage.outgoing import NewOutgoing

TEXT: Final = "text"
_NOT_ON_ONE_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to a stored envelope, or to the last one of a conversation that can be answered: one of the two is named.

    `author` says who or what wrote it; `subject` only where the customer's does not fit. It does not leave before
    `not_before_ms`. `key`, one of `asker`'s own, makes the same request again the same reply.
    """

    text: str
    author: str
    message_id: str | None = None
    conversation_id: str | None = None
    html: str | None = None
    subject: str | None = None
    buttons: tuple[Button, ...] = ()
    automatic: bool = False
    not_before_ms: int | None = None
    key: str | None = None
    asker: str = ""

    @property
    def whole_key(self) -> str | None:
        """The key among those of all who ask."""
        return None if self.key is None else f"{self.asker}\n{self.key}"

    @property
    def digest(self) -> bytes:
        """Of all that it says."""
        return sha256(msgspec.json.encode(replace(self, key=None))).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What is known of the configuration: whether a connector can send, and whether a handle is one of our own."""

    can_send: Callable[[str], bool]
    own: Callable[[Handle], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A reply that is kept. `repeat`: it was before."""

    id: str
    message: str
    conversation: str
    repeat: bool = False


def queue(connection: Connection, reply: Reply, channels: Channels, now_ms: int, *, bounded: bool = False) -> Queued:
    """Queue a reply inside the caller's transaction, and tell of it. Raises `Refused`.

    It goes through the connector of the envelope to the handle that wrote it, or to the one given in that contact for
    answers (`reply.via`), and nowhere else. Where an automatic one goes, `loops.recipient` says. `bounded`: whoever asks for it
    answers no contact by itself and asks for few, so that the limits against loops are not needed.
    """
    if (before := queued_before(connection, reply)) is not None:
        return before
    _check(reply)
    row = contact_of(connection, reply, channels, now_ms)
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    if (reason := _unanswerable(connection, row, channels, _leaves_ms(reply, now_ms))) is not None:
        raise Refused(reason)
    contact = _answered(row, data)
    if reply.automatic and (refusal := loops.refusal(connection, contact, channels.own, now_ms, bounded=bounded)):
        if (before := queued_before(connection, reply)) is not None:  # it waited for the same request, which counts by now
            return before
        raise Refused(refusal)
    to = loops.recipient(contact.sender, contact.via) if reply.automatic else contact.via or contact.sender
    new = _new(reply, row, to, now_ms)
    if not outgoing.add(connection, new, _leaves_ms(reply, now_ms)):  # asked for twice at once
        if (before := queued_before(connection, reply)) is None:
            raise DatabaseUnavailable("a reply of this key was removed at this moment: ask again")
        return before
    reply_events.tell(connection, [Happened(reply=new.id, state="queued", at_ms=now_ms)])
    return Queued(id=new.id, message=row["id"], conversation=row["conversation_id"])


def queued_before(connection: Connection, reply: Reply) -> Queued | None:
    """The reply that was queued by this key. Raises `Refused` where that one said something else."""
    if (key := reply.whole_key) is None or (row := outgoing.by_key(connection, key)) is None:
        return None
    if bytes(row["reply_digest"]) != reply.digest:
        raise Refused("key_used")
    return Queued(id=row["id"], message=row["message_id"], conversation=row["conversation_id"], repeat=True)


def contact_of(connection: Connection, reply: Reply, channels: Channels, now_ms: int) -> RowMapping:
    """The contact it answers: of a conversation the last one that can be. Raises `Refused`."""
    if reply.message_id is not None:
        row = lookup.message(connection, reply.message_id)
        if row is None:
            raise Refused("gone" if erased.is_erased(connection, reply.message_id) else "unknown_message")
        return row
    conversation = lookup.conversation(connection, reply.conversation_id or "")
    if conversation is None:
        raise Refused("unknown_conversation")
    if conversation["split"]:
        raise Refused("split_conversation")
    first: RefusalReason | None = None
    for row in lookup.latest_in(connection, conversation["id"]):
        reason = _unanswerable(connection, row, channels, _leaves_ms(reply, now_ms))
        if reason is None:
            return row
        first = first or reason
    raise Refused(first or "not_allowed")


def _new(reply: Reply, row: RowMapping, to: Handle, now_ms: int) -> NewOutgoing:
    buttons = [{"id": one.id, "title": one.title} for one in reply.buttons]
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
        buttons=orjson.dumps(buttons).decode() if buttons else None,
        reply_key=reply.whole_key,
        reply_digest=None if reply.key is None else reply.digest,
    )


def _window(connection: Connection, row: RowMapping, data: dict[str, Any]) -> str | None:
    """Until when it may be answered: the customer's last contact opens the time for all before it. One that gave an address
    of its own, such as a comment, is answered there, and has its own time."""
    if data["reply"]["via"] is not None:
        return data["reply"]["until"]  # type: ignore[no-any-return]  # our own envelope
    latest = orjson.loads(lookup.latest_of_sender(connection, row)["envelope"])["data"]
    return latest["reply"]["until"]  # type: ignore[no-any-return]  # as above


def _is_over(until: str | None, at_ms: int) -> bool:
    return until is not None and datetime.fromisoformat(until).astimezone(UTC).timestamp() * 1000 < at_ms


def _leaves_ms(reply: Reply, now_ms: int) -> int:
    return max(now_ms, reply.not_before_ms or 0)


def _check(reply: Reply) -> None:
    if not reply.text.strip():
        raise Refused("no_text")
    if reply.subject is not None and _NOT_ON_ONE_LINE.search(reply.subject):
        raise Refused("bad_subject")


def _unanswerable(connection: Connection, row: RowMapping, channels: Channels, at_ms: int) -> RefusalReason | None:
    """Why a contact cannot be answered at that time, whatever is answered; None where it can."""
    data = orjson.loads(row["envelope"])["data"]
    if TEXT not in data["reply"]["allowed"]:
        return "not_allowed"
    if not channels.can_send(row["connector"]):
        return "cannot_send"
    if lookup.address_ended(connection, row):
        return "address_gone"
    return "window_closed" if _is_over(_window(connection, row, data), at_ms) else None


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
