"""Events, version 1: what happened to customers, tickets, channels and messages, as CloudEvents of the envelope's frame.

An event names ids of customers and never what stands behind them: no address of theirs, no name, no text.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from normalizer.envelope import Time
from normalizer.envelope_data import from_ms

SCHEMA: Final = "urn:regia:schema:event:1"

TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "regia.customer.created.v1": "a customer is seen for the first time",
        "regia.customer.linked.v1": "a handle belongs to a customer from now on",
        "regia.customer.unlinked.v1": "a handle is not the customer's any more",
        "regia.customer.changed.v1": "something of a customer's profile was set",
        "regia.customer.merged.v1": "two customers are one",
        "regia.customer.unmerged.v1": "a merge was undone",
        "regia.customer.erased.v1": "a customer was erased: erase your copies",
        "regia.ticket.opened.v1": "a conversation has a ticket",
        "regia.ticket.assigned.v1": "somebody works on a conversation's ticket",
        "regia.ticket.updated.v1": "something else happened to a conversation's ticket",
        "regia.ticket.paused.v1": "a conversation's ticket waits for the customer",
        "regia.ticket.resumed.v1": "a conversation's ticket does not wait for the customer any more",
        "regia.ticket.closed.v1": "a conversation's ticket was closed",
        "regia.ticket.reopened.v1": "a conversation's ticket was opened again",
        "regia.reply.queued.v1": "a reply is kept, and will be sent",
        "regia.reply.sent.v1": "the channel took it",
        "regia.reply.delivered.v1": "it arrived, by the channel's word",
        "regia.reply.read.v1": "the customer opened it, by the channel's word",
        "regia.reply.failed.v1": "it did not leave, or did not arrive",
        "regia.reply.unknown.v1": "nobody knows whether it left: it is not sent again by itself",
        "regia.reply.rejected.v1": "a reply was asked for that cannot be",
        "regia.survey.answered.v1": "a customer answered what was asked after a ticket was closed",
        "regia.channel.silent.v1": "a channel is silent against its habit",
        "regia.channel.back.v1": "it is not any more",
        "regia.token.expiring.v1": "a channel's token is about to expire",
        "regia.token.refused.v1": "a provider refuses a channel's token",
        "regia.token.back.v1": "the token is good again",
        "regia.delivery.waiting.v1": "messages have waited long for a queue",
        "regia.delivery.resumed.v1": "none waits for it any more",
        "regia.delivery.dead.v1": "dead letters wait for a person",
        "regia.delivery.settled.v1": "there are none any more",
        "regia.delivery.unrouted.v1": "no queue took messages",
        "regia.delivery.routed.v1": "none of them is left",
        "regia.journal.filling.v1": "a node's journal is about to be full",
        "regia.journal.room.v1": "it has room again",
        "regia.message.quarantined.v1": "a contact is held in quarantine",
        "regia.rules.activated.v1": "another version of the rules decides from now on",
        "regia.rules.rejected.v1": "a node's rule files are wrong: the version before goes on there",
        "regia.message.notify.v1": "a rule wants people to be told of a message",
        "regia.sla.warning.v1": "a response time is about to be missed",
        "regia.sla.breached.v1": "a response time was missed",
    }
)
"""All types there are, and what each tells. A type's meaning and its `data` never change; another one gets a new number."""


class Event(BaseModel):
    """What happened, as a CloudEvents 1.0 event in structured JSON mode."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: str = Field(description="The same however often it is told: consumers dedupe on it.")
    type: str = Field(json_schema_extra={"enum": list(TYPES)})
    source: str = Field(description="`/<brand>`, or `/regia/<connector or part of the gateway>`.")
    subject: str = Field(description="The id of what it is about.")
    time: Time
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:regia:schema:event:1"]
    data: dict[str, Any] = Field(description="By type, see docs/events.md.")


def event(type_: str, *, id_: str, source: str, subject: str, at_ms: int, data: Mapping[str, Any]) -> bytes:
    """A CloudEvents 1.0 event in structured JSON mode.

    `type_` is one of `TYPES`. `id_` is the same however often it is told: consumers dedupe on it. `source` is
    `/<brand>` where it is a brand's, `/regia/<connector>` where it is a connector's, `/regia/<part>` where it is the
    gateway's own. `subject` is the id of what it is about, `at_ms` when it happened. Raises `ValueError` for a type that
    is not of `TYPES`, and for an empty `id_`, `source` or `subject`.
    """
    if type_ not in TYPES:
        raise ValueError(f"{type_!r} is no type of event: enter it in normalizer.event.TYPES")
    if not (id_ and source and subject):
        raise ValueError(f"an event of type {type_} needs an id, a source and a subject")
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": id_,
            "type": type_,
            "source": source,
            "subject": subject,
            "time": from_ms(at_ms),
            "datacontenttype": "application/json",
            "dataschema": SCHEMA,
            "data": data if isinstance(data, dict) else dict(data),
        }
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of all events."""
    schema = Event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
