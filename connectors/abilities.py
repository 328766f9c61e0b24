"""What a channel can do, as data: for the documentation's table, for replies, and for the limits of what is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal

from normalizer.inbound import Kind, Proof

Unit = Literal["characters", "bytes", "utf16"]
MEGABYTE: Final = 1_000_000
_LENGTHS: Final[Mapping[Unit, Callable[[str], int]]] = {
    "characters": len,
    "bytes": lambda text: len(text.encode("utf-8", "replace")),
    "utf16": lambda text: len(text.encode("utf-16-le", "replace")) // 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a channel takes in one message that we send. `files`: `image`, `video`, `audio` and `file` that it takes, to their
    largest size in bytes; `uploads` says that it takes bytes, not only addresses; `templates`, that it takes approved ones
    where the time for free texts is over. `rate`: so many messages in so many seconds for one account, None where the provider
    names none."""

    text: int
    unit: Unit = "characters"
    buttons: int = 0
    button_title: int = 0
    files: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    uploads: bool = False
    templates: bool = False
    rate: tuple[int, float] | None = None

    def measure(self, text: str) -> int:
        """The length of a text as the channel counts it."""
        return _LENGTHS[self.unit](text)

    def messages(self, text: str, files: int) -> int:
        """About how many messages a text and files are."""
        return max(-(-self.measure(text) // self.text) + files, 1)

    def fitting(self, text: str) -> int:
        """How many of the first characters of a too long text fit into one message; at least one."""
        low, high = 1, min(len(text), self.text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.measure(text[:middle]) <= self.text else (low, middle - 1)
        return low


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """`kinds`: of contacts it gives; `states`: of our messages it tells; `proof`: what it can say of its senders; `media`: that
    files come in; `window`: how long after a customer's message free texts may be sent, None for ever; `windows`: the same
    by the envelope's channel, for a connector that has several; `send`: None where it cannot. The table of
    channels is made from this, and tests hold it to the channel's samples."""

    kinds: frozenset[Kind]
    proof: frozenset[Proof]
    states: frozenset[str] = frozenset()
    media: bool = False
    window: timedelta | None = None
    windows: Mapping[str, timedelta] = field(default_factory=dict)
    send: Limits | None = None

    def told_window(self) -> str | None:
        """As a person reads it: `24 h`, or `24 h (messenger, whatsapp)` where not every way has it; None without any."""
        if self.window is not None:
            return _hours(self.window)
        ways = {length: sorted(way for way, own in self.windows.items() if own == length) for length in self.windows.values()}
        return ", ".join(f"{_hours(length)} ({', '.join(names)})" for length, names in sorted(ways.items())) or None


def _hours(length: timedelta) -> str:
    return f"{length // timedelta(hours=1)} h"
