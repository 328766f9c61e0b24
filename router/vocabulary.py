"""What rules may ask about: every name with its type, in one table.

The caller builds the facts of a message from this table: a flat mapping from name to value. The fields an
integrator declares under `fields:` join it as `fields.<name>`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from normalizer.inbound import Kind, Proof

Value = str | int | float | bool | None | tuple[str, ...] | frozenset[str]
"""A fact. None (or a missing name) means that the message does not have it; a date is text `YYYY-MM-DD`."""

Facts = Mapping[str, Value]

FactType = Literal["text", "integer", "number", "boolean", "date", "list"]
DECLARABLE: tuple[FactType, ...] = ("text", "number", "boolean", "date")

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a declared field may be called: expressions must be able to name it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One name of the vocabulary. `default` is what a test message has that does not mention it."""

    type: FactType
    default: Value = None
    choices: frozenset[str] = frozenset()
    """Where the values are a closed list, a rule naming another one is an error."""
    private: bool = False
    """An explanation holds only how long the value was."""


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
    "conversation.messages": _COUNT,
    "conversation.channels": Fact("list", default=()),
    "conversation.ticket": _TEXT,
    "history.unanswered": _COUNT,
    "history.last_category": _TEXT,
    "history.contacts": _COUNT,
}


def with_fields(declared: Mapping[str, FactType]) -> Mapping[str, Fact]:
    """The table with the declared fields (name without `fields.`) added."""
    return {**VOCABULARY, **{f"fields.{name}": Fact(kind) for name, kind in declared.items()}}
