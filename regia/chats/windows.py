"""The windows that are open on one node, and how many there may be."""

from collections import Counter
from collections.abc import Iterable

from connectors.errors import Rejected
from regia.chats.window import Window
from regia.watch.metrics import CHATS


class Windows:
    """By the values of the handles that they show."""

    def __init__(self) -> None:
        self._by_value: dict[str, dict[Window, None]] = {}
        self._visitors: Counter[str] = Counter()
        self._connectors: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    def add(self, window: Window, *, most: int, most_of_visitor: int, most_of_address: int) -> None:
        """Raises `Rejected("rate_limited")` where there are too many."""
        if self._addresses[window.address] >= most_of_address:
            raise Rejected("rate_limited", f"more than {most_of_address} connections of one address", retry_after=30)
        if self._visitors[window.visitor] >= most_of_visitor:
            raise Rejected("rate_limited", f"more than {most_of_visitor} connections of one visitor", retry_after=10)
        if self._connectors[window.whose.connector] >= most:
            raise Rejected("rate_limited", "too many connections at the moment", retry_after=10)
        for value in window.whose.values:
            self._by_value.setdefault(value, {})[window] = None
        self._count(window, 1)

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

    def _count(self, window: Window, change: int) -> None:
        connector = window.whose.connector
        of = ((self._visitors, window.visitor), (self._connectors, connector), (self._addresses, window.address))
        for counts, key in of:
            counts[key] += change
            if not counts[key]:
                del counts[key]
        CHATS.labels(window.whose.connector).set(self._connectors[window.whose.connector])
