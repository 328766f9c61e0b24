"""Replies: queued for the handle that wrote, once for each key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

import msgspec
import orjson
from sqlalchemy import Connection, RowMapping

from desk import elsewhere, files, loops, reply_events
from desk.answerable import unanswerable
from desk.elsewhere import Elsewhere
from desk.files import FileRules, ReplyFile
from desk.refusals import Refused
from desk.reply_events import Happened
from desk.wording import Chosen, Render, Worded, no_templates
from normalizer.inbound import Button, Handle
from storage import endings, erased, lookup, outgoing, outgoing_files
from storage.database import DatabaseUnavailable
from storage.outgoing import NewOutgoing
from storage.outgoing_files import FileRow

_NOT_ON_ONE_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to a stored envelope, or to the last one of a conversation that can be answered: one of the two is named.

    `template` instead of `text`: its words become those of the reply when it is queued. `author` says who or what wrote it;
    `subject` only where the customer's does not fit. It does not leave before `not_before_ms`. `key`, one of `asker`'s own,
    makes the same request again the same reply. With `elsewhere` it goes by mail to an address that was only typed.
    """

    text: str
    author: str
    template: Chosen | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    html: str | None = None
    subject: str | None = None
    buttons: tuple[Button, ...] = ()
    files: tuple[ReplyFile, ...] = ()
    automatic: bool = False
    not_before_ms: int | None = None
    key: str | None = None
    asker: str = ""
    elsewhere: Elsewhere | None = None

    @property
    def whole_key(self) -> str | None:
        """The key among those of all who ask."""
        return None if self.key is None else f"{self.asker}\n{self.key}"

    @property
    def blobs(self) -> frozenset[str]:
        """The SHA-256 of the files that come with it."""
        return frozenset(file.sha256 for file in self.files if file.sha256 is not None)

    @property
    def digest(self) -> bytes:
        """Of all that it says."""
        said = msgspec.to_builtins(replace(self, key=None, files=()))
        if self.elsewhere is None:
            del said["elsewhere"]  # as it was before there was any
        return sha256(msgspec.json.encode(said) + msgspec.json.encode([file.said for file in self.files])).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What is known of the configuration: whether a connector can send, whether a handle is one of our own, which files may
    leave, and the words of templates."""

    can_send: Callable[[str], bool]
    own: Callable[[Handle], bool]
    files: FileRules = field(default_factory=FileRules)
    render: Render = no_templates

    def takes_templates(self, connector: str) -> bool:
        """Whether approved ones may leave where the time for free texts is over."""
        limits = self.files.limits.get(connector)
        return limits is not None and limits.templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A reply that is kept. `repeat`: it was before."""

    id: str
    message: str
    conversation: str
    repeat: bool = False


def queue(
    connection: Connection,
    reply: Reply,
    channels: Channels,
    now_ms: int,
    put_since: Mapping[str, int] = MappingProxyType({}),
    *,
    bounded: bool = False,
    unasked: bool = False,
) -> Queued:
    """Queue a reply inside the caller's transaction, and tell of it. Raises `Refused`.

    The bytes of its files are in the blob store: `desk.attaching` puts them there, and says in `put_since` which ends of blobs
    it has seen. Raises `BlobsEnded` where they must be put again.

    It goes through the connector of the envelope to the handle that wrote it, or to the one given in that contact for
    answers (`reply.via`), and nowhere else. Where an automatic one goes, `loops.recipient` says. `bounded` and
    `unasked` say of it what `loops.refusal` must know.
    """
    if (before := queued_before(connection, reply)) is not None:
        return before
    row, named, said = look(connection, reply, channels, now_ms)
    endings.check(connection, reply.blobs, put_since)
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    contact = loops.answered(row["connector"], row["conversation_id"], data)
    if reply.automatic and (held := loops.refusal(connection, contact, channels.own, now_ms, bounded=bounded, unasked=unasked)):
        if (before := queued_before(connection, reply)) is not None:  # it waited for the same request, which counts by now
            return before
        raise Refused(held)
    to = loops.recipient(contact.sender, contact.via) if reply.automatic else contact.via or contact.sender
    if reply.elsewhere is not None:
        to = reply.elsewhere.to
    new = _new(reply, said, row, to, now_ms)
    if not outgoing.add(connection, new, _leaves_ms(reply, now_ms)):  # asked for twice at once
        if (before := queued_before(connection, reply)) is None:
            raise DatabaseUnavailable("a reply of this key was removed at this moment: ask again")
        return before
    outgoing_files.add(connection, new.id, named)
    reply_events.tell(connection, [Happened(reply=new.id, state="queued", at_ms=now_ms)])
    return Queued(id=new.id, message=row["id"], conversation=row["conversation_id"])


def look(connection: Connection, reply: Reply, channels: Channels, now_ms: int) -> tuple[RowMapping, list[FileRow], Worded]:
    """The contact it answers, the rows of its files, and its words. Raises `Refused`, but not for what holds back automatic
    ones only."""
    _check(reply, channels)
    row = contact_of(connection, reply, channels, now_ms)
    if (refused := _refused(connection, reply, row, channels, now_ms)) is not None:
        raise refused
    there = reply.elsewhere
    allowed = orjson.loads(row["envelope"])["data"]["reply"]["allowed"] if there is None else elsewhere.FORMS
    through = row["connector"] if there is None else there.connector
    said = _worded(reply, row, channels)
    if not said.text.strip() and not reply.files:
        raise Refused("no_text" if reply.template is None else "not_rendered")
    return row, files.rows(connection, reply.files, row, allowed, channels.files, through=through), said


def queued_before(connection: Connection, reply: Reply) -> Queued | None:
    """The reply that was queued by this key. Raises `Refused` where that one said something else."""
    if (key := reply.whole_key) is None or (row := outgoing.by_key(connection, key)) is None:
        return None
    if bytes(row["reply_digest"]) != reply.digest:
        raise Refused("key_used")
    return Queued(id=row["id"], message=row["message_id"], conversation=row["conversation_id"], repeat=True)


def contact_of(connection: Connection, reply: Reply, channels: Channels, now_ms: int, *, discarded: bool = True) -> RowMapping:
    """The contact it answers: of a conversation the last one that can be, `discarded` or not. Raises `Refused`."""
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
    first: Refused | None = None
    for row in lookup.latest_in(connection, conversation["id"], discarded=discarded):
        refused = _refused(connection, reply, row, channels, now_ms)
        if refused is None:
            return row
        first = first or refused
    raise first or Refused("not_allowed" if discarded else "discarded")


def _worded(reply: Reply, row: RowMapping, channels: Channels) -> Worded:
    """Raises `Refused`."""
    if reply.template is None:
        return Worded(text=reply.text, subject=reply.subject)
    data = orjson.loads(row["envelope"])["data"]
    said = channels.render(row["id"], data, reply.template)
    return said if reply.subject is None else replace(said, subject=reply.subject)


def _new(reply: Reply, said: Worded, row: RowMapping, to: Handle, now_ms: int) -> NewOutgoing:
    buttons, there = [{"id": one.id, "title": one.title} for one in reply.buttons], reply.elsewhere
    return NewOutgoing(
        id=str(uuid4()),
        connector=row["connector"] if there is None else there.connector,
        brand=None if there is None else row["brand"],
        message_id=row["id"],
        conversation_id=row["conversation_id"],
        handle_kind=to.kind,
        handle_value=to.value,
        handle_proof=to.proof,
        author=reply.author,
        automatic=reply.automatic,
        subject=said.subject if there is None or said.subject else there.subject,
        text=said.text,
        html=reply.html,
        created_ms=now_ms,
        buttons=orjson.dumps(buttons).decode() if buttons else None,
        template=None if said.approved is None else msgspec.json.encode(said.approved).decode(),
        reply_key=reply.whole_key,
        reply_digest=None if reply.key is None else reply.digest,
    )


def _leaves_ms(reply: Reply, now_ms: int) -> int:
    return max(now_ms, reply.not_before_ms or 0)


def _check(reply: Reply, channels: Channels) -> None:
    if not reply.text.strip() and reply.template is None and not reply.files:
        raise Refused("no_text")
    files.check(reply.files, channels.files)
    if reply.subject is not None and _NOT_ON_ONE_LINE.search(reply.subject):
        raise Refused("bad_subject")


def _refused(connection: Connection, reply: Reply, row: RowMapping, channels: Channels, now_ms: int) -> Refused | None:
    """Why this contact cannot be answered by this reply; None where it can, be it by an approved template only."""
    if (there := reply.elsewhere) is not None:
        refused = elsewhere.refusal(connection, row, there, can_send=channels.can_send, own=channels.own)
        return None if refused is None else Refused(refused)
    reason = unanswerable(connection, row, channels.can_send, _leaves_ms(reply, now_ms))
    if reason != "window_closed" or not channels.takes_templates(row["connector"]):
        return None if reason is None else Refused(reason)
    alone = not reply.files and not reply.buttons
    if reply.template is not None and alone and _worded(reply, row, channels).approved is not None:
        return None
    return Refused(reason, allowed=("template",))
