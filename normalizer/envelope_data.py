"""The values of an envelope as the JSON it is sent as; `normalizer.envelope` says what each of them means."""

from datetime import UTC, datetime
from typing import Any

from msgspec import to_builtins

from normalizer.inbound import Handle, Reply, Sender
from normalizer.message import Attachment, Message


def rfc3339(at: datetime) -> str:
    """A time in UTC to the millisecond, as `2026-11-21T18:02:11.532Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def from_ms(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339."""
    return rfc3339(datetime.fromtimestamp(ms / 1000, UTC))


def handle_data(handle: Handle) -> dict[str, str]:
    return {"kind": handle.kind, "value": handle.value, "proof": handle.proof}


def message_data(message: Message) -> dict[str, Any]:
    """The part of `data` that the contact itself decides; attachments and `raw` without their URLs."""
    inbound = message.inbound
    return {
        "brand": inbound.brand,
        "channel": inbound.channel,
        "connector": message.connector,
        "account": inbound.account,
        "external_id": inbound.external_id,
        "refers_to": inbound.refers_to,
        "kind": inbound.kind,
        "sender": _sender(inbound.sender),
        "subject": inbound.subject,
        "text": inbound.text,
        "text_full": inbound.text_full,
        "html": inbound.html,
        "language": message.language,
        "attachments": [_attachment(item) for item in message.attachments],
        "location": _plain(inbound.location),
        "contacts": [_plain(contact) for contact in inbound.contacts],
        "button": _plain(inbound.button),
        "reaction": _plain(inbound.reaction),
        "call": _plain(inbound.call),
        "fields": dict(inbound.fields),
        "page": _plain(inbound.page),
        "faq": list(inbound.faq),
        "thread": {"in_reply_to": inbound.thread.in_reply_to, "references": list(inbound.thread.references)},
        "automated": inbound.automated,
        "backlog": inbound.backlog,
        "repeat_of": None,
        "sent_at": rfc3339(inbound.sent_at) if inbound.sent_at else None,
        "received_at": rfc3339(message.received_at),
        "reply": _reply(inbound.reply),
        "raw": {"content_type": inbound.raw_content_type, "size": len(inbound.raw)},
    }


def _sender(sender: Sender) -> dict[str, Any]:
    return {
        "handle": handle_data(sender.handle),
        "name": sender.name,
        "aliases": [handle_data(handle) for handle in sender.aliases],
        "claims": [handle_data(handle) for handle in sender.claims],
    }


def _reply(reply: Reply) -> dict[str, Any]:
    return {
        "allowed": list(reply.allowed),
        "until": rfc3339(reply.until) if reply.until else None,
        "via": handle_data(reply.via) if reply.via else None,
    }


def _attachment(item: Attachment) -> dict[str, Any]:
    data = {
        "id": item.id,
        "filename": item.filename,
        "content_type": item.content_type,
        "size": item.size,
        "sha256": item.sha256,
        "state": item.state,
        "reason": item.reason,
        "url": None,
        "caption": item.caption,
        "content_id": item.content_id,
    }
    if item.reference is not None:
        data["reference"] = item.reference
    return data


def _plain(value: Any) -> Any:
    return None if value is None else to_builtins(value)
