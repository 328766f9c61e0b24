"""What must stand in RabbitMQ before anything is published, as plain values in the order of declaring.

    regia.inbound (topic) ──<brand>.<target>.#──► <brand>.<target> ──rejected, or delivered too often──► regia.dead
    default exchange ──────────────────────────► regia.unrouted      what no queue took

Two properties of RabbitMQ shape it: a dead letter whose exchange has no queue is dropped, so `regia.dead` comes first;
and an alternate exchange would make an unroutable publish look like a delivered one, so `regia.inbound` has none and
publishing is `mandatory`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from dispatcher.base import Topology

INBOUND: Final = "regia.inbound"
EVENTS: Final = "regia.events"
DEAD: Final = "regia.dead"
UNROUTED: Final = "regia.unrouted"
REPLIES: Final = "regia.replies"
TICKETS: Final = "regia.tickets"

SYSTEM_QUEUES: Final = (DEAD, UNROUTED, REPLIES, TICKETS)
RESERVED_BRAND: Final = "regia"

DELIVERY_LIMIT: Final = 20
"""Deliveries without an acknowledgement that make a dead letter. Always said: 3.x has no limit unless told, 4.x has 20."""

NO_DELIVERY_LIMIT: Final = 2**31 - 1
"""For queues where messages wait for a person: from 4.0 a queue without a limit of its own would drop after 20 looks."""

WORK_ARGUMENTS: Final[Mapping[str, str | int]] = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
    # Without reject-publish, at-least-once falls back to at-most-once and says so only in the broker's log.
    "x-overflow": "reject-publish",
    "x-delivery-limit": DELIVERY_LIMIT,
}

KEEP_ARGUMENTS: Final[Mapping[str, str | int]] = {"x-queue-type": "quorum", "x-delivery-limit": NO_DELIVERY_LIMIT}

_PART = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Durable."""

    name: str
    type: Literal["topic"] = "topic"


@dataclass(frozen=True, slots=True)
class Queue:
    """Durable. `arguments` are its `x-` arguments."""

    name: str
    arguments: Mapping[str, str | int] = field(default_factory=lambda: WORK_ARGUMENTS)


@dataclass(frozen=True, slots=True)
class Binding:
    exchange: str
    queue: str
    routing_key: str


Declaration = Exchange | Queue | Binding


def declarations(topology: Topology) -> tuple[Declaration, ...]:
    """Everything to declare, in order. Raises `ValueError` for a brand or target that is no part of a routing key."""
    return (
        Exchange(DEAD),
        Queue(DEAD, KEEP_ARGUMENTS),
        Binding(DEAD, DEAD, "#"),
        Queue(UNROUTED, KEEP_ARGUMENTS),
        Exchange(INBOUND),
        Exchange(EVENTS),
        Queue(REPLIES),
        Queue(TICKETS),
        *_targets(topology),
    )


def queue_names(topology: Topology) -> tuple[str, ...]:
    """The queues of all targets in order of their names, then the gateway's own."""
    return (*topology.queues, *SYSTEM_QUEUES)


def _targets(topology: Topology) -> Iterator[Declaration]:
    for brand, targets in sorted(topology.targets.items()):
        _check_parts(brand, targets)
        for target in sorted(targets):
            name = f"{brand}.{target}"
            yield Queue(name)
            yield Binding(INBOUND, name, f"{name}.#")


def _check_parts(brand: str, targets: Iterable[str]) -> None:
    if brand == RESERVED_BRAND:
        raise ValueError(f"the brand {brand!r} is reserved for the gateway's own queues: give it another name")
    for part in (brand, *targets):
        if not _PART.fullmatch(part):
            raise ValueError(f"{part!r} cannot be part of a queue's name: use lower-case letters, digits, _ and -")
