"""What must stand in RabbitMQ before anything is published, as plain values in the order of declaring.

    regia.inbound (topic) ──<brand>.<target>.#──► <brand>.<target> ──rejected, or delivered too often──► regia.dead
    default exchange ──────────────────────────► regia.unrouted      what no queue took
    default exchange ──────────────────────────► existing queues that get copies, each by its name

Copies are published to each of their queues by name: where one exchange has them all, a missing one hides behind another that
takes the same message, and no publish comes back to tell.

Two properties of RabbitMQ shape it: a dead letter whose exchange has no queue is dropped, so `regia.dead` comes first;
and an alternate exchange would make an unroutable publish look like a delivered one, so `regia.inbound` has none and
publishing is `mandatory`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from dispatcher.base import Topology, queue_of
from dispatcher.options import DEAD_LETTERS, Arguments, QueueOptions

INBOUND: Final = "regia.inbound"
EVENTS: Final = "regia.events"
DEAD: Final = DEAD_LETTERS
UNROUTED: Final = "regia.unrouted"
REPLIES: Final = "regia.replies"
TICKETS: Final = "regia.tickets"

SYSTEM_QUEUES: Final = (DEAD, UNROUTED, REPLIES, TICKETS)
RESERVED_BRAND: Final = "regia"

NO_DELIVERY_LIMIT: Final = 2**31 - 1
"""For queues where messages wait for a person: from 4.0 a queue without a limit of its own would drop after 20 looks."""

WORK_ARGUMENTS: Final[Arguments] = QueueOptions().arguments

ORDER_ARGUMENTS: Final[Arguments] = QueueOptions(single_active_consumer=True, delivery_limit=NO_DELIVERY_LIMIT).arguments
"""For what ticket systems ask of the gateway: of several nodes one takes, so that it is done in the order of the queue. What
cannot be done is rejected by that one; a lost connection says nothing about an order."""

KEEP_ARGUMENTS: Final[Arguments] = {"x-queue-type": "quorum", "x-delivery-limit": NO_DELIVERY_LIMIT}

_PART = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Durable. With `needed_by` it is somebody else's: it must exist, and is never declared."""

    name: str
    type: Literal["topic"] = "topic"
    needed_by: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """Durable. `arguments` are its `x-` arguments. `needed_by` as with an exchange."""

    name: str
    arguments: Arguments = field(default_factory=lambda: WORK_ARGUMENTS)
    needed_by: str = ""


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
        Queue(REPLIES, ORDER_ARGUMENTS),
        Queue(TICKETS, ORDER_ARGUMENTS),
        *_targets(topology),
        *_also(topology),
    )


def queue_names(topology: Topology) -> tuple[str, ...]:
    """The queues of all targets in order of their names, then the gateway's own."""
    return (*topology.queues, *SYSTEM_QUEUES)


def title(declaration: Declaration) -> str:
    """What a person calls it."""
    if isinstance(declaration, Binding):
        return f"the binding of queue {declaration.queue} to {declaration.exchange} by {declaration.routing_key}"
    return f"{'exchange' if isinstance(declaration, Exchange) else 'queue'} {declaration.name}"


def _targets(topology: Topology) -> Iterator[Declaration]:
    layout = topology.layout
    for brand, targets in sorted(topology.targets.items()):
        _check_parts(brand, targets)
        for target in sorted(targets):
            name = queue_of(brand, target)
            options, real = layout.options_of(name), layout.real(name)
            if name in layout.existing:
                yield Queue(real, {}, needed_by=f"target {name}")
            else:
                if options.dead_letter_exchange != DEAD:
                    yield Exchange(options.dead_letter_exchange, needed_by=f"dead letters of {name}")
                yield Queue(name, options.arguments)
            yield Binding(INBOUND, real, f"{name}.#")


def _also(topology: Topology) -> Iterator[Declaration]:
    for name in dict.fromkeys(one.queue for one in topology.layout.also):
        yield Queue(name, {}, needed_by="queues.also")


def _check_parts(brand: str, targets: Iterable[str]) -> None:
    if brand == RESERVED_BRAND:
        raise ValueError(f"the brand {brand!r} is reserved for the gateway's own queues: give it another name")
    for part in (brand, *targets):
        if not _PART.fullmatch(part):
            raise ValueError(f"{part!r} cannot be part of a queue's name: use lower-case letters, digits, _ and -")
