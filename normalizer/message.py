"""From what a connector read to what the gateway works with: clean text, a language, attachments that are stored."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from normalizer import names
from normalizer.inbound import Button, InboundMessage, Reply, Sender, Thread
from normalizer.language import detect
from normalizer.text import clean

_LINE_LIMIT: Final = 998
"""Longest subject or name kept, in characters: one line of RFC 5322."""

_CONVERSATION: Final = re.compile(r"con_[0-9A-Z]{26}")


class Attachment(Struct, frozen=True, kw_only=True):
    """A file of a message as the envelope shows it.

    `state` is `stored` (its bytes are in the blob store under `sha256`), `unavailable` (`reason` says why), or
    `referenced` (the provider still has it: seen only before the media stage).
    """

    id: str
    state: Literal["stored", "unavailable", "referenced"]
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    caption: str | None = None
    content_id: str | None = None
    reference: str | None = None
    reason: str | None = None


class Message(Struct, frozen=True, kw_only=True):
    """A contact with its id and its connector. `inbound` is cleaned; `attachments` replaces the connector's own list."""

    id: UUID
    connector: str
    received_at: datetime
    inbound: InboundMessage
    language: str | None
    attachments: tuple[Attachment, ...]


def normalise(
    message_id: UUID,
    connector: str,
    received_at: datetime,
    inbound: InboundMessage,
    *,
    attachments: Sequence[Attachment],
    languages: Sequence[str],
) -> Message:
    """Clean every text, name and id of the contact and find its language among `languages` (ISO 639-1). Pure.

    This is the one place where that happens, for all channels and for files in every state: what comes out can be
    stored by any database and written into any header.
    """
    text = clean(inbound.text) if inbound.text is not None else None
    cleaned = msgspec.structs.replace(
        inbound,
        external_id=names.identifier(inbound.external_id),
        refers_to=_identifier(inbound.refers_to),
        account=_identifier(inbound.account),
        thread=_thread(inbound.thread),
        button=_button(inbound.button),
        reply=_reply(inbound.reply),
        text=text,
        text_full=clean(inbound.text_full) if inbound.text_full is not None else None,
        subject=_line(inbound.subject),
        sender=_sender(inbound.sender),
        attachments=(),
    )
    return Message(
        id=message_id,
        connector=connector,
        received_at=received_at,
        inbound=cleaned,
        language=detect(text or "", languages, inbound.language),
        attachments=tuple(map(_attachment, attachments)),
    )


def _sender(sender: Sender) -> Sender:
    return msgspec.structs.replace(
        sender,
        handle=names.handle(sender.handle),
        name=_line(sender.name),
        aliases=tuple(map(names.handle, sender.aliases)),
        claims=tuple(map(names.handle, sender.claims)),
    )


def _attachment(given: Attachment) -> Attachment:
    return msgspec.structs.replace(
        given,
        filename=names.filename(given.filename) if given.filename is not None else None,
        content_type=names.media_type(given.content_type) if given.content_type is not None else None,
        caption=_line(given.caption),
        content_id=_identifier(given.content_id),
    )


def _thread(thread: Thread) -> Thread:
    named = thread.conversation
    return Thread(
        in_reply_to=_identifier(thread.in_reply_to),
        references=tuple(map(names.identifier, filter(None, thread.references))),
        conversation=named if named and _CONVERSATION.fullmatch(named) else None,
    )


def _button(button: Button | None) -> Button | None:
    return button and Button(id=_identifier(button.id), title=_line(button.title))


def _reply(reply: Reply) -> Reply:
    return msgspec.structs.replace(reply, via=names.handle(reply.via)) if reply.via else reply


def _identifier(value: str | None) -> str | None:
    return names.identifier(value) if value else None


def _line(value: str | None) -> str | None:
    """One line without control characters; None when nothing is left."""
    if value is None:
        return None
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", "".join(c if unicodedata.category(c)[0] != "C" else " " for c in value))
    return " ".join(value.split())[:_LINE_LIMIT] or None
