"""Being the only one: who polls a source, by a lease that is kept while the work goes on, and who does now and then what one
node does for all, by a lease that is asked for before each piece of work."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from regia.gateway import Gateway
from storage.coordination import Coordination, CoordinationUnavailable

TTL: Final = 25.0
"""Seconds a lease lasts: whoever waits for a dead owner's has it within 30, its own look every two seconds included."""
RENEW: Final = 5.0
"""Seconds between renewals."""
LOOK: Final = 2.0
"""Seconds between attempts to get a lease that somebody else has, or that cannot be asked for."""
_GIVE_BACK: Final = 1.0
_STOP: Final = 0.4
"""Seconds for giving a turn back, where Redis still answers."""


def owner_of(gateway: Gateway) -> str:
    """Who a gateway is among the owners of leases: its node and its journal.

    A journal's id outlives the process and its lock admits one process. So a gateway that was killed has its leases back
    at once when it starts again, and two processes of one node are two owners.
    """
    return f"{gateway.configured.node}/{gateway.journal.id}"


class Lease:
    """The lease `name` for `owner`."""

    def __init__(self, coordination: Coordination, name: str, owner: str) -> None:
        self._coordination = coordination
        self._name = name
        self._owner = owner
        self._token: int | None = None
        self._until = 0.0

    async def take(self) -> int | None:
        """Its fencing token, or None when somebody else has it. Raises `CoordinationUnavailable`."""
        asked = time.monotonic()
        self._token = await self._coordination.acquire(self._name, self._owner, TTL)
        self._until = asked + TTL
        return self._token

    async def keep(self) -> None:
        """Renew until the lease is lost: to somebody else, or because nobody answers for as long as it lasts."""
        while True:
            await asyncio.sleep(max(0.0, min(RENEW, self._until - time.monotonic())))
            asked = time.monotonic()
            if asked >= self._until:
                return
            try:
                async with asyncio.timeout(self._until - asked):
                    if not await self._coordination.renew(self._name, self._owner, self._token or 0, TTL):
                        return
            except (CoordinationUnavailable, TimeoutError):
                continue  # what remains of it still holds
            self._until = asked + TTL

    async def give_back(self) -> None:
        """So that the next one need not wait for its end. Nothing is lost when that fails."""
        if self._token is None:
            return
        try:
            async with asyncio.timeout(_GIVE_BACK):
                await self._coordination.release(self._name, self._owner, self._token)
        except (CoordinationUnavailable, TimeoutError):
            pass  # it ends by itself


class Turn:
    """Whose turn `name` is: of one node of all, for `seconds` without a word. Without Redis it is everybody's."""

    def __init__(self, gateway: Gateway, name: str, seconds: float) -> None:
        self._coordination = gateway.stores.coordination
        self._name = name
        self._owner = owner_of(gateway)
        self._seconds = seconds
        self._token: int | None = None

    async def mine(self) -> bool:
        """Take it, or keep it; whether it is this node's."""
        try:
            self._token = await self._coordination.acquire(self._name, self._owner, self._seconds)
        except CoordinationUnavailable:
            return True
        return self._token is not None

    async def give_back(self) -> None:
        """If that is done at once: it ends by itself."""
        if self._token is None:
            return
        with suppress(CoordinationUnavailable, TimeoutError):
            async with asyncio.timeout(_STOP):
                await self._coordination.release(self._name, self._owner, self._token)
