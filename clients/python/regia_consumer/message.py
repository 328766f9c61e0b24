"""A delivery as the handler sees it: the bytes as they came, and the fields that most handlers ask for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regia_consumer.errors import Undecodable


@dataclass(frozen=True, slots=True)
class Message:
    """One envelope, or one event of the exchange `regia.events`: both are CloudEvents of one frame.

    `body` are the bytes as Regia published them, `envelope` is the whole CloudEvent, `data` its part `data`.
    `id` is the same for every repeat. `sequence` numbers the messages of a customer over all queues, from 1; an event
    has none. `delivery_count` is how often RabbitMQ delivered it before without an acknowledgement, where it says so
    (quorum queues), and `redelivered` whether it did.
    """

    queue: str
    body: bytes = field(repr=False)
    id: str
    type: str
    envelope: Mapping[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    conversation_id: str | None
    customer_id: str | None
    sequence: int | None
    traceparent: str | None
    redelivered: bool
    delivery_count: int


def parse(
    queue: str, body: bytes, headers: Mapping[str, object], *, correlation_id: str | None = None, redelivered: bool = False
) -> Message:
    """The message in these bytes. Raises `Undecodable`; never looks at the body's other fields than `Message` has."""
    envelope = _frame(body)
    data = envelope["data"]
    told = headers.get("envelope-id")
    if told is not None and told != envelope["id"]:
        raise Undecodable("the header envelope-id is not the id in the body")
    customer, count = data.get("customer"), headers.get("x-delivery-count")
    traceparent = headers.get("traceparent")
    return Message(
        queue=queue,
        body=body,
        id=envelope["id"],
        type=envelope["type"],
        envelope=envelope,
        data=data,
        conversation_id=correlation_id or _id(data.get("conversation")),
        customer_id=_id(customer),
        sequence=_number(customer.get("sequence")) if isinstance(customer, dict) else None,
        traceparent=traceparent if isinstance(traceparent, str) else None,
        redelivered=redelivered,
        delivery_count=_number(count) or 0,
    )


def _frame(body: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise Undecodable(f"the body is no JSON ({type(error).__name__})") from None
    if not isinstance(envelope, dict) or envelope.get("specversion") != "1.0":
        raise Undecodable("the body is no CloudEvent of version 1.0")
    for name in ("id", "type"):
        if not isinstance(envelope.get(name), str) or not envelope[name]:
            raise Undecodable(f"the attribute {name} is missing or no text")
    if not isinstance(envelope.get("data"), dict):
        raise Undecodable("the attribute data is missing or no object")
    return envelope


def _id(value: object) -> str | None:
    """Envelopes hold an object with `id`, events the id alone."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def by_customer(message: Message) -> str:
    """The key of order for which messages of one customer are handled one after the other."""
    return message.customer_id or by_conversation(message)


def by_conversation(message: Message) -> str:
    """The key of order for which only messages of one conversation are."""
    return message.conversation_id or message.id
