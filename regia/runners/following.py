"""Whatever follows from events inside the gateway, and what becomes due by the clock: one node does it at a time.

A follower's work is done in the transaction that notes how far it came (`storage.following`), so two nodes that both believe it
is their turn do nothing twice.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from typing import Final

from sqlalchemy import Connection

from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.runners.leases import Turn
from storage.database import DatabaseUnavailable
from storage.following import AT_ONCE, Act, follow

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between looks."""
LEASE: Final = 30.0
"""Seconds after which another node follows instead of one that is gone."""
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds to wait after so many failures in succession; the last for ever after."""
_UP: Final = 0.2

Due = Callable[[Connection, int], bool]
"""Does, in the caller's transaction, some of what is due at a time (ms); whether there is more."""


class Follower:
    """Follows events of some `types`, `at_once` in one transaction: one, where `act` holds what others hold too, such as the
    limits of automatic answers, since it would hold these in the order of the events. What is `due` comes behind all that was
    told before; `done` is called when that is committed, and `away` where it is another node's turn."""

    def __init__(
        self,
        gateway: Gateway,
        name: str,
        types: Collection[str],
        act: Act,
        due: Due | None = None,
        *,
        at_once: int = AT_ONCE,
        done: Callable[[], None] = lambda: None,
        away: Callable[[], None] = lambda: None,
    ) -> None:
        self._gateway = gateway
        self._database = gateway.stores.database
        self._turn = Turn(gateway, f"follow/{name}", LEASE)
        self._name = name
        self._types = types
        self._act = act
        self._due = due
        self._at_once = at_once
        self._done = done
        self._away = away
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Return at once; the first look waits for the database."""
        self._task = asyncio.create_task(self._run(), name=f"follow {self._name}")

    async def stop(self) -> None:
        """What was not committed is done by the next who follows."""
        if self._task is not None:
            await cancelled([self._task])
            await self._turn.give_back()

    async def look(self) -> bool:
        """Do what came and what is due, where it is this node's turn; whether there may be more. Raises
        `DatabaseUnavailable`."""
        if not await self._turn.mine():
            self._away()
            return False
        now_ms = time.time_ns() // 1_000_000
        followed = await self._database.write(
            lambda one: follow(one, self._name, self._types, self._act, now_ms, at_once=self._at_once)
        )
        if followed.missed:
            told = {"follower": self._name, "events": followed.missed}
            logger.error("events were deleted before they were followed", extra=told)
        if followed.more or self._due is None:
            return followed.more
        due = self._due
        more = await self._database.write(lambda one: due(one, now_ms))
        self._done()
        return more

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        failures = 0
        while True:
            more = False
            try:
                more = await self.look()
            except DatabaseUnavailable as error:
                failures += 1
                if failures == 1:
                    logger.warning("events are not followed", extra={"follower": self._name, "reason": str(error)})
            except Exception:  # one defect must not end it for good
                failures += 1
                logger.exception("events are not followed, by a defect", extra={"follower": self._name})
            else:
                failures = 0
            if not more:
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else EVERY)
