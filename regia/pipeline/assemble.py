"""The envelope's bytes, from the typed values of one message."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from identity.people import Customer, Identified, Interaction
from normalizer.envelope import SCHEMA, TYPE
from normalizer.envelope_data import from_ms, handle_data, message_data
from normalizer.message import Message
from regia.links import Links
from router.model import Decision
from router.promises import PROMISES

NOTHING_DUE: Final[Mapping[str, int]] = MappingProxyType({})


def assemble(
    message: Message,
    identified: Identified,
    decision: Decision,
    links: Links,
    ruleset: str,
    *,
    due: Mapping[str, int] = NOTHING_DUE,
) -> bytes:
    """The final bytes of the envelope: they are stored, and what every queue gets is these bytes and no others. `due`:
    when what was promised for the conversation is due, by promise."""
    message_id = str(message.id)
    data = message_data(message)
    for attachment in data["attachments"]:
        if attachment["state"] == "stored":
            attachment["url"] = links.attachment(attachment["id"], now=int(message.received_at.timestamp()))
    data["raw"]["url"] = links.raw(message_id)
    data["repeat_of"] = identified.repeat_of
    data["customer"] = _customer(identified)
    data["conversation"] = _conversation(identified)
    data["history"] = [_interaction(one) for one in identified.history]
    data["routing"] = _routing(decision, ruleset, due)
    data["routing"]["extracted"] = _filled(data["fields"], decision.extracted)
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": message_id,
            "type": TYPE,
            "source": f"/{message.inbound.brand}/{message.connector}",
            "subject": identified.customer.id,
            "time": data["received_at"],
            "datacontenttype": "application/json",
            "dataschema": SCHEMA,
            "data": data,
        }
    )


def _filled(fields: dict[str, Any], extracted: Mapping[str, str | float | bool]) -> dict[str, str | None]:
    """Fill what was extracted into the fields; gives what stood there before, by name. What the message has stays, also where
    rules could not read it."""
    before = {name: fields.get(name) for name in extracted}
    filled = {name: had for name, had in before.items() if had in (None, "")}
    fields |= {name: extracted[name] for name in filled}
    return filled


def _customer(identified: Identified) -> dict[str, Any]:
    customer: Customer = identified.customer
    return {
        "id": customer.id,
        "match": identified.match,
        "name": customer.name,
        "tier": customer.tier,
        "tags": customer.tags,
        "handles": [handle_data(handle) for handle in customer.handles],
        "first_seen": from_ms(customer.first_seen_ms),
        "messages": identified.earlier,
        "sequence": identified.sequence,
        "unanswered": identified.unanswered,
    }


def _conversation(identified: Identified) -> dict[str, Any]:
    conversation = identified.conversation
    return {
        "id": conversation.id,
        "opened_at": from_ms(conversation.opened_ms),
        "messages": conversation.messages,
        "channels": conversation.channels,
        "ticket": conversation.ticket,
        "reopened": conversation.reopened,
    }


def _interaction(one: Interaction) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": from_ms(one.at_ms),
        "channel": one.channel,
        "category": one.category,
        "direction": one.direction,
        "snippet": one.snippet,
        "answers": one.answers,
    }


def _routing(decision: Decision, ruleset: str, due: Mapping[str, int]) -> dict[str, Any]:
    return {
        "category": decision.category,
        "targets": list(decision.targets),
        "priority": decision.priority,
        "tags": list(decision.tags),
        "owners": list(decision.owners),
        "sla": {f"{promise}_due": from_ms(due[promise]) if promise in due else None for promise in PROMISES},
        "playbook": decision.playbook,
        "product": decision.product,
        "reply": decision.reply,
        "notify": list(decision.notify),
        "decided_by": dict(decision.decided_by),
        "ruleset": ruleset,
    }
