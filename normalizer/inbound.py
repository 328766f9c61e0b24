"""What a connector hands over: one contact of a customer, as read from the provider's request.

The types are `msgspec` structs because they cross the journal: they are written as MessagePack when a
contact is accepted and read back after a restart. A field may be added with a default; none may change
its meaning, or journals of the previous version would be misread.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from msgspec import Struct

Proof = Literal["verified", "agent", "claimed"]
"""How sure we are that the sender owns a handle: the platform said so, a person of ours did, or it was only typed."""

Kind = Literal[
    "text",
    "media",
    "location",
    "contact",
    "reaction",
    "postback",
    "form",
    "comment",
    "call",
    "visit",
    "edit",
    "delete",
    "unsupported",
]

Scalar = str | int | float | bool | None
FieldValue = Scalar | list[Scalar]

_READABLE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_REFERENCE_DIGITS = 10
_BELOW = 78
"""Bits of an id that its reference number leaves out."""
ENVELOPE_NAMESPACE = UUID("6f1c1b5e-4f0e-5d53-9a52-3a5f4b1c7a10")


def envelope_id(connector: str, event_key: str) -> UUID:
    """The envelope's id: the same event of the same connector gives the same id on every node and every retry."""
    return uuid5(ENVELOPE_NAMESPACE, f"{connector}\n{event_key}")


class Handle(Struct, frozen=True):
    """An address a customer writes from. `kind` is a lower-case word (`phone`, `email`, `whatsapp_user`, …)."""

    kind: str
    value: str
    proof: Proof


class Sender(Struct, frozen=True, kw_only=True):
    """Who wrote. `aliases` are other handles of the same person with the platform's proof; `claims` were only typed.

    `recorded`: the aliases stand in somebody's records, as in a user token. They prove who writes, but not that the addresses
    are still in use: a number that was given up stays there until somebody notices.
    """

    handle: Handle
    name: str | None = None
    aliases: tuple[Handle, ...] = ()
    claims: tuple[Handle, ...] = ()
    recorded: bool = False
    of_many: bool = False
    """Whether the channel sees that many people write under this handle: a mailing list, a robot."""


class InboundAttachment(Struct, frozen=True, kw_only=True):
    """A file of a contact: either its bytes (`content`) or the provider's `reference`, fetched after the ack."""

    filename: str | None = None
    content_type: str | None = None
    content: bytes | None = None
    reference: str | None = None
    sha256: str | None = None
    caption: str | None = None
    content_id: str | None = None
    unavailable: str | None = None
    """Set where the connector knows already that the file cannot be had: the reason, from `connectors.errors`."""


class Location(Struct, frozen=True, kw_only=True):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


class SharedContact(Struct, frozen=True, kw_only=True):
    name: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


class Button(Struct, frozen=True, kw_only=True):
    """A tap on a button or list row we had offered: `id` is ours, `title` what the customer saw."""

    id: str | None = None
    title: str | None = None


class Reaction(Struct, frozen=True, kw_only=True):
    """`emoji` is None when the reaction was taken back. The message it is about is in `refers_to`."""

    emoji: str | None = None


class Call(Struct, frozen=True, kw_only=True):
    direction: Literal["inbound", "outbound"] = "inbound"
    state: str | None = None
    duration: int | None = None
    """Seconds."""
    recording: str | None = None


class Page(Struct, frozen=True, kw_only=True):
    """Where the customer was when writing: the page of the shop, or the ad that was tapped."""

    url: str | None = None
    title: str | None = None
    referrer: str | None = None


class Thread(Struct, frozen=True, kw_only=True):
    """The messages this one answers, by their external ids; for mail the Message-IDs without brackets."""

    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    conversation: str | None = None
    """Our conversation, where the contact carries its id with our own signature. Whoever writes in it, it is joined only
    by the customer it belongs to."""


class Reply(Struct, frozen=True, kw_only=True):
    """How an answer may leave: forms the channel allows, until when, and (form, call) the handle given for it."""

    allowed: tuple[str, ...] = ("text",)
    until: datetime | None = None
    via: Handle | None = None


class InboundMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One contact as the connector read it. Times are aware UTC datetimes.

    `event_key` says what makes this event a repeat; `external_id` names the message it is about. They differ
    where edits, deletions and states share one message. `raw` is the provider's own element, byte for byte where
    the request held a single one. `order_key` is the sender as the connector gives it: contacts of one key are
    handled in the order of their arrival.
    """

    event_key: str
    external_id: str
    brand: str
    channel: str
    account: str | None
    kind: Kind
    sender: Sender
    order_key: str
    raw: bytes
    raw_content_type: str
    sent_at: datetime | None = None
    refers_to: str | None = None
    subject: str | None = None
    text: str | None = None
    text_full: str | None = None
    """Everything, where `text` holds only the new words of a mail."""
    html: str | None = None
    attachments: tuple[InboundAttachment, ...] = ()
    location: Location | None = None
    contacts: tuple[SharedContact, ...] = ()
    button: Button | None = None
    reaction: Reaction | None = None
    call: Call | None = None
    fields: Mapping[str, FieldValue] = {}
    page: Page | None = None
    faq: tuple[str, ...] = ()
    thread: Thread = Thread()
    automated: str | None = None
    """Why this is not a person's contact (`auto_reply`, `bounce`, `list`, …), or None."""
    backlog: bool = False
    language: str | None = None
    """The language as the channel declares it (BCP 47), which is believed before detection."""
    reply: Reply = Reply()
    exact: bool = False
    """A repeat of `event_key` must have the same `raw`, because its caller chose the key: with other bytes it is another
    contact, and must not pass for the first. Providers repeat an event with slightly different bytes."""


def reference_number(message_id: UUID) -> str:
    """The number a customer may quote: `R-` and ten letters and digits without the ones people mix up."""
    number = message_id.int >> _BELOW
    return "R-" + "".join(_READABLE[number >> shift & 31] for shift in range(45, -1, -5))


def ids_of_reference(reference: str) -> tuple[UUID, UUID] | None:
    """The smallest and the largest id that have this reference number, however it is written; None where it is none."""
    plain = "".join(reference.upper().split()).removeprefix("R").replace("-", "")
    if len(plain) != _REFERENCE_DIGITS or any(letter not in _READABLE for letter in plain):
        return None
    number = 0
    for letter in plain:
        number = number << 5 | _READABLE.index(letter)
    return UUID(int=number << _BELOW), UUID(int=(number + 1 << _BELOW) - 1)
