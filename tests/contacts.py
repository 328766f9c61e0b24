"""Contacts for tests: an `InboundMessage` as a connector would read it, and the `Message` made of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from normalizer.inbound import Handle, InboundMessage, Sender, Thread, envelope_id
from normalizer.message import Message, normalise

START = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def phone(value: str = "+393331234567") -> Handle:
    return Handle("phone", value, "verified")


def user(value: str = "IT.81234") -> Handle:
    return Handle("whatsapp_user", value, "verified")


def email(value: str = "anna@example.it", *, verified: bool = False) -> Handle:
    return Handle("email", value, "verified" if verified else "claimed")


def inbound(name: str, handle: Handle | None = None, **more: Any) -> InboundMessage:
    """Contact `name` of `handle`; every field of `InboundMessage` can be given, and of `Sender` (`sender_name`)."""
    handle = handle or phone()
    sender = Sender(
        handle=handle,
        name=more.pop("sender_name", None),
        aliases=tuple(more.pop("aliases", ())),
        claims=tuple(more.pop("claims", ())),
        recorded=more.pop("recorded", False),
        of_many=more.pop("of_many", False),
    )
    fields: dict[str, Any] = {
        "event_key": name,
        "external_id": name,
        "brand": "demo",
        "channel": "whatsapp",
        "account": "+390212345678",
        "kind": "text",
        "sender": sender,
        "order_key": f"{handle.kind}:{handle.value}",
        "raw": f'{{"id":"{name}"}}'.encode(errors="replace"),
        "raw_content_type": "application/json",
        "text": f"Testo di {name}",
    }
    if (reply_to := more.pop("reply_to", None)) is not None:
        more["thread"] = Thread(in_reply_to=reply_to)
    return InboundMessage(**(fields | more))


def message(name: str, handle: Handle | None = None, *, hours: float = 0, connector: str = "whatsapp", **more: Any) -> Message:
    """The same, normalised, received `hours` after `START`."""
    contact = inbound(name, handle, **more)
    identifier = envelope_id(connector, contact.event_key)
    return normalise(identifier, connector, START + timedelta(hours=hours), contact, attachments=(), languages=("it", "en"))
