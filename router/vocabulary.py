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
    default: Value = None
    choices: frozenset[str] = frozenset()
    """Where the values are a closed list, a rule naming another one is an error."""
    private: bool = False
    """An explanation holds only how long the value was."""
    derived: bool = False
    """The router makes it of other facts, unless it is given."""


def _one_of(*choices: str) -> frozenset[str]:
    return frozenset(choices)


_TEXT = Fact("text")
_COUNT = Fact("integer", default=0)
_PROOFS = _one_of(*get_args(Proof))

VOCABULARY: Mapping[str, Fact] = {
    "channel": _TEXT,
    "connector": _TEXT,
    "account": _TEXT,
    "brand": _TEXT,
    "kind": Fact("text", default="text", choices=_one_of(*get_args(Kind))),
    "text": Fact("text", private=True),
    "subject": _TEXT,
    "language": _TEXT,
    "automated": _TEXT,
    "backlog": Fact("boolean", default=False),
    RECEIVED: _TEXT,
    "button": _TEXT,
    "sender.handle": _TEXT,
    "sender.kind": _TEXT,
    "sender.proof": Fact("text", choices=_PROOFS),
    "sender.domain": _TEXT,
    "sender.name": _TEXT,
    "customer.tier": _TEXT,
    "customer.tags": Fact("list", default=frozenset()),
    "customer.match": Fact("text", choices=_PROOFS | {"new", "ambiguous"}),
    "customer.messages": _COUNT,
    "customer.new": Fact("boolean"),
    "attachments.count": _COUNT,
    "attachments.types": Fact("list", default=()),
    "attachments.kinds": Fact("list", default=(), choices=_one_of("image", "audio", "video", "document", "other")),
    "attachments.size": _COUNT,
    "conversation.messages": _COUNT,
    "conversation.age": Fact("number", default=0.0),
    "conversation.reopened": Fact("boolean", default=False),
    "conversation.channels": Fact("list", default=()),
    "conversation.ticket": _TEXT,
    "history.unanswered": _COUNT,
    "history.last_category": _TEXT,
    "history.contacts": _COUNT,
    "history.day": _COUNT,
    "history.week": _COUNT,
}


_FILE_KINDS: Mapping[str, str] = {
    **{kind: kind for kind in ("image", "audio", "video")},
    **dict.fromkeys(("text", "application", "message"), "document"),
}
_OF_CALENDARS: Mapping[str, Fact] = {
    "hours": Fact("text", choices=_one_of("open", "closed"), derived=True),
    "date": Fact("date", derived=True),
    "weekday": Fact("text", choices=frozenset(DAYS), derived=True),
    "holiday": Fact("boolean", derived=True),
}


def file_kind(media_type: str) -> str:
    """What sort of file it is, as `attachments.kinds` has it."""
    return _FILE_KINDS.get(media_type.partition("/")[0].lower(), "other")


def with_declared(fields: Mapping[str, FactType], calendars: Iterable[str]) -> Mapping[str, Fact]:
    """The table with the declared fields (name without `fields.`) and the facts of the declared calendars added."""
    return {
        **VOCABULARY,
        **{f"fields.{name}": Fact(kind) for name, kind in fields.items()},
        **{f"{prefix}.{name}": fact for name in calendars for prefix, fact in _OF_CALENDARS.items()},
    }
