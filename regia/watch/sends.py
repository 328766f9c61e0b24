"""Whether providers take our tokens when something is sent: noted by the sender, read by the watcher."""

import time
from collections.abc import Callable
from typing import Final

_CALM_MS: Final = 300_000
"""What follows a refusal so soon does not end it: of a connector with several accounts one may be refused and others not."""


class Sends:
    """Of one node. `now` gives seconds since 1970."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._refused_ms: dict[str, int] = {}
        self._taken_ms: dict[str, int] = {}
        self._news: set[str] = set()

    def refused(self, connector: str) -> None:
        """A message was refused because of who we are."""
        self._refused_ms[connector] = self._now_ms()
        self._news.add(connector)

    def taken(self, connector: str) -> None:
        """A message was taken."""
        self._taken_ms[connector] = self._now_ms()

    def news(self) -> list[str]:
        """Connectors that were refused and not reported since."""
        return sorted(self._news)

    def reported(self, connector: str) -> None:
        self._news.discard(connector)

    def over(self, connector: str, raised_ms: int) -> bool:
        """Whether a refusal that was reported at `raised_ms` is over: a message was taken after the last one, which is some
        minutes ago."""
        refused_ms = max(raised_ms, self._refused_ms.get(connector, 0))
        return self._taken_ms.get(connector, 0) > refused_ms and self._now_ms() >= refused_ms + _CALM_MS

    def _now_ms(self) -> int:
        return int(self._now() * 1000)
