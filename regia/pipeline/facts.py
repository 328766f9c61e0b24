"""What the rules may ask about a message, by the names of `router.vocabulary`."""

from identity.people import Identified
from normalizer.inbound import FieldValue
from normalizer.message import Message
from router.vocabulary import Facts, Value


def facts(message: Message, identified: Identified) -> Facts:
    """The flat mapping from name to value that the router evaluates."""
    inbound = message.inbound
    handle = inbound.sender.handle
    customer = identified.customer
    history = identified.history
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
        "conversation.messages": identified.conversation.messages,
        "conversation.channels": tuple(identified.conversation.channels),
        "conversation.ticket": identified.conversation.ticket,
        "history.unanswered": identified.unanswered,
        "history.last_category": history[-1].category if history else None,
        "history.contacts": len(history),
        **{f"fields.{name}": _fact(value) for name, value in inbound.fields.items()},
    }


def _fact(value: FieldValue) -> Value:
    """A list field is a list of words to the rules."""
    return tuple(str(item) for item in value) if isinstance(value, list) else value
