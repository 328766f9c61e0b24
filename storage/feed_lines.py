"""The rows of a feed that are in memory: one line of waiting rows a key, and which keys can be handed out."""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=Numbered)


@dataclass(slots=True)
class Line(Generic[R]):
    """The waiting rows of one key. `held`: in flight or waiting for a retry."""

    rows: deque[R] = field(default_factory=deque)
    weight: int = 0
    held: bool = False


class Lines(Generic[R]):
    """Counts rows and their weight as `weigh` gives it; how much is too much is the feed's business."""

    def __init__(self, weigh: Callable[[R], int]) -> None:
        self._weigh = weigh
        self._lines: dict[Hashable, Line[R]] = {}
        self._ready: deque[Hashable] = deque()
        self.known: set[int] = set()
        """Numbers of the rows in memory, those in flight included."""
        self.size = self.weight = 0
        self.held_size = self.held_weight = 0
        """The part of it that waits behind held keys."""

    def __bool__(self) -> bool:
        """Whether anything waits or is in flight."""
        return bool(self._lines)

    def __len__(self) -> int:
        """Keys of which a row waits or is in flight."""
        return len(self._lines)

    @property
    def ready(self) -> bool:
        return bool(self._ready)

    def get(self, key: Hashable) -> Line[R] | None:
        return self._lines.get(key)

    def append(self, key: Hashable, row: R) -> None:
        """The key's last row; a key that is new can be handed out."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line()
            self._ready.append(key)
        line.rows.append(row)
        self._add(line, row)

    def put_back(self, key: Hashable, row: R) -> None:
        """A row in flight becomes the first of its held key again."""
        line = self._lines[key]
        line.rows.appendleft(row)
        self._add(line, row)

    def pop(self, most: int) -> tuple[Hashable, list[R]]:
        """The first rows of the key whose turn it is. The key is held from now on."""
        key = self._ready.popleft()
        line = self._lines[key]
        taken = [line.rows.popleft() for _ in range(min(most, len(line.rows)))]
        self._count(line, -len(taken), -sum(map(self._weigh, taken)))
        self._hold(line, held=True)
        return key, taken

    def drop(self, key: Hashable) -> int | None:
        """Forget the waiting rows of a held key; the lowest number among them."""
        line = self._lines[key]
        if not line.rows:
            return None
        first = line.rows[0].seq
        self.known.difference_update(row.seq for row in line.rows)
        self._count(line, -len(line.rows), -line.weight)
        line.rows.clear()
        return first

    def let_go(self, key: Hashable) -> bool:
        """The key can be handed out again; whether any of its rows waits."""
        line = self._lines[key]
        self._hold(line, held=False)
        if line.rows:
            self._ready.append(key)
        else:
            del self._lines[key]
        return bool(line.rows)

    def _add(self, line: Line[R], row: R) -> None:
        self.known.add(row.seq)
        self._count(line, 1, self._weigh(row))

    def _count(self, line: Line[R], rows: int, weight: int) -> None:
        line.weight += weight
        self.size += rows
        self.weight += weight
        if line.held:
            self.held_size += rows
            self.held_weight += weight

    def _hold(self, line: Line[R], *, held: bool) -> None:
        sign = 1 if held else -1
        line.held = held
        self.held_size += sign * len(line.rows)
        self.held_weight += sign * line.weight
