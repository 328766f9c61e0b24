"""The whole system at a glance: what works, what comes in, what lies where."""

from dataclasses import dataclass
from typing import Final

HOURS: Final = 24
"""Of a channel's traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTraffic:
    """A connector. `hours` are the contacts of the last hours, oldest first; `silent` and `source` say what is wrong."""

    connector: str
    hours: tuple[int, ...]
    last_ms: int | None
    silent: str = ""
    source: str = ""

    @property
    def contacts(self) -> int:
        return sum(self.hours)

    @property
    def bars(self) -> tuple[tuple[int, int], ...]:
        """Hour by hour the place and height of a bar, of at most 10."""
        most = max(self.hours, default=0)
        return tuple((at, max(1, round(10 * number / most))) for at, number in enumerate(self.hours) if number)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """`leased` is None where the broker does not tell it."""

    name: str
    ready: int
    leased: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """`parts`: each with what is wrong with it, empty where it works. `alarms`: their kind, of what, and what is told.
    None: not known now."""

    parts: tuple[tuple[str, str], ...]
    alarms: tuple[tuple[str, str, str], ...]
    channels: tuple[ChannelTraffic, ...]
    queues: tuple[QueueDepth, ...]
    dead: int | None
    quarantine: int | None
    in_journal: int | None
    journal_full: float
    in_memory: int

    @property
    def is_well(self) -> bool:
        silent = any(one.silent or one.source for one in self.channels)
        return not (any(wrong for _, wrong in self.parts) or self.alarms or silent)

    @property
    def ready(self) -> int:
        return sum(queue.ready for queue in self.queues)
