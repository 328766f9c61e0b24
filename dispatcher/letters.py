"""Dead letters: messages that were rejected, or that nobody acknowledged, and those that no queue took.

One protocol for RabbitMQ (the queues `regia.dead` and `regia.unrouted`) and for the embedded queues. Whatever is done to a
letter, it is published elsewhere, with a confirm, before it is taken away: killed in between it is there twice, never lost.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import orjson

Where = Literal["dead", "unrouted"]
Reason = Literal["rejected", "delivery_limit", "expired", "maxlen", "unrouted", "unknown"]
"""RabbitMQ's own words; `unrouted`: no queue took it; `unknown`: somebody put it there."""

LOOK: Final = 10_000
"""Letters that a look goes through, unless it is told to go further."""
EVERYTHING: Final = 1 << 31
"""More letters than there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`id` is its own, the same at every look. `queue`: where it lay, or was to go; `at_ms`: when it died, in milliseconds
    since 1970; `times`: how often it has, as far as is known; `redriven`: how often it was driven again. `body` is empty in
    lists."""

    id: str
    where: Where
    queue: str
    reason: str
    at_ms: int | None
    times: int
    redriven: int
    envelope_id: str
    category: str | None
    size: int
    sha256: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which letters: all that is given holds. `ids` are letters' or envelopes'; times are those at which they died, from
    `since_ms` on, before `before_ms`. Of a letter that does not say when it died no time holds."""

    ids: tuple[str, ...] = ()
    where: Where | None = None
    queue: str | None = None
    reason: str | None = None
    category: str | None = None
    since_ms: int | None = None
    before_ms: int | None = None

    def fits(self, letter: Letter) -> bool:
        if self.ids and letter.id not in self.ids and letter.envelope_id not in self.ids:
            return False
        if self.since_ms is not None and (letter.at_ms is None or letter.at_ms < self.since_ms):
            return False
        if self.before_ms is not None and (letter.at_ms is None or letter.at_ms >= self.before_ms):
            return False
        pairs = ((self.where, letter.where), (self.queue, letter.queue), (self.reason, letter.reason))
        return all(wanted in (None, has) for wanted, has in (*pairs, (self.category, letter.category)))

    def nothing_more(self, seen: set[str]) -> bool:
        """Whether `seen`, letters' ids that fitted, are all there can be. Of an envelope several letters may lie there, so that
        its id is looked for to the end."""
        return bool(self.ids) and seen.issuperset(self.ids)


@dataclass(frozen=True, slots=True)
class Redrive:
    """Publish it to the queue it died in (one that no queue took: as before), or to the queue `to`."""

    to: str | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """Take it away."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Leave it where it is, with another body."""

    body: bytes


Act = Redrive | Discard | Edit


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: at most as many as were asked for. `fitting` of the `looked` letters were wanted, and `lying` there
    are in all."""

    letters: tuple[Letter, ...]
    fitting: int
    looked: int
    lying: int


@dataclass(slots=True)
class Picked:
    """What was done. `lying`: how many there were; `looked` of them were gone through. `erased` were of erased customers and
    are gone; `kept` stay where they are, by why."""

    lying: int = 0
    looked: int = 0
    done: int = 0
    erased: int = 0
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def detail(self) -> dict[str, Any]:
        """For the log."""
        return {"lying": self.lying, "looked": self.looked, "erased": self.erased, "kept": dict(self.kept)}


class Letters(Protocol):
    """All methods may raise `QueuesUnavailable` and `DatabaseUnavailable`: what was done until then is done."""

    async def look(self, wanted: Wanted, limit: int, *, most: int = LOOK, bodies: bool = False) -> Looked:
        """Oldest first. Goes through at most `most` letters, and no further than to the last of the letters' ids wanted."""

    async def pick(
        self,
        wanted: Wanted,
        act: Act,
        limit: int,
        picked: Picked,
        told: Callable[[Picked], Any] = lambda _: None,
        *,
        most: int = EVERYTHING,
    ) -> None:
        """Do it to at most `limit` of those that lie there now, and write into `picked`, which is new, how far it is. Goes as
        far as `look`. Raises `UnknownQueue` before anything is done."""

    async def close(self) -> None: ...


def category_of(body: bytes) -> str | None:
    """Of an envelope."""
    try:
        category = orjson.loads(body)["data"]["routing"]["category"]
    except (ValueError, KeyError, TypeError):
        return None
    return category if isinstance(category, str) else None


def digest(body: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(body).hexdigest()


def id_from(parts: Iterable[object]) -> str:
    """A short id that is the same at every look."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
