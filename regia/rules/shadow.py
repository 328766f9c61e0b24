"""Rules that are asked beside those that decide: what they say is counted, and nothing of it is done."""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from identity.people import Identified
from normalizer.message import Message
from regia.pipeline.facts import facts
from regia.rules.live import Rules
from regia.watch.metrics import SHADOWED
from router.differing import Change, changes
from router.model import Decision
from storage.shadows import Counted, Pair

logger = logging.getLogger(__name__)

_MOST: Final = 20
"""Changes of one message that are counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a shadow said of one message; `changes` in JSON."""

    pair: Pair
    message_id: str
    at_ms: int
    changes: tuple[str, ...]


def ask(rules: Rules, message: Message, identified: Identified, decision: Decision) -> Asked | None:
    """What the shadow of the message's brand says otherwise than `decision`; None where there is no shadow, or where asking
    it fails: that must not hold up the message."""
    brand = message.inbound.brand
    shadow = rules.shadow_of(brand)
    if shadow is None:
        return None
    try:
        found = changes(decision, shadow.route(facts(message, identified, shadow.fields)))
    except Exception:
        SHADOWED.labels("failed").inc()
        logger.exception("a shadow's rules could not be asked", extra={"ruleset": shadow.hash})
        return None
    pair = Pair(rules.slot(brand), rules.of(brand).hash, shadow.hash)
    told = tuple(_told(change) for change in found[:_MOST])
    return Asked(pair, str(message.id), int(message.received_at.timestamp() * 1000), told)


class Tally:
    """What was asked and is not stored yet. Filled and emptied by different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[Pair, Counted] = {}

    def add(self, asked: Iterable[Asked]) -> None:
        """Count what a batch asked, once it is committed."""
        with self._lock:
            for one in asked:
                SHADOWED.labels("different" if one.changes else "same").inc()
                mine = self._counted.setdefault(one.pair, Counted(one.at_ms, one.at_ms))
                mine.add(one.message_id, one.changes, one.at_ms)

    def take(self) -> dict[Pair, Counted]:
        """Everything, which is not here afterwards."""
        with self._lock:
            taken, self._counted = self._counted, {}
        return taken

    def put_back(self, taken: Mapping[Pair, Counted]) -> None:
        """What could not be stored."""
        with self._lock:
            for pair, one in taken.items():
                if pair in self._counted:
                    self._counted[pair].join(one)
                else:
                    self._counted[pair] = one


def _told(change: Change) -> str:
    return orjson.dumps(asdict(change), default=_plain).decode()


def _plain(value: Any) -> Any:
    """Values of decisions that JSON does not have."""
    return sorted(value) if isinstance(value, frozenset | set) else str(value)
