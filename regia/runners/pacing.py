"""How fast messages may leave: so many an account as its provider allows, and none before it said that more may come.

A turn is waited for while a row is `sending`, so the wait is shorter than what a stopping gateway gives its senders.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from aiolimiter import AsyncLimiter

from connectors.errors import SendFailed

Account: TypeAlias = tuple[str, str | None]
"""Connector and account: what a provider counts messages by."""
Rate: TypeAlias = tuple[int, float]
"""So many messages in so many seconds."""

_WAIT: Final = 1.0
"""Seconds a message waits for its turn; then it is put back, for later."""


class Pace:
    """Of one node. `rates`: by connector, None or missing where the provider names none; `now` gives seconds."""

    def __init__(self, rates: Mapping[str, Rate | None], now: Callable[[], float]) -> None:
        self._rates = rates
        self._now = now
        self._limiters: dict[Account, AsyncLimiter] = {}
        self._held: dict[Account, float] = {}
        """Until when an account may send nothing."""

    async def turn(self, account: Account, messages: int = 1) -> None:
        """Return when so many messages may leave. Raises `SendFailed("rate_limited")` with the seconds to wait."""
        held = self._held.get(account, 0.0) - self._now()
        if held > 0:
            raise SendFailed("rate_limited", "the provider asked to wait", retry_after=held)
        rate = self._rates.get(account[0])
        if rate is None:
            return
        limiter = self._limiters.setdefault(account, AsyncLimiter(*rate))
        try:
            async with asyncio.timeout(_WAIT):
                await limiter.acquire(min(messages, rate[0]))
        except TimeoutError:
            raise SendFailed("rate_limited", "others of this account are before this one", retry_after=_WAIT) from None

    def hold(self, account: Account, seconds: float) -> None:
        """The provider said when it takes more from the account."""
        self._held[account] = max(self._held.get(account, 0.0), self._now() + seconds)
