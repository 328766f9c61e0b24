"""What queues on RabbitMQ are like, and which existing ones are used: plain values, which the configuration gives.

Whatever is chosen here, nothing is lost in silence: what expires becomes a dead letter, and what does not fit is refused
(`reject-publish`), so that it waits in the outbox. There is no option by which a queue drops messages, or deletes itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

DEAD_LETTERS: Final = "regia.dead"

DELIVERY_LIMIT: Final = 20
"""Deliveries without an acknowledgement that make a dead letter. Always said: 3.x has no limit unless told, 4.x has 20."""

QueueType = Literal["quorum", "classic"]
Leader = Literal["client-local", "balanced"]
Arguments = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """Of one queue of ours. None is RabbitMQ's own default. `delivery_limit`, `leader` and `members` are for quorum queues,
    `priorities` for classic ones: RabbitMQ refuses them on the other type, and `arguments` leaves them out there."""

    type: QueueType = "quorum"
    delivery_limit: int = DELIVERY_LIMIT
    max_length: int | None = None
    """Messages."""
    max_bytes: int | None = None
    """Of bodies."""
    ttl_ms: int | None = None
    """Milliseconds after which a message becomes a dead letter."""
    priorities: int | None = None
    """The highest priority that is told from the next lower one."""
    single_active_consumer: bool = False
    dead_letter_exchange: str = DEAD_LETTERS
    dead_letter_key: str | None = None
    leader: Leader | None = None
    """On which node the leader of a new queue lies."""
    members: int | None = None
    """How many nodes a new queue lies on."""

    @property
    def arguments(self) -> Arguments:
        """As RabbitMQ takes them."""
        quorum = self.type == "quorum"
        asked: dict[str, str | int | bool | None] = {
            "x-queue-type": self.type,
            "x-dead-letter-exchange": self.dead_letter_exchange,
            "x-dead-letter-routing-key": self.dead_letter_key,
            # A classic queue knows only at-most-once, and refuses to be told.
            "x-dead-letter-strategy": "at-least-once" if quorum else None,
            # Without reject-publish, at-least-once falls back to at-most-once and says so only in the broker's log.
            "x-overflow": "reject-publish",
            "x-delivery-limit": self.delivery_limit if quorum else None,
            "x-max-length": self.max_length,
            "x-max-length-bytes": self.max_bytes,
            "x-message-ttl": self.ttl_ms,
            "x-max-priority": None if quorum else self.priorities,
            "x-single-active-consumer": self.single_active_consumer or None,
            "x-queue-leader-locator": self.leader if quorum else None,
            "x-quorum-initial-group-size": self.members if quorum else None,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """An existing queue that gets copies of what `keys`, patterns of a topic exchange, match."""

    queue: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Options by the name `<brand>.<target>`, and the existing queues that are used. It may name targets that no rule has."""

    defaults: QueueOptions = QueueOptions()
    options: Mapping[str, QueueOptions] = field(default_factory=dict)
    existing: Mapping[str, str] = field(default_factory=dict)
    """Name of a target's queue to the existing queue that takes its place."""
    also: tuple[Also, ...] = ()

    def options_of(self, name: str) -> QueueOptions:
        return self.options.get(name, self.defaults)

    def real(self, name: str) -> str:
        """The queue on RabbitMQ of a target's queue, or of one of the gateway's own."""
        return self.existing.get(name, name)

    def copied_to(self, routing_key: str) -> tuple[str, ...]:
        """The further queues that are to get a copy, each once."""
        return tuple(
            dict.fromkeys(one.queue for one in self.also if any(matches(pattern, routing_key) for pattern in one.keys))
        )

    def priorities_of(self, name: str) -> int | None:
        """None where messages of this queue are to have no priority."""
        options = self.options_of(name)
        return None if name in self.existing or options.type == "quorum" else options.priorities


@lru_cache(maxsize=4096)
def matches(pattern: str, routing_key: str) -> bool:
    """As a topic exchange binds: `*` is one word, `#` any number of them."""
    return fits(pattern.split("."), routing_key.split("."))


def fits(pattern: Sequence[str], words: Sequence[str | None]) -> bool:
    """The same by words, of which None may be any."""
    if not pattern:
        return not words
    first, rest = pattern[0], pattern[1:]
    if first == "#" and rest[:1] == pattern[:1]:
        return fits(rest, words)
    if first == "#":
        return any(fits(rest, words[start:]) for start in range(len(words) + 1))
    return bool(words) and (first == "*" or words[0] in (first, None)) and fits(rest, words[1:])
