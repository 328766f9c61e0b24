"""Putting the messages of a customer in order again that reached the queue in another.

Regia keeps the order of a customer on the node that accepted the messages. Over several nodes a later one may be published
first, by a few hundred milliseconds as a rule. `customer.sequence` numbers a customer's messages over **all** queues, so
one queue sees gaps: a gap never proves that something is missing, and nothing may wait for it for long.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Customer(Generic[Item]):
    """`gone` is the highest number that went on; `held` are those waiting, each with the number of its arrival."""

    gone: int = 0
    held: dict[int, list[tuple[int, Item]]] = field(default_factory=dict)


class Reorder(Generic[Item]):
    """Holds a message back for at most `window` seconds while one with a lower number may still come. No clock and no I/O.

    - The number that follows the last one, or a lower one: goes on at once. A lower one comes late, or again; it is counted
      in `late`, never dropped.
    - A higher one waits until those between have come, at most `window` seconds. Then it goes on, and whatever waits with
      a lower number of the same customer goes on just before it: a gap that stays costs the window, once.
    - The first number that is seen of a customer, unless it is 1, waits too.
    - When more than `limit` wait, the one that has waited longest goes on as if its time were over.
    - Of the `customers` seen last it is known what went on; of others it is as if they were seen for the first time.
    """

    def __init__(self, window: float, *, limit: int = 1_000, customers: int = 10_000) -> None:
        if window <= 0 or limit < 1 or customers < 1:
            raise ValueError("window, limit and customers of Reorder must be above 0")
        self._window, self._limit, self._known = window, limit, customers
        self._customers: OrderedDict[Hashable, _Customer[Item]] = OrderedDict()
        self._deadlines: OrderedDict[int, tuple[float, Hashable, int]] = OrderedDict()
        """By number of arrival: the window is one for all, so that the first in is the first due."""
        self._arrivals = 0
        self.late = 0

    def __len__(self) -> int:
        return len(self._deadlines)

    @property
    def window(self) -> float:
        return self._window

    @property
    def next_deadline(self) -> float | None:
        """When `due` has something to give next."""
        return next((deadline for deadline, _, _ in self._deadlines.values()), None)

    def push(self, item: Item, customer: Hashable, sequence: int, now: float) -> list[Item]:
        """Take in one message; what goes on now, in order."""
        state = self._state(customer)
        if sequence <= state.gone:
            self.late += 1
            return [item]
        if sequence == state.gone + 1:
            state.gone = sequence
            return [item, *self._follow(state)]
        self._arrivals += 1
        self._deadlines[self._arrivals] = (now + self._window, customer, sequence)
        state.held.setdefault(sequence, []).append((self._arrivals, item))
        return self._first() if len(self._deadlines) > self._limit else []

    def due(self, now: float) -> list[Item]:
        """What has waited long enough, with what goes on because of it, in order."""
        out: list[Item] = []
        while self._deadlines and (self.next_deadline or 0.0) <= now:
            out += self._first()
        return out

    def clear(self) -> int:
        """Forget what waits; how many that was. What went on stays known."""
        waiting = len(self._deadlines)
        self._deadlines.clear()
        for state in self._customers.values():
            state.held.clear()
        return waiting

    def _first(self) -> list[Item]:
        """The one that has waited longest, those before it, and those that follow it without a gap."""
        _, customer, sequence = next(iter(self._deadlines.values()))
        state = self._customers[customer]
        out = [item for number in sorted(state.held) if number <= sequence for item in self._leave(state, number)]
        state.gone = sequence
        return out + self._follow(state)

    def _follow(self, state: _Customer[Item]) -> list[Item]:
        out: list[Item] = []
        # What waits with the same number is a repeat: the store of ids tells it from the first.
        while state.gone in state.held or state.gone + 1 in state.held:
            state.gone += state.gone not in state.held
            out += self._leave(state, state.gone)
        return out

    def _leave(self, state: _Customer[Item], sequence: int) -> list[Item]:
        left = state.held.pop(sequence)
        for arrival, _ in left:
            del self._deadlines[arrival]
        return [item for _, item in left]

    def _state(self, customer: Hashable) -> _Customer[Item]:
        state = self._customers.setdefault(customer, _Customer())
        self._customers.move_to_end(customer)
        if len(self._customers) > self._known:
            oldest = next((key for key, one in self._customers.items() if not one.held and one is not state), None)
            if oldest is not None:
                del self._customers[oldest]
        return state
