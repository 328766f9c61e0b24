"""Which rules had a say in what came in: counted in memory after each commit, and stored every few seconds."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.model import DEFAULT, Decision
from storage.rule_hits import ALL, DAY_MS, Hits, Key


@dataclass(frozen=True, slots=True)
class Matched:
    """A committed message: under which name its rules stand, and the rules that matched, with `default` where none of them
    chose the category."""

    brand: str
    at_ms: int
    rules: tuple[str, ...]

    @classmethod
    def of(cls, brand: str, at_ms: int, decision: Decision) -> "Matched":
        is_default = decision.decided_by.get("category") == DEFAULT
        return cls(brand, at_ms, (*decision.matched, DEFAULT) if is_default else decision.matched)


class RuleHits:
    """What was counted and is not stored yet. Filled and emptied by different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[Key, Hits] = {}

    def add(self, matched: Iterable[Matched]) -> None:
        """Count the messages of a batch, once it is committed."""
        with self._lock:
            for one in matched:
                day = one.at_ms // DAY_MS
                for rule in (ALL, *one.rules):
                    self._enter((one.brand, rule, day), Hits(1, one.at_ms))

    def take(self) -> dict[Key, Hits]:
        """Everything, which is not here afterwards."""
        with self._lock:
            taken, self._counted = self._counted, {}
        return taken

    def put_back(self, taken: Mapping[Key, Hits]) -> None:
        """What could not be stored."""
        with self._lock:
            for key, one in taken.items():
                self._enter(key, one)

    def _enter(self, key: Key, more: Hits) -> None:
        mine = self._counted.setdefault(key, Hits())
        mine.messages += more.messages
        mine.last_ms = max(mine.last_ms, more.last_ms)
