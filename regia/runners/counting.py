"""Figures while the gateway runs: a few times a minute one node counts what has changed, in small transactions.

Nobody waits for it: whoever asks for a figure counts what is not counted yet, and gets the same. What this saves is that work.
"""

import asyncio
import logging
import time
from typing import Final

from desk.kpi.rolling import Rolling
from dispatcher.cancelling import cancelled
from regia.by_hand import now_ms
from regia.gateway import Gateway
from regia.runners.leases import Turn
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

EVERY: Final = 5.0
"""Seconds between looks."""
LEASE: Final = 60.0
"""Seconds after which another node counts instead of one that is gone."""
_REST: Final = 0.02
"""Seconds between two steps."""
_BUSY: Final = 500
"""Waiting contacts and envelopes of this gateway from which on they come first."""
_RESTS: Final = 3
_RESTS_BUSY: Final = 19
"""How many times as long as a step took is waited for after it: so what is new takes a quarter of one processor at most, and a
twentieth while contacts wait. The first counting of all, until which nobody gets figures, rests only while contacts wait."""
_LOOK: Final = 0.5
"""Seconds of a rest after which it is looked again whether contacts wait."""
_LONGEST: Final = 20.0
"""So that no other node takes the turn meanwhile."""
_UP: Final = 0.2


class Counting:
    """The counting of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rolling = Rolling(gateway.stores.database)
        self._turn = Turn(gateway, "kpi", LEASE)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="count figures")

    async def stop(self) -> None:
        """What was not committed is counted by whoever looks next."""
        if self._task is not None:
            await cancelled([self._task])
            await self._turn.give_back()

    async def look(self) -> None:
        """Count what there is, where it is this node's turn. Raises `DatabaseUnavailable`."""
        begun = swept = time.monotonic()
        while await self._turn.mine() and await self._rolling.step(now_ms()):
            await self._rest(time.monotonic() - begun)
            begun = time.monotonic()
            if begun > swept + EVERY:  # there may be more to count for ever
                await self._rolling.sweep(now_ms())
                swept = begun
        if await self._turn.mine():
            await self._rolling.sweep(now_ms())

    async def _rest(self, took: float) -> None:
        """After a step that took so many seconds. Contacts may come, or be done, meanwhile."""
        rested = _REST
        await asyncio.sleep(_REST)
        while (left := min(self._rests * took, _LONGEST) - rested) > 0:
            rested += min(left, _LOOK)
            await asyncio.sleep(min(left, _LOOK))

    @property
    def _rests(self) -> int:
        if sum(self._gateway.waiting().values()) >= _BUSY:
            return _RESTS_BUSY
        return 0 if self._rolling.building else _RESTS

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                logger.warning("figures are not counted now", extra={"reason": str(error)})
            except Exception:  # one defect must not end it for good
                logger.exception("figures are not counted now, by a defect")
            await asyncio.sleep(EVERY)
