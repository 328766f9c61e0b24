"""What rules may ask about: every name with its type, in one table.

The caller builds the facts of a message from this table: a flat mapping from name to value. The fields an
integrator declares under `fields:` join it as `fields.<name>`, and each calendar as `hours.<name>` and its like.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from normalizer.inbound import Kind, Proof

Value = str | int | float | bool | None | tuple[str, ...] | frozenset[str]
"""A fact. None (or a missing name) means that the message does not have it; a date is text `YYYY-MM-DD`."""

Facts = Mapping[str, Value]

FactType = Literal["text", "integer", "number", "boolean", "date", "list"]
DECLARABLE: tuple[FactType, ...] = ("text", "number", "boolean", "date")

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a declared field or calendar may be called: expressions must be able to name it."""

RECEIVED = "received"
"""The moment of which the facts of calendars are: text in UTC, as the envelope has it."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DECLARED_UNDER: Mapping[str, str] = {
    "fields": "fields",
    "hours": "calendars",
    "date": "calendars",
    "weekday": "calendars",
    "holiday": "calendars",
}
"""Where the names that begin so and have a dot are declared."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One name of the vocabulary. `default` is what a test message has that does not mention it."""

    type: FactType
    says: str
    """What it is, for docs/rules.md and for editors, in Markdown whose links are relative to the page."""
    default: Value = None
    choices: frozenset[str] = frozenset()
    """Where the values are a closed list, a rule naming another one is an error."""
    private: bool = False
    """An explanation holds only how long the value was."""
    derived: bool = False
    """The router makes it of other facts, unless it is given."""


def _one_of(*choices: str) -> frozenset[str]:
    return frozenset(choices)


def _text(says: str) -> Fact:
    return Fact("text", says)


def _count(says: str) -> Fact:
    return Fact("integer", says, default=0)


_PROOFS = _one_of(*get_args(Proof))

VOCABULARY: Mapping[str, Fact] = {
    "channel": _text("where the message came in: `whatsapp`, `email`, `web_form`, …"),
    "connector": _text("the name of the connector it came in by"),
    "account": _text("our own number or address it came to"),
    "brand": _text("the brand it came to"),
    "kind": Fact("text", "what sort of contact it is", default="text", choices=_one_of(*get_args(Kind))),
    "text": Fact("text", "what was written", private=True),
    "subject": _text("what was written as the subject"),
    "language": _text("the language it is written in: `it`, `en`, …"),
    "automated": _text("why it is not a person's contact (`auto_reply`, `bounce`, `list`, …); missing for a person"),
    "backlog": Fact("boolean", "brought in from an archive", default=False),
    RECEIVED: _text(
        "the moment at which Regia received the message, in UTC: `2026-12-25T09:00:00.000Z`."
        " Of backlog it is the moment of the import"
    ),
    "button": _text("the id of the button that was tapped"),
    "sender.handle": _text("the address of the sender"),
    "sender.kind": _text("what sort of address it is: `email`, `phone`, …"),
    "sender.proof": Fact("text", "how sure the address is", choices=_PROOFS),
    "sender.domain": _text("the part of the address after the `@`"),
    "sender.name": _text("the name as given"),
    "customer.tier": _text("from your customer data"),
    "customer.tags": Fact("list", "from your customer data", default=frozenset()),
    "customer.match": Fact("text", "how the customer was found", choices=_PROOFS | {"new", "ambiguous"}),
    "customer.messages": _count("earlier messages of this customer"),
    "customer.new": Fact("boolean", "writes for the first time"),
    "attachments.count": _count("how many files"),
    "attachments.types": Fact("list", "the media types of the files, such as `image/png`", default=()),
    "attachments.kinds": Fact(
        "list",
        "what sorts of files, where media types of `text`, `application` and `message` are a `document`",
        default=(),
        choices=_one_of("image", "audio", "video", "document", "other"),
    ),
    "attachments.size": _count("bytes of all files together, as far as they are known"),
    "conversation.messages": _count("earlier messages of the open conversation"),
    "conversation.age": Fact(
        "number", "hours since the first message of the conversation; 0 where this one is the first", default=0.0
    ),
    "conversation.reopened": Fact(
        "boolean", "this message answers in a conversation that had ended, by time or with its ticket", default=False
    ),
    "conversation.channels": Fact("list", "channels used in the open conversation, this message's included", default=()),
    "conversation.ticket": _text("the ticket it belongs to"),
    "history.unanswered": _count(
        "contacts of this customer nobody has answered, on any channel; edits, deletions, reactions, automatic mail and"
        " imported backlog do not count. All of `history` is empty where"
        " [many people](identity.md#merge-by-itself-the-guards) write under the sender"
    ),
    "history.last_category": _text("the category of the last contact"),
    "history.contacts": _count("how many contacts the customer's short history has before this one: 10 at most, no answers"),
    "history.day": _count("how many of these are not older than 24 hours"),
    "history.week": _count("how many of these are not older than 7 days"),
}


_FILE_KINDS: Mapping[str, str] = {
    **{kind: kind for kind in ("image", "audio", "video")},
    **dict.fromkeys(("text", "application", "message"), "document"),
}
OF_CALENDARS: Mapping[str, Fact] = {
    "hours": Fact(
        "text",
        "whether it is open at the moment `received`, by the declared [calendar](#opening-hours)",
        choices=_one_of("open", "closed"),
        derived=True,
    ),
    "date": Fact("date", "the date of the moment `received`, by the clock of the [calendar](#opening-hours)", derived=True),
    "weekday": Fact("text", "the day of that date", choices=frozenset(DAYS), derived=True),
    "holiday": Fact(
        "boolean", "whether that date is one of the public holidays of the [calendar](#opening-hours)", derived=True
    ),
}
OF_FIELDS = "a field of a form or of the API, declared under `fields:`, or [taken out of a text](#taking-values-out-of-texts)"
"""What `fields.NAME` is, whatever its type."""


def file_kind(media_type: str) -> str:
    """What sort of file it is, as `attachments.kinds` has it."""
    return _FILE_KINDS.get(media_type.partition("/")[0].lower(), "other")


def with_declared(fields: Mapping[str, FactType], calendars: Iterable[str]) -> Mapping[str, Fact]:
    """The table with the declared fields (name without `fields.`) and the facts of the declared calendars added."""
    return {
        **VOCABULARY,
        **{f"fields.{name}": Fact(kind, OF_FIELDS) for name, kind in fields.items()},
        **{f"{prefix}.{name}": fact for name in calendars for prefix, fact in OF_CALENDARS.items()},
    }
