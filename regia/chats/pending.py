"""Messages that were accepted here and are not in the tables yet: a visitor who loads the page again must see them."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from desk.transcripts import Item
from storage.transcripts import Line

MOST: Final = 10_000
"""Messages in memory; beyond them the oldest are shown only once they are in the tables."""
KEPT: Final = 300_000
"""Milliseconds: while the database is away for longer, nobody is shown anything anyway."""


class Pending:
    """Of one node."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, tuple[str, Line, Item | None]] = OrderedDict()
        """By id: handle, line, item; the oldest first. Without an item another node has accepted it."""
        self._of: dict[str, dict[str, None]] = {}

    def add(self, value: str, item: Item, at_ms: int) -> Line:
        """Of a handle, as a line of its transcript; given again, as a repeat, it changes nothing."""
        return self._keep(value, item["id"], at_ms, item)

    def expect(self, value: str, id_: str, at_ms: int) -> None:
        """Another node has accepted a message of this handle: there is nothing to be shown before it is in the tables."""
        self._keep(value, id_, at_ms, None)

    def _keep(self, value: str, id_: str, at_ms: int, item: Item | None) -> Line:
        self.forget(at_ms)
        if id_ in self._items:
            return self._items[id_][1]
        line = Line(id=id_, direction="in", state="sent", at_ms=at_ms, stamp_ms=at_ms, place=len(self._items))
        self._items[id_] = (value, line, item)
        self._of.setdefault(value, {})[id_] = None
        if len(self._items) > MOST:
            self._drop(next(iter(self._items)))
        return line

    def besides(self, values: Iterable[str], known: Sequence[Line]) -> list[tuple[Line, Item]]:
        """Of these handles those that are not among the known ones, in their order; known ones are forgotten."""
        stored, found = {line.id for line in known}, []
        for id_ in [id_ for value in values for id_ in self._of.get(value, ())]:
            if id_ in stored:
                self._drop(id_)
            else:
                _, line, item = self._items[id_]
                if item is not None:
                    found.append((line, item))
        return found

    def oldest(self, values: Iterable[str]) -> int | None:
        """Since when one of these handles waits, in milliseconds; None where none does."""
        firsts = [self._items[next(iter(self._of[value]))][1].at_ms for value in values if value in self._of]
        return min(firsts, default=None)

    def forget(self, now_ms: float) -> None:
        """Those that have been here for long."""
        while self._items and next(iter(self._items.values()))[1].at_ms < now_ms - KEPT:
            self._drop(next(iter(self._items)))

    def _drop(self, id_: str) -> None:
        value, _, _ = self._items.pop(id_)
        theirs = self._of[value]
        del theirs[id_]
        if not theirs:
            del self._of[value]
