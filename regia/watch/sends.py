"""Whether providers take our tokens when something is sent: noted by the sender, read by the watcher."""

import time
from collections.abc import Callable
from typing import Final

from connectors.errors import SendFailed
from regia.watch.clocks import SLACK_MS

_CALM: Final = 300.0
"""Seconds. What follows a refusal sooner does not end it: of a connector with several accounts one may be refused and
others not."""
_NEVER: Final = float("-inf")


class Sends:
    """Of one node. `now` gives seconds since 1970, `clock` seconds of a clock that nobody sets."""

    def __init__(self, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._taken: dict[str, float] = {}
        self._valid: dict[str, float] = {}
        self._news: set[str] = set()

    def refused(self, connector: str, failed: SendFailed) -> None:
        """A message was refused. Only what is about us counts: one recipient is no reason for an alarm."""
        if failed.about_us:
            self._refused[connector] = self._clock()
            self._news.add(connector)

    def taken(self, connector: str) -> None:
        """A message was taken."""
        self._taken[connector] = self._clock()

    def valid(self, connector: str) -> None:
        """The provider was asked, and says that the connector's tokens are good."""
        self._valid[connector] = self._clock()

    def news(self) -> list[str]:
        """Connectors that were refused and not reported since."""
        return sorted(self._news)

    def reported(self, connector: str) -> None:
        self._news.discard(connector)

    def over(self, connector: str, raised_ms: int) -> bool:
        """Whether a refusal that was reported at `raised_ms`, by any node, is over: some minutes after the last one, which
        only its own node knows, a message was taken or the provider says that the tokens are good."""
        refused = max(self._since(raised_ms), self._refused.get(connector, _NEVER))
        taken = self._taken.get(connector, _NEVER) > refused and self._clock() >= refused + _CALM
        return taken or self._valid.get(connector, _NEVER) > refused + _CALM

    def _since(self, raised_ms: int) -> float:
        """That moment on our clock. One that is yet to come was written by a clock that was wrong, and holds nothing up."""
        ago_ms = self._now() * 1000 - raised_ms
        return _NEVER if ago_ms < -SLACK_MS else self._clock() - ago_ms / 1000
