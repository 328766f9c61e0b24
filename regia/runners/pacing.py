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

_UNSAID: Final = 5.0
"""Seconds an account is left alone where its provider did not say how long."""
_LONGEST: Final = 3600.0
_WAIT: Final = 1.0
"""Seconds a message waits for its turn; then it is put back, for later."""


class Pace:
    """Of one node. `rates`: by connector, None or missing where the provider names none; `now` gives seconds of a clock that
    nobody sets."""

    def __init__(self, rates: Mapping[str, Rate | None], now: Callable[[], float]) -> None:
        self._rates = rates
        self._now = now
        self._limiters: dict[Account, tuple[AsyncLimiter, asyncio.Lock]] = {}
        """With the line before each: a message of many parts must not be overtaken for ever by those of one."""
        self._held: dict[Account, float] = {}
        """Until when an account may send nothing."""

    async def turn(self, account: Account, messages: int = 1) -> None:
        """Return when so many messages may leave; more than a second's worth count as that. Raises
        `SendFailed("rate_limited")` with the seconds to wait."""
        held = self._held.get(account, 0.0) - self._now()
        if held > 0:
            raise SendFailed("rate_limited", "the provider asked to wait", retry_after=held)
        rate = self._rates.get(account[0])
        if rate is None:
            return
        limiter, line = self._limiters.setdefault(account, (AsyncLimiter(*rate), asyncio.Lock()))
        try:
            async with asyncio.timeout(_WAIT), line:
                await limiter.acquire(min(messages, max(1, int(rate[0] / rate[1]))))
        except TimeoutError:
            raise SendFailed("rate_limited", "others of this account are before this one", retry_after=_WAIT) from None

    def hold(self, account: Account, seconds: float | None) -> None:
        """The provider takes no more from the account, for so many seconds if it said so. After an hour at the latest one
        message tries again."""
        until = self._now() + min(_UNSAID if seconds is None else seconds, _LONGEST)
        self._held[account] = max(self._held.get(account, 0.0), until)
