"""The words of the model: what a contact says, what a link is called, and what identity may decide by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
HISTORY: Final = 10
"""How many contacts an envelope shows, and how many replies (docs/envelope.md)."""

ITALIAN: Final = "Vorrei sapere quando arriva la padella che ho ordinato lunedì scorso"
ENGLISH: Final = "Please tell me when the pan that I ordered last Monday will arrive"
SPOKEN: Final = {ITALIAN: "it", ENGLISH: "en"}
"""Words that are long enough to tell a language by."""

Standing = Literal["verified", "claimed"]
Proof = Literal["verified", "claimed"]
Source = Literal["agent", "api", "import", "connector"]
Field = Literal["name", "language", "tier", "tags"]
Many = Literal["list", "program"]
"""How a channel sees that many people write under a handle: a mailing list, or a program's address that nobody reads."""
Customer = str
"""A customer goes by the name of its first link."""
TalkName = str
"""A conversation goes by the message that opened it."""


class Key(NamedTuple):
    """A handle: what one customer can own at a time."""

    space: str
    standing: Standing
    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.space}/{self.standing}/{self.kind}:{self.value}"


class LinkName(NamedTuple):
    """One time that a handle belonged to a customer: the first, the second, …"""

    key: Key
    time: int

    def __str__(self) -> str:
        return f"{self.key}#{self.time}"


class Said(NamedTuple):
    """A handle as a contact names it."""

    kind: str
    value: str
    proof: Proof = "verified"

    def __str__(self) -> str:
        return f"{self.proof} {self.kind}:{self.value}"


@dataclass(frozen=True)
class Contact:
    """One message: who wrote it, as what, and what it names besides. `recorded`: its aliases stand in records and break no
        silence. `order` only makes suggestions. `reply_to` is the message it refers to, `mark` one in the conversation that our
    mark names. A contact without `words` says what no other says."""

    id: str
    at_ms: int
    space: str
    sender: Said
    aliases: tuple[Said, ...] = ()
    claims: tuple[Said, ...] = ()
    name: str | None = None
    order: str | None = None
    words: str | None = None
    recorded: bool = False
    channel: str = "whatsapp"
    reply_to: str | None = None
    mark: str | None = None
    many: Many | None = None
    language: str | None = None


@dataclass(frozen=True)
class Given:
    """What a source says of a customer. None takes a value back; tags are one or none."""

    source: Source
    field: Field
    value: str | None


@dataclass(frozen=True)
class Answer:
    """What a contact is told: whose it is, how sure that is, its number; its conversation, which message it repeats; how many
    the customer wrote before, how many of these nobody has answered, and the last of them, with the last replies."""

    customer: Customer
    match: str
    sequence: int
    talk: TalkName = ""
    repeat_of: str | None = None
    earlier: int = 0
    unanswered: int = 0
    history: tuple[str, ...] = ()


def clearly_two(one: str, other: str) -> bool:
    """Whether two names are not one person's: simply those that have no word in common."""
    return not {*one.casefold().split()} & {*other.casefold().split()}


@dataclass(frozen=True)
class Rules:
    """What identity may decide by itself; days and counts."""

    caps: Mapping[str, int] = field(default_factory=lambda: {"phone": 4, "email": 6})
    cap_other: int = 8
    merges_per_day: int = 3
    shared: tuple[str, ...] = ("info@*",)
    recycled_kinds: frozenset[str] = frozenset({"phone"})
    recycle_days: int = 365
    reassign_days: int = 45
    window_hours: int = 72
    authority: tuple[Source, ...] = ("agent", "api", "import", "connector")
    two_people: Callable[[str, str], bool] = clearly_two


class Refused(Exception):
    """Nothing was done, because it cannot be."""
