"""From what a connector read to what the gateway works with: clean text, a language, attachments that are stored."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from normalizer.inbound import InboundMessage, Sender
from normalizer.language import detect
from normalizer.text import clean

_LINE_LIMIT: Final = 998
"""Longest subject or name kept, in characters: one line of RFC 5322."""


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
    """Clean every text of the contact and find its language among `languages` (ISO 639-1). Pure."""
    text = clean(inbound.text) if inbound.text is not None else None
    cleaned = msgspec.structs.replace(
        inbound,
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
        attachments=tuple(attachments),
    )


def _sender(sender: Sender) -> Sender:
    return msgspec.structs.replace(sender, name=_line(sender.name))


def _line(value: str | None) -> str | None:
    """One line without control characters; None when nothing is left."""
    if value is None:
        return None
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", "".join(c if unicodedata.category(c)[0] != "C" else " " for c in value))
    return " ".join(value.split())[:_LINE_LIMIT] or None
