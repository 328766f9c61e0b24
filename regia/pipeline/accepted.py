"""What stands in the journal: the accepted things as MessagePack, and their ids."""

import hashlib
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from connectors.base import ChannelEvent, Parsed, Status, Unreadable
from normalizer.inbound import ENVELOPE_NAMESPACE, InboundMessage, envelope_id
from normalizer.names import identifier
from storage.journal_file import Entry


class AcceptedMessage(Struct, frozen=True, tag="message"):
    connector: str
    received_at: datetime
    message: InboundMessage


class AcceptedStatus(Struct, frozen=True, tag="status"):
    connector: str
    received_at: datetime
    status: Status


class AcceptedEvent(Struct, frozen=True, tag="event"):
    connector: str
    received_at: datetime
    event: ChannelEvent


class AcceptedUnreadable(Struct, frozen=True, tag="unreadable"):
    connector: str
    received_at: datetime
    unreadable: Unreadable


Accepted: TypeAlias = AcceptedMessage | AcceptedStatus | AcceptedEvent | AcceptedUnreadable

MESSAGE: Final = "message"
MEDIA: Final = "media"
"""Kind of a row whose files must still be fetched: preparing it waits for a provider."""

_encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Accepted).decode


def entries(connector: str, parsed: Parsed, received_at: datetime) -> list[Entry]:
    """One journal entry for everything a request held: messages first, in their order."""
    return [
        *(_message(connector, message, received_at) for message in parsed.messages),
        *(_status(connector, status, received_at) for status in parsed.statuses),
        *(_event(connector, event, received_at) for event in parsed.events),
        *(_unreadable(connector, unreadable, received_at) for unreadable in parsed.unreadable),
    ]


def _message(connector: str, message: InboundMessage, received_at: datetime) -> Entry:
    try:
        payload = _encode(AcceptedMessage(connector, received_at, message))
        event = envelope_id(connector, message.event_key)
    except (UnicodeEncodeError, OverflowError) as error:  # half a surrogate pair, an integer of more than 64 bits
        detail = f"a value cannot be written down: {type(error).__name__}"
        broken = Unreadable(reason="parser_failed", raw=message.raw, content_type=message.raw_content_type, detail=detail)
        return _unreadable(connector, broken, received_at)
    return Entry(
        id=event,
        kind=MEDIA if any(item.reference for item in message.attachments) else MESSAGE,
        order_key=f"{connector}\n{identifier(message.order_key)}",
        payload=payload,
        digest=hashlib.blake2b(message.raw, digest_size=16).digest() if message.exact else None,
    )


def _status(connector: str, status: Status, received_at: datetime) -> Entry:
    return Entry(
        id=_id(connector, "status", status.event_key),
        kind="status",
        order_key=f"{connector}\nstatus\n{identifier(status.external_id)}",
        payload=_encode(AcceptedStatus(connector, received_at, status)),
    )


def _event(connector: str, event: ChannelEvent, received_at: datetime) -> Entry:
    return Entry(
        id=_id(connector, "event", event.event_key),
        kind="event",
        order_key=f"{connector}\nevent",
        payload=_encode(AcceptedEvent(connector, received_at, event)),
    )


def _unreadable(connector: str, unreadable: Unreadable, received_at: datetime) -> Entry:
    """The bytes, and the parameters of their content type, are all there is to recognise a repeat by: a provider that sends
    both again gets one quarantined copy. The same bytes with other parameters may be something else: a described channel
    keeps there the headers that say what an event is."""
    content_type = unreadable.content_type.encode("utf-8", "replace").decode()  # a stranger's header, which may be no UTF-8
    kept = msgspec.structs.replace(unreadable, content_type=content_type)
    told = f"\n{content_type}" if ";" in content_type else ""
    return Entry(
        id=_id(connector, "unreadable", hashlib.sha256(unreadable.raw).hexdigest() + told),
        kind="unreadable",
        order_key=f"{connector}\nunreadable",
        payload=_encode(AcceptedUnreadable(connector, received_at, kept)),
    )


def _id(connector: str, kind: str, key: str) -> UUID:
    """Statuses, events and unreadable bytes have ids of their own, apart from those of messages."""
    return uuid5(uuid5(ENVELOPE_NAMESPACE, kind), f"{connector}\n{key}")
