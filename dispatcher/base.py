"""The queues as the gateway sees them: one protocol, RabbitMQ and local tables behind it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from dispatcher.options import Layout


def queue_of(brand: str, target: str) -> str:
    """The name of the queue in which a target's messages of a brand lie."""
    return f"{brand}.{target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One envelope for one target. `body` are the stored bytes, never built anew."""

    envelope_id: str
    brand: str
    target: str
    channel: str
    body: bytes
    type: str
    correlation_id: str
    timestamp: datetime
    attempt: int
    traceparent: str | None = None
    priority: int | None = None
    """Of the message in its queue, where that has priorities."""
    relay: str = ""
    """What no other relay calls itself: attempts are counted anew when a process begins anew."""

    @property
    def queue(self) -> str:
        return queue_of(self.brand, self.target)

    @property
    def routing_key(self) -> str:
        return f"{self.brand}.{self.target}.{self.channel}"

    @property
    def message_id(self) -> str:
        """Unique for each attempt: client libraries match returned messages to publishes by it."""
        attempt = f"{self.envelope_id}:{self.target}:{self.attempt}"
        return f"{attempt}:{self.relay}" if self.relay else attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One event for whoever is bound. `number` is its place among all events, `body` the stored bytes."""

    id: str
    type: str
    number: int
    body: bytes
    timestamp: datetime


class Outcome(Enum):
    """What is known of a publish."""

    CONFIRMED = "confirmed"
    """The broker has it: `Basic.Ack`."""
    UNROUTED = "unrouted"
    """No queue took it, not even after the topology was declared again: it lies in `regia.unrouted`, confirmed."""
    UNKNOWN = "unknown"
    """No answer in time, nack, or the connection died: to be repeated with the same envelope id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """The queues that must exist: brand to its targets (categories and declared queues).

    Whoever uses queues speaks of them as `<brand>.<target>`, also where an existing queue of RabbitMQ takes the place of
    ours: only what talks to the broker knows the real name, by `layout`.
    """

    targets: Mapping[str, frozenset[str]]
    layout: Layout = field(default_factory=Layout)
    """What they are like on RabbitMQ; the embedded ones have no options."""

    @property
    def queues(self) -> tuple[str, ...]:
        return tuple(sorted(queue_of(brand, target) for brand, targets in self.targets.items() for target in targets))

    def joined(self, other: "Topology") -> "Topology":
        """The queues of both, as `other` lays them out."""
        brands = sorted(self.targets.keys() | other.targets.keys())
        none: frozenset[str] = frozenset()
        targets = {brand: self.targets.get(brand, none) | other.targets.get(brand, none) for brand in brands}
        return Topology(targets=targets, layout=other.layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    name: str
    ready: int
    leased: int
    """Taken and not yet acknowledged; -1 where the broker does not say."""
    consumers: int | None = field(default=None, compare=False)
    """Who is subscribed now; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message out of a queue. `receipt` is what `ack` and `reject` take; it is dead after `lease` seconds."""

    receipt: str
    queue: str
    envelope_id: str
    body: bytes
    attempts: int


def envelope_id_of(headers: Mapping[str, object]) -> str:
    """The envelope a message of RabbitMQ carries, empty for one that is not ours."""
    return str(headers.get("envelope-id") or "")


class QueuesUnavailable(Exception):
    """The broker or database behind the queues cannot be reached now. Nothing was published by this call."""


class QueuesUnusable(QueuesUnavailable):
    """The exchange that everything is published to is missing, or of another type: nothing is published before somebody puts it
    right. The text says what to do."""


class QueueLocked(QueuesUnavailable):
    """RabbitMQ lets nobody look into this queue: it has a single active consumer, or belongs to one connection."""


class QueueMismatch(Exception):
    """Queues or exchanges are not as they should be: other arguments, missing, out of reach. The text says which and what to
    do. All others are declared, and can be published to."""


class UnknownQueue(Exception):
    """There is no queue of that name; the text lists those there are, where that is known."""

    def __init__(self, queue: str, known: Iterable[str] = ()) -> None:
        there = f"; queues: {', '.join(sorted(known))}" if known else ""
        super().__init__(f"there is no queue {queue!r}{there}")


Erased = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Which of some envelope ids were erased."""


Landed = Callable[[Publication], None]
"""Hears of each publication that its target's queue has it, at once: the others of its batch may take much longer."""


def nobody_hears(publication: Publication) -> None:
    """For who need not know when."""


class Queues(Protocol):
    """What delivery needs. All methods may raise `QueuesUnavailable`."""

    async def open(self, topology: Topology) -> None:
        """Connect and declare the topology. Raises `QueueMismatch`."""

    async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
        """Publish and wait for confirms, bounded in time; one outcome a publication, in their order. Never raises for
        a lost connection: what is not known is `UNKNOWN`."""

    async def announce(self, batch: Sequence[Announcement]) -> int:
        """Publish events in their order and wait for confirms, bounded in time: how many from the first on are confirmed.
        What follows these is unknown, and is to be announced again from there. Nobody need be bound. Never raises for a
        lost connection."""

    async def states(self) -> list[QueueState]: ...

    async def mend(self) -> None:
        """Declare again what the last `states` did not find, so that whoever consumes it need not wait for the next message."""

    async def others_stand(self) -> bool:
        """Whether the queues and exchanges of others that are needed are there. Cheap, and nothing is declared."""

    async def blocked(self) -> bool:
        """Whether the broker has said that it takes no publishes now, for want of memory or disk. Never raises."""

    async def peek(self, queue: str, limit: int) -> list[Delivery]:
        """The first messages, left where they are. Raises `UnknownQueue` and `QueueLocked`."""

    async def forget(self, erased: Erased) -> int:
        """Take the messages that `erased` names out of the gateway's own queues: dead letters, what no queue took, and the
        embedded ones. How many. Interrupted, nothing is gone but what was erased; to be called again then."""

    async def close(self) -> None: ...
