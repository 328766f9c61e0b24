"""What identity works with: keys of handles, and the rows of links, customers and conversations while a batch is under way."""

from dataclasses import dataclass, field
from typing import Final, Literal

from identity.handles import known_as
from identity.policy import CRM
from identity.profile import Facts
from normalizer.inbound import Handle, Proof

Standing = Literal["verified", "claimed"]
Direction = Literal["inbound", "outbound"]
Match = Literal["new", "verified", "claimed", "agent", "ambiguous"]

HISTORY: Final = 10
"""Contacts, and as many answers to them, that are kept on the customer's row and shown in the envelope."""
_SEPARATOR: Final = "\x1f"


def standing(handle: Handle) -> Standing:
    """A handle the platform or an agent vouches for is somebody's; a typed one is only claimed."""
    return "claimed" if handle.proof == "claimed" else "verified"


def handle_key(space: str, standing: Standing, handle: Handle) -> str:
    """The key of a handle, in the one spelling it is known by. The verified owner of an address and its claimed customer have
    different keys."""
    known = known_as(handle)
    return _SEPARATOR.join((space, standing, known.kind, known.value))


@dataclass(slots=True)
class Link:
    """A handle that belongs to somebody: proven for `home_id`, owned by `customer_id`."""

    id: str
    key: str
    space: str
    kind: str
    value: str
    standing: Standing
    proof: Proof
    customer_id: str
    home_id: str
    since_ms: int
    seen_ms: int
    evidence: str

    @property
    def handle(self) -> Handle:
        return Handle(self.kind, self.value, self.proof)


@dataclass(slots=True)
class Interaction:
    """One contact, or an answer of ours, as later envelopes of the same customer show it. `category` is that of the contact;
    `words` a digest of what was written; `answers` the contact that an answer is for."""

    id: str
    at_ms: int
    channel: str
    category: str
    direction: Direction
    snippet: str
    conversation: str = ""
    words: str = ""
    answers: str | None = None


@dataclass(slots=True)
class Customer:
    """`name` to `tags` are what `facts` come to. See `storage.schema_customers` for the rest."""

    id: str
    space: str
    standing: Standing
    first_seen_ms: int
    last_seen_ms: int
    root_id: str = ""
    merged_into: str | None = None
    name: str | None = None
    language: str | None = None
    tier: str | None = None
    tags: list[str] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    own_facts: Facts | None = None
    sequence: int = 0
    messages: int = 0
    unanswered: int = 0
    conversation_id: str | None = None
    history: list[Interaction] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root_id = self.root_id or self.id

    @property
    def crm_id(self) -> str | None:
        """The id that another system of ours has for it; not one that somebody only said."""
        return next((link.value for link in self.links if link.kind == CRM and link.standing == "verified"), None)

    @property
    def handles(self) -> list[Handle]:
        return [link.handle for link in self.links]


@dataclass(slots=True)
class Conversation:
    """`owner_id` is who owns it now: the one at the top of the merges of `customer_id`. `reopened`: the contact that is looked
    at goes on in it after it had ended, by time or by a ticket; that is not stored."""

    id: str
    space: str
    customer_id: str
    opened_ms: int
    last_ms: int
    messages: int = 0
    channels: list[str] = field(default_factory=list)
    ticket: str | None = None
    open: bool = True
    split: bool = False
    reopened: bool = False
    owner_id: str = ""

    def __post_init__(self) -> None:
        self.owner_id = self.owner_id or self.customer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whose message this is. `customer` and `conversation` already count it; `earlier` and `history` are from before."""

    customer: Customer
    handle_id: str
    match: Match
    conversation: Conversation
    sequence: int
    earlier: int
    unanswered: int
    history: tuple[Interaction, ...]
    repeat_of: str | None
    at_ms: int
    awaits_answer: bool
    aside: bool = False
    """It joined a conversation without going on with it."""
