"""People, and what they write from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from bench.people_names import Name

T = TypeVar("T")

Given = Literal["verified", "claimed"]


@dataclass(slots=True, eq=False, kw_only=True)
class Line:
    """A phone number in the same hands, with its account on WhatsApp. `hidden_ms`: from when the user hides the number."""

    id: int
    value: str
    on_whatsapp: str
    """The same number as WhatsApp writes it."""
    holders: frozenset[int]
    profile: str | None
    hidden_ms: int


@dataclass(slots=True, eq=False, kw_only=True)
class Mailbox:
    """`post`: of no person. `dmarc`: whether its mails are proven. `written`: the address as mails have it."""

    id: int
    value: str
    written: str
    holders: frozenset[int]
    profile: str | None
    dmarc: bool
    post: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Account:
    """Of the shop's app. `mailboxes` with the time each is its address from, the first from 0. An address is confirmed or only
    typed; `phone` None: the account has none."""

    mailboxes: list[tuple[int, Mailbox]]
    confirmed: bool
    phone: Given | None
    stale_ms: int
    """For how long it has a number that was given up."""


@dataclass(slots=True, eq=False, kw_only=True)
class Person:
    """`lines` with the time each is used from, the first from 0; `more_lines` beside them. `first_ms` and `last_ms`: when the
    person may write."""

    number: int
    name: Name
    country: str
    brands: tuple[str, ...]
    weight: float
    first_ms: int
    last_ms: int
    lines: list[tuple[int, Line]] = field(default_factory=list)
    more_lines: list[Line] = field(default_factory=list)
    mailboxes: list[Mailbox] = field(default_factory=list)
    account: Account | None = None
    on_telegram: bool = False
    shows_card: bool = False
    app_name: str | None = None
    hands_on: bool = False
    """The number comes to somebody else after a silence, so that no account may name it meanwhile."""
    telegram_name: str | None = None

    def line(self, at_ms: int) -> Line:
        return at(self.lines, at_ms)


def at(since: Sequence[tuple[int, T]], at_ms: int) -> T:
    """What holds at that time, of things with the time they hold from; the first holds from the beginning."""
    return next((thing for from_ms, thing in reversed(since) if from_ms <= at_ms), since[0][1])
