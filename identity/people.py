"""What identity works with: keys of handles, and the rows of customers and conversations while a batch is under way."""

from dataclasses import dataclass, field
from typing import Final, Literal

from identity.handles import known_as
from normalizer.inbound import Handle

Standing = Literal["verified", "claimed"]
Match = Literal["new", "verified", "claimed", "agent", "ambiguous"]

HISTORY: Final = 10
"""Interactions kept on the customer's row and shown in the envelope."""
_SEPARATOR: Final = "\x1f"


def standing(handle: Handle) -> Standing:
    """A handle the platform or an agent vouches for is somebody's; a typed one is only claimed."""
    return "claimed" if handle.proof == "claimed" else "verified"


def handle_key(space: str, standing: Standing, handle: Handle) -> str:
    """The primary key of a handle, in the one spelling it is known by. The verified owner of an address and its claimed
    customer have different keys."""
    known = known_as(handle)
    return _SEPARATOR.join((space, standing, known.kind, known.value))


@dataclass(slots=True)
class Interaction:
    """One contact as later envelopes of the same customer show it."""

    id: str
    at_ms: int
    channel: str
    category: str
    direction: Literal["inbound", "outbound"]
    snippet: str


@dataclass(slots=True)
class Customer:
    id: str
    space: str
    standing: Standing
    first_seen_ms: int
    last_seen_ms: int
    name: str | None = None
    language: str | None = None
    tier: str | None = None
    tags: list[str] = field(default_factory=list)
    messages: int = 0
    unanswered: int = 0
    conversation_id: str | None = None
    history: list[Interaction] = field(default_factory=list)
    handles: list[Handle] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    id: str
    space: str
    customer_id: str
    opened_ms: int
    last_ms: int
    messages: int = 0
    channels: list[str] = field(default_factory=list)
    ticket: str | None = None
    open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whose message this is. `customer` and `conversation` already count it; `earlier` and `history` are from before."""

    customer: Customer
    match: Match
    conversation: Conversation
    sequence: int
    earlier: int
    unanswered: int
    history: tuple[Interaction, ...]
