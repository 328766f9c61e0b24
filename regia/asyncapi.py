"""The description of the queues on RabbitMQ (AsyncAPI 3.0), from the same models that write and read what lies in them.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0; the bindings are those of AMQP 0-9-1, version 0.3.0.
"""

from typing import Any, Final

from pydantic import BaseModel

from dispatcher.topology import DEAD, EVENTS, REPLIES, TICKETS
from normalizer import envelope
from normalizer.envelope import Envelope
from normalizer.event import TYPES, Event
from regia.http.bodies import TicketBody
from regia.http.described import SCHEMAS, ref
from regia.http.reply_body import ReplyBody

_CLOUDEVENTS: Final = "application/cloudevents+json"
_JSON: Final = "application/json"
_TEXT: Final = {"type": "string"}


def asyncapi() -> dict[str, Any]:
    """The whole document. Regia *sends* envelopes and events, and *receives* replies and news of tickets."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Regia",
            "version": "1",
            "description": "Contacts of every channel lie in queues by category, and answers and news of tickets come back. "
            "Every delivery is at least once: dedupe envelopes on (queue, envelope-id), and events on their id.",
        },
        "defaultContentType": _CLOUDEVENTS,
        "channels": _channels(),
        "operations": {
            "sendEnvelope": _operation("send", "envelopes", "A contact, once for each of its queues, confirmed."),
            "sendEvent": _operation("send", "events", "What happened, in one order, confirmed."),
            "sendDeadLetter": _operation("send", "dead", "What was rejected, expired, or delivered too often."),
            "receiveReply": _operation("receive", "replies", "An answer for a customer is asked for, once for each key."),
            "receiveTicket": _operation("receive", "tickets", "A ticket system tells what became of a ticket."),
        },
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _channels() -> dict[str, Any]:
    names = {
        "brand": {"description": "The brand, [a-z0-9_-]+."},
        "target": {"description": "A category of the rules, or a name under queues: there."},
    }
    return {
        "envelopes": _queue("{brand}.{target}", "A queue of envelopes; `queues.targets` may give it another name.", "envelope")
        | {"parameters": names},
        "events": {
            "address": "{type}",
            "description": "Bind a queue of your own to the exchange by a type, or a pattern such as `regia.customer.*.v1`.",
            "parameters": {"type": {"description": "The type of an event.", "enum": list(TYPES)}},
            "messages": {_name(type_): _message(_name(type_)) for type_ in TYPES},
            "bindings": {"amqp": {"is": "routingKey", "exchange": _exchange(EVENTS)}},
        },
        "replies": _queue(REPLIES, "Publish by the default exchange, persistent, with publisher confirms.", "reply"),
        "tickets": _queue(TICKETS, "Publish by the default exchange, persistent, with publisher confirms.", "ticket"),
        "dead": _queue(DEAD, "Dead letters of all queues, each as it was. `regia dead` looks at them.", "envelope"),
    }


def _queue(address: str, description: str, message: str) -> dict[str, Any]:
    queue = {"durable": True, "exclusive": False, "autoDelete": False}
    named = queue if "{" in address else {"name": address} | queue
    return {
        "address": address,
        "description": description,
        "messages": {message: _message(message)},
        "bindings": {"amqp": {"is": "queue", "queue": named}},
    }


def _exchange(name: str) -> dict[str, Any]:
    return {"name": name, "type": "topic", "durable": True, "autoDelete": False}


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _name(type_: str) -> str:
    """The key of an event's message: keys take no dots."""
    return type_.removeprefix("regia.").replace(".", "_")


def _messages() -> dict[str, Any]:
    number = {"number": {"type": "integer", "description": "Its place among all events, the cursor of HTTP."}}
    sent = {
        "envelope-id": _TEXT | {"description": "The envelope's id, the same on any repeat."},
        "traceparent": _TEXT | {"description": "W3C Trace Context, where the contact has one."},
    }
    asked = "An answer to a message, or to the last one of a conversation."
    return {
        "envelope": _described("Envelope", envelope.TYPE, "A contact of a customer.", sent),
        "reply": _described("ReplyBody", None, asked, {}) | {"contentType": _JSON},
        "ticket": _described("TicketBody", None, "What happened to a ticket.", {}) | {"contentType": _JSON},
    } | {_name(type_): _event(type_, told, number) for type_, told in TYPES.items()}


def _described(model: str, type_: str | None, summary: str, headers: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"summary": summary, "payload": {"$ref": ref(model)}}
    if type_ is not None:
        described |= {"contentType": _CLOUDEVENTS, "bindings": {"amqp": {"messageType": type_}}, "name": type_}
    return described | ({"headers": {"type": "object", "properties": headers}} if headers else {})


def _event(type_: str, told: str, headers: dict[str, Any]) -> dict[str, Any]:
    payload = {"allOf": [{"$ref": ref("Event")}, {"type": "object", "properties": {"type": {"const": type_}}}]}
    return _described("Event", type_, told, headers) | {"payload": payload}


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    models: dict[type[BaseModel], str] = {Envelope: "write", Event: "write", ReplyBody: "read", TicketBody: "read"}
    for model, way in models.items():
        schema = model.model_json_schema(ref_template=SCHEMAS, mode="serialization" if way == "write" else "validation")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return schemas
