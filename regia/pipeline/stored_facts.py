"""What the rules could ask about a message when it was routed, of its stored envelope: the same as `regia.pipeline.facts`
made of the message itself. A property test holds the two equal."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from normalizer.inbound import FieldValue
from regia.pipeline.facts import HOUR_MS, contacts_since, field_value
from router.vocabulary import Facts, FactType, Value, file_kind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)

ADDED: Final[Mapping[str, tuple[str, str]]] = {
    "conversation.reopened": ("conversation", "reopened"),
    "history.unanswered": ("customer", "unanswered"),
}
"""Facts whose place in the envelope was added later: envelopes that were stored before do not have it."""


def facts_of_envelope(data: Mapping[str, Any], declared: Mapping[str, FactType]) -> Facts:
    """The facts, of an envelope's `data`. `declared` are the fields of the rules that ask, which need not be those that
    decided: of what extractors filled, a field is what the message had before. A fact of `ADDED` is left out where the
    envelope does not have it.
    """
    sender, files, button = data["sender"], data["attachments"], data["button"]
    types = [one["content_type"] for one in files]
    at_ms = _at_ms(data)
    return {
        **{name: data[name] for name in ("channel", "connector", "account", "brand", "kind", "text", "subject")},
        **{name: data[name] for name in ("language", "automated", "backlog")},
        "received": data["received_at"],
        "button": button["id"] if button else None,
        **_sender(sender["handle"]),
        "sender.name": sender["name"],
        **_customer(data["customer"]),
        "attachments.count": len(files),
        "attachments.types": tuple(kind for kind in types if kind),
        "attachments.kinds": tuple(file_kind(kind or "") for kind in types),
        "attachments.size": sum(one["size"] or 0 for one in files),
        **_conversation(data, at_ms),
        **_history(data["history"], at_ms),
        **{name: data[group][key] for name, (group, key) in ADDED.items() if key in data[group]},
        **{f"fields.{name}": field_value(_said(data, name), kind) for name, kind in declared.items()},
    }


def _sender(handle: Mapping[str, str]) -> dict[str, Value]:
    return {
        "sender.handle": handle["value"],
        "sender.kind": handle["kind"],
        "sender.proof": handle["proof"],
        "sender.domain": handle["value"].rpartition("@")[2] if handle["kind"] == "email" else None,
    }


def _customer(customer: Mapping[str, Any]) -> dict[str, Value]:
    return {
        "customer.tier": customer["tier"],
        "customer.tags": frozenset(customer["tags"]),
        "customer.match": customer["match"],
        "customer.messages": customer["messages"],
        "customer.new": customer["messages"] == 0,
    }


def _conversation(data: Mapping[str, Any], at_ms: int) -> dict[str, Value]:
    conversation = data["conversation"]
    return {
        "conversation.messages": conversation["messages"] - 1,
        "conversation.age": (at_ms - _ms(conversation["opened_at"])) / HOUR_MS,
        "conversation.channels": tuple(conversation["channels"]),
        "conversation.ticket": conversation["ticket"],
    }


def _history(history: list[Mapping[str, Any]], at_ms: int) -> dict[str, Value]:
    contacts = [one for one in history if one["direction"] == "inbound"]
    times = [_ms(one["at"]) for one in contacts]
    return {
        "history.last_category": contacts[-1]["category"] if contacts else None,
        "history.contacts": len(contacts),
        "history.day": contacts_since(times, at_ms, 24),
        "history.week": contacts_since(times, at_ms, 7 * 24),
    }


def _said(data: Mapping[str, Any], name: str) -> FieldValue:
    """What the message had in the field, without what was extracted into it."""
    extracted: Mapping[str, FieldValue] = data["routing"].get("extracted", {})
    value: FieldValue = extracted[name] if name in extracted else data["fields"].get(name)
    return value


def _at_ms(data: Mapping[str, Any]) -> int:
    """The message's place in history: when it arrived; imported, when it was sent, unless that lies in the future."""
    received = _ms(data["received_at"])
    if not data["backlog"] or data["sent_at"] is None:
        return received
    sent = _ms(data["sent_at"])
    return sent if sent <= received else received


def _ms(at: str) -> int:
    return (datetime.fromisoformat(at) - _EPOCH) // _MS
