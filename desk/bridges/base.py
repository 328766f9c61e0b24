"""What a ticket system is to a bridge: where contacts become tickets, and agents' answers come from.

BridgeError
├── SystemUnavailable   it does not answer, or says that it cannot now: the same is tried again
├── SystemRefused       it does not take this, and never will: `detail` names what, and no value
├── TicketGone          it has no such ticket any more
└── TicketClosed        this one is closed, and is to stay so
    └── TicketFixed     the system puts nothing into any ticket that is there
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from desk.files import ReplyFile

MAX_FILE: Final = 25 << 20
"""More than any channel takes."""
_STATUS: Final = re.compile(r" answers \d{3}\b")


class BridgeError(Exception):
    """Of a ticket system."""


class SystemUnavailable(BridgeError):
    """Try again, not before `after` seconds where the system said so."""

    def __init__(self, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after


class SystemRefused(BridgeError):
    """A person must look at it."""


class TicketGone(BridgeError):
    """It was removed."""


class TicketClosed(BridgeError):
    """What follows belongs into another one."""


class TicketFixed(TicketClosed):
    """It may be open, but what follows belongs into another one all the same."""


def without_words(error: BridgeError) -> str:
    """An error for a log: its class, and what it says up to the status. Behind that are the system's own words, which may
    repeat a customer's address or what they wrote."""
    found = _STATUS.search(text := str(error))
    return f"{type(error).__name__}: {text if found is None else text[: found.end()]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wrote, as a ticket system may know them. `proven`: that these addresses are theirs; else they were only given."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contact as it is put into a ticket. The system keeps `mark`, the id of its envelope, and finds it by that. `again`: it
    may have been put there before, whole or in part. `follows`: the ticket that a new one goes on with, as its text says."""

    mark: str
    title: str
    text: str
    files: tuple[File, ...] = ()
    priority: int = 0
    again: bool = False
    follows: str | None = None
    person: Person = Person()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFile:
    """A file on an answer, not loaded yet. `id` is what the system loads it by; `size` in bytes, where it says so."""

    id: str
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswer:
    """What somebody wrote for the customer. `id` is the system's, the same whenever it is seen. `is_agent`: they may answer.
    `text` may be empty."""

    id: str
    author: str
    text: str
    is_agent: bool
    files: tuple[AgentFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketState:
    """How a ticket stands. `paused`: it waits for the customer; `reason` is the system's own word for how it stands."""

    ticket: str
    closed: bool
    paused: bool = False
    agent: str | None
    reason: str | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Tickets in which something happened since a cursor, oldest first; some of it may have been told before. `cursor` is where
    to go on."""

    states: Sequence[TicketState]
    cursor: str


class TicketSystem(Protocol):
    """Numbers of tickets are the system's own. Every method raises `SystemUnavailable`, and `SystemRefused`."""

    async def check(self) -> None:
        """Whether it answers, takes our credentials, and knows all names of our settings."""

    async def find(self, mark: str, begun_ms: int) -> Sequence[str]:
        """The tickets that have the contact of this mark, which was put into none before that time. What is found must not
        depend on an index that lags behind."""

    async def has(self, ticket: str, mark: str) -> bool:
        """Whether that ticket is there and has it."""

    async def open(self, entry: Entry) -> str:
        """A new ticket; its number."""

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        """Put it into a ticket, once; whether that was closed, and is open again. One that waited for the customer waits no
        more. Raises `TicketGone`, and `TicketClosed` where
        it is closed and this `reopens` none."""

    async def note(self, ticket: str, mark: str, text: str) -> None:
        """Tell the agents something, once for each mark. Raises `TicketGone`."""

    async def changed(self, cursor: str | None) -> Changed:
        """Without a cursor: nothing but where to begin."""

    async def written(self, ticket: str, since: str, known: Container[str]) -> Sequence[AgentAnswer]:
        """What was written into a ticket since a cursor, or a little before, oldest first, without ids that are known. Raises
        `TicketGone`."""

    async def load(self, file: AgentFile) -> ReplyFile:
        """A file that an answer told of, of at most `MAX_FILE` bytes. Raises `TicketGone` where it is gone."""

    def url(self, ticket: str) -> str:
        """Where an agent reads it."""
