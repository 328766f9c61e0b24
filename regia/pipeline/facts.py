"""What the rules may ask about a message, by the names of `router.vocabulary`.

`regia.pipeline.stored_facts` makes the same of a stored envelope: what is changed here is changed there.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isfinite
from typing import Final

from identity.people import Identified
from normalizer.envelope_data import rfc3339
from normalizer.inbound import FieldValue
from normalizer.message import Message
from normalizer.values import Invalid, read_number
from router.vocabulary import Facts, FactType, Value, file_kind

HOUR_MS: Final = 3_600_000


def facts(message: Message, identified: Identified, declared: Mapping[str, FactType]) -> Facts:
    """The flat mapping from name to value that the router evaluates. `declared` are the rules' own fields: a value of
    another type than its declaration is missing to the rules, and still stands in the envelope."""
    inbound = message.inbound
    handle = inbound.sender.handle
    customer = identified.customer
    contacts = [one for one in identified.history if one.direction == "inbound"]
    times = [one.at_ms for one in contacts]
    return {
        "channel": inbound.channel,
        "connector": message.connector,
        "account": inbound.account,
        "brand": inbound.brand,
        "kind": inbound.kind,
        "text": inbound.text,
        "subject": inbound.subject,
        "language": message.language,
        "automated": inbound.automated,
        "backlog": inbound.backlog,
        "received": rfc3339(message.received_at),
        "button": inbound.button.id if inbound.button else None,
        "sender.handle": handle.value,
        "sender.kind": handle.kind,
        "sender.proof": handle.proof,
        "sender.domain": handle.value.rpartition("@")[2] if handle.kind == "email" else None,
        "sender.name": inbound.sender.name,
        "customer.tier": customer.tier,
        "customer.tags": frozenset(customer.tags),
        "customer.match": identified.match,
        "customer.messages": identified.earlier,
        "customer.new": identified.earlier == 0,
        "attachments.count": len(message.attachments),
        "attachments.types": tuple(item.content_type for item in message.attachments if item.content_type),
        "attachments.kinds": tuple(file_kind(item.content_type or "") for item in message.attachments),
        "attachments.size": sum(item.size or 0 for item in message.attachments),
        "conversation.messages": identified.conversation.messages - 1,
        "conversation.age": (identified.at_ms - identified.conversation.opened_ms) / HOUR_MS,
        "conversation.reopened": identified.conversation.reopened,
        "conversation.channels": tuple(identified.conversation.channels),
        "conversation.ticket": identified.conversation.ticket,
        "history.unanswered": identified.unanswered,
        "history.last_category": contacts[-1].category if contacts else None,
        "history.contacts": len(contacts),
        "history.day": contacts_since(times, identified.at_ms, 24),
        "history.week": contacts_since(times, identified.at_ms, 7 * 24),
        **{f"fields.{name}": field_value(inbound.fields.get(name), kind) for name, kind in declared.items()},
    }


def contacts_since(times: Sequence[int], at_ms: int, hours: int) -> int:
    """How many of the contacts of a customer's short history, by their times, are not older than that at `at_ms`."""
    return sum(at_ms - hours * HOUR_MS <= one <= at_ms for one in times)


def field_value(value: FieldValue, kind: FactType) -> Value:
    """A field as the type its declaration says: channels hand over much as text that is a number or a date. A number that is
    none is missing: the envelope, being JSON, has null there."""
    if value is None or isinstance(value, list) or (isinstance(value, float) and not isfinite(value)):
        return None
    match kind:
        case "number" | "integer":
            return _number(value)
        case "boolean":
            return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
        case "date":
            return _date(str(value))
        case _:
            return str(value)


def _number(value: str | float) -> float | None:
    if not isinstance(value, str):
        return None if isinstance(value, bool) else value
    try:
        return read_number(value)
    except Invalid:
        return None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None
