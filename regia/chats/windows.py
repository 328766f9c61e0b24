"""The windows that are open on one node, and how many there may be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from connectors.errors import Rejected
from regia.chats.window import Window
from regia.watch.metrics import CHATS


class Windows:
    """By the values of the handles that they show."""

    def __init__(self) -> None:
        self._by_value: dict[str, dict[Window, None]] = {}
        self._visitors: Counter[str] = Counter()
        self._connectors: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        """Connections by their connector that have not said whose they are."""
        self._addresses: Counter[str] = Counter()

    def add(self, window: Window, *, most: int, most_of_visitor: int, most_of_address: int) -> None:
        """Raises `Rejected("rate_limited")` where there are too many."""
        self._room(window.whose.connector, window.address, most=most, most_of_address=most_of_address)
        if self._visitors[window.visitor] >= most_of_visitor:
            raise Rejected("rate_limited", f"more than {most_of_visitor} connections of one visitor", retry_after=10)
        for value in window.whose.values:
            self._by_value.setdefault(value, {})[window] = None
        self._count(window, 1)

    def wait(self, connector: str, address: str, *, most: int, most_of_address: int) -> "Waiting":
        """A connection that has not said whose it is counts too. Raises `Rejected("rate_limited")`."""
        self._room(connector, address, most=most, most_of_address=most_of_address)
        return Waiting(((self._waiting, connector), (self._addresses, address)))

    def remove(self, window: Window) -> None:
        """After `add`."""
        for value in window.whose.values:
            theirs = self._by_value[value]
            del theirs[window]
            if not theirs:
                del self._by_value[value]
        self._count(window, -1)

    def of(self, values: Iterable[str]) -> list[Window]:
        """Those that show one of these handles, each once."""
        return list({window: None for value in values for window in self._by_value.get(value, ())})

    @property
    def values(self) -> list[str]:
        """The handles that are shown."""
        return list(self._by_value)

    def __contains__(self, value: object) -> bool:
        return value in self._by_value

    def __bool__(self) -> bool:
        return bool(self._by_value)

    def _room(self, connector: str, address: str, *, most: int, most_of_address: int) -> None:
        if self._addresses[address] >= most_of_address:
            raise Rejected("rate_limited", f"more than {most_of_address} connections of one address", retry_after=30)
        if self._connectors[connector] + self._waiting[connector] >= most:
            raise Rejected("rate_limited", "too many connections at the moment", retry_after=10)

    def _count(self, window: Window, change: int) -> None:
        connector = window.whose.connector
        of = ((self._visitors, window.visitor), (self._connectors, connector), (self._addresses, window.address))
        for counts, key in of:
            _add(counts, key, change)
        CHATS.labels(window.whose.connector).set(self._connectors[window.whose.connector])


class Waiting:
    """A connection among those that are counted, until `over` or the end of a `with`."""

    def __init__(self, counts: Sequence[tuple[Counter[str], str]]) -> None:
        self._counts = counts
        for one, key in counts:
            _add(one, key, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.over()

    def over(self) -> None:
        """It does not wait any more. Said again it changes nothing."""
        for one, key in self._counts:
            _add(one, key, -1)
        self._counts = ()


def _add(counts: Counter[str], key: str, change: int) -> None:
    counts[key] += change
    if not counts[key]:
        del counts[key]
