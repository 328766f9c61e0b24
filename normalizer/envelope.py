"""The envelope, version 1: a CloudEvent whose `data` is one contact of one customer, routed.

The pydantic models publish the JSON Schema and check envelopes in tests and tools. Outgoing bytes are built from typed
values by `normalizer.envelope_data` and the pipeline: a validating model for each message would cost more than routing it.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AnyUrl as Url
from pydantic import BaseModel, ConfigDict, Field, UrlConstraints

from normalizer.inbound import FieldValue, Kind, Proof

TYPE: Final = "regia.message.received.v1"
SCHEMA: Final = "urn:regia:schema:message:1"

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
Time = Annotated[datetime, Field(description="RFC 3339 in UTC.")]
Link = Annotated[Url, UrlConstraints(allowed_schemes=["http", "https"])]


class _Model(BaseModel):
    # The published schema lets readers meet fields that are added later within version 1; tests hold our own
    # envelopes to exactly these fields.
    model_config = ConfigDict(frozen=True, extra="ignore")


class HandleModel(_Model):
    kind: Name
    value: str
    proof: Proof


class SenderModel(_Model):
    handle: HandleModel
    name: str | None
    aliases: list[HandleModel]
    claims: list[HandleModel]


class AttachmentModel(_Model):
    id: str
    filename: str | None
    content_type: str | None
    size: int | None = Field(description="Bytes.")
    sha256: str | None
    state: Literal["stored", "unavailable"]
    reason: str | None = Field(description="Why it is unavailable.")
    url: Link | None = Field(description="Signed and expiring; `/v1/attachments/{id}` with a token always works.")
    caption: str | None
    content_id: str | None


class LocationModel(_Model):
    latitude: float
    longitude: float
    name: str | None
    address: str | None
    url: str | None


class SharedContactModel(_Model):
    name: str | None
    phones: list[str]
    emails: list[str]


class ButtonModel(_Model):
    id: str | None
    title: str | None


class ReactionModel(_Model):
    emoji: str | None = Field(description="null when the reaction was taken back.")


class CallModel(_Model):
    direction: Literal["inbound", "outbound"]
    state: str | None
    duration: int | None = Field(description="Seconds.")
    recording: str | None


class PageModel(_Model):
    url: str | None
    title: str | None
    referrer: str | None


class ThreadModel(_Model):
    in_reply_to: str | None
    references: list[str]


class ReplyModel(_Model):
    allowed: list[str]
    until: Time | None
    via: HandleModel | None


class RawModel(_Model):
    url: Link
    content_type: str
    size: int = Field(description="Bytes.")


class CustomerModel(_Model):
    id: str
    match: Literal["new", "verified", "claimed", "agent", "ambiguous"]
    name: str | None
    tier: str | None
    tags: list[str]
    handles: list[HandleModel]
    first_seen: Time
    messages: int = Field(description="Earlier messages of this customer.")
    sequence: int = Field(description="Number of this message among the customer's, from 1.")
    unanswered: int = Field(description="Earlier contacts, on any channel, that nobody has answered.")


class ConversationModel(_Model):
    id: str
    opened_at: Time
    messages: int = Field(description="Messages of the conversation, this one included.")
    channels: list[str]
    ticket: str | None
    reopened: bool = Field(description="This message answers in a conversation that had ended.")


class HistoryModel(_Model):
    id: str = Field(description="Of a contact, that of its envelope; of an answer, that of the reply.")
    at: Time
    channel: str
    category: str = Field(description="Of an answer, that of the contact it answers.")
    direction: Literal["inbound", "outbound"] = Field(description="A contact, or what somebody answered.")
    snippet: str
    answers: str | None = Field(description="Of an answer, the id of the envelope it answers.")


class SlaModel(_Model):
    """What holds for the conversation; null where nothing is promised, or it is over or stands."""

    first_reply_due: Time | None
    next_reply_due: Time | None
    resolution_due: Time | None


class RoutingModel(_Model):
    category: Name
    targets: list[Name]
    priority: int
    tags: list[str]
    owners: list[str]
    sla: SlaModel
    playbook: str | None
    product: str | None
    reply: str | None = Field(description="The template a rule chose for an answer.")
    notify: list[str] = Field(description="Who is to be told besides.")
    decided_by: dict[str, str] = Field(description="Which rule decided each field.")
    ruleset: str
    extracted: dict[str, Literal[""] | None] = Field(
        description="Fields that the rules took out of texts, each with what the message had there: null or the empty text."
    )


class ContactData(_Model):
    """What the customer sent, before anybody asked who it is or where it goes."""

    brand: Name
    channel: Name
    connector: str
    account: str | None
    external_id: str
    refers_to: str | None
    kind: Kind
    sender: SenderModel
    subject: str | None
    text: str | None = Field(description="The new words.")
    text_full: str | None = Field(description="Everything, where `text` leaves out quotes and signature.")
    html: str | None = Field(description="Sanitised.")
    language: str | None
    attachments: list[AttachmentModel]
    location: LocationModel | None
    contacts: list[SharedContactModel]
    button: ButtonModel | None
    reaction: ReactionModel | None
    call: CallModel | None
    fields: dict[str, FieldValue]
    page: PageModel | None
    faq: list[str] = Field(description="Articles of the FAQ that were opened before, by their ids.")
    thread: ThreadModel
    automated: str | None = Field(description="Why this is not a person's contact, or null.")
    backlog: bool
    repeat_of: str | None
    sent_at: Time | None
    received_at: Time
    reply: ReplyModel
    raw: RawModel


class MessageData(ContactData):
    customer: CustomerModel
    conversation: ConversationModel
    history: list[HistoryModel]
    routing: RoutingModel


class Envelope(_Model):
    """A routed contact as a CloudEvents 1.0 event in structured JSON mode."""

    specversion: Literal["1.0"]
    id: str = Field(description="The same for every repeat of this event: consumers dedupe on it.")
    type: Literal["regia.message.received.v1"]
    source: str = Field(description="`/<brand>/<connector>`.")
    subject: str = Field(description="The customer's id.")
    time: Time
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:regia:schema:message:1"]
    data: MessageData


def priority_of(body: bytes) -> int:
    """Of a stored envelope: 0 to 9, where 9 is the most urgent."""
    return int(orjson.loads(body)["data"]["routing"]["priority"])


def json_schema() -> dict[str, Any]:
    """The envelope's JSON Schema (draft 2020-12)."""
    schema = Envelope.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
