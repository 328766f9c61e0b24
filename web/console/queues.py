"""Queues, dead letters and quarantine as the console shows them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A queue. None stands for what cannot be known. Rates in messages a second; `course` has its last depths, oldest first;
    `waiting_ms` is how long the first message has waited to be published to it."""

    name: str
    ready: int
    leased: int | None
    consumers: int | None
    oldest_ms: int | None
    into: float | None
    out: float | None
    course: tuple[int, ...]
    waiting_ms: int | None
    kind: str
    """target, dead, unrouted, or own: one of the gateway's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A dead letter. `text` is what the customer wrote, its beginning."""

    id: str
    where: str
    queue: str
    reason: str
    at_ms: int | None
    times: int
    redriven: int
    envelope_id: str
    category: str
    text: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """Something in quarantine, with the beginning of it."""

    id: str
    connector: str
    reason: str
    detail: str
    received_ms: int
    attempts: int
    size: int
    edited: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an act in bulk. `notes` say why some stayed, each with how many."""

    act: str
    done: int
    left: int
    operation: str
    notes: tuple[tuple[str, int], ...] = ()


def line(course: Sequence[int]) -> str:
    """The points of a small picture, 100 wide and 20 high."""
    most, steps = max((*course, 1)), max(1, len(course) - 1)
    return " ".join(f"{100 * number / steps:.1f},{19 - 18 * one / most:.1f}" for number, one in enumerate(course))
