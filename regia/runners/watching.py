"""The watcher: channels that are silent against their habit, and tokens that end or are refused.

Each node counts what comes in and adds it to the database once a minute; one of them, which holds the lease `watch`, judges.
Without Redis all do: what is found twice is one row and one event.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection

from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.runners.alarms import Alarms
from regia.runners.leases import Turn
from regia.runners.silence import Silences
from regia.runners.tokens import Tokens
from regia.watch.clocks import SLACK_MS, Evenness
from regia.watch.metrics import CHANNEL_SILENT, TOKEN_EXPIRES, TOKEN_OK
from regia.watch.usual import KEEP
from storage import traffic
from storage.database import DatabaseUnavailable
from storage.traffic import HOUR_MS

logger = logging.getLogger(__name__)

EVERY: Final = 60.0
"""Seconds between looks, and between additions to the database."""
LEASE: Final = 150.0
"""Seconds after which another node watches instead of one that is gone."""
_NAME: Final = "watch"
_LOOK: Final = 1.0
_STOP: Final = 0.4
"""Seconds for each of two things that are done at the end, where the database and Redis still answer."""


class Watching:
    """The watcher of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._watcher = Watcher(gateway)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        work = {"watch": self._watcher.look, "watch tokens": self._watcher.look_at_tokens}
        self._tasks = [asyncio.create_task(self._repeat(one), name=name) for name, one in work.items()]
        self._tasks.append(asyncio.create_task(self._be_there(), name="watch traffic"))

    async def stop(self) -> None:
        """End within a second, and add what was counted."""
        await cancelled(self._tasks)
        if "database" not in self._gateway.missing:
            await self._watcher.close()

    async def _repeat(self, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_LOOK / 5)
        away = False
        while True:
            try:
                await look()
            except DatabaseUnavailable as error:
                if not away:
                    logger.warning("channels are not watched", extra={"reason": str(error)})
                away = True
                self._watcher.silences.disturbed()
            except Exception:  # one defect must not make everything else go unseen
                logger.exception("watching failed; it goes on")
            else:
                away = False
            await asyncio.sleep(_LOOK)

    async def _be_there(self) -> None:
        """Apart from the looks, which a database may hold up: contacts are taken meanwhile."""
        while True:
            self._gateway.traffic.there(self._gateway.configured.connectors)
            await asyncio.sleep(_LOOK)


class Watcher:
    """Watches the connectors of a gateway. `now` gives seconds since 1970, `clock` seconds of a clock that nobody sets: by
    the one is stored when something was, by the other is known what is due."""

    def __init__(
        self, gateway: Gateway, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        configured, stores = gateway.configured, gateway.stores
        self._gateway = gateway
        self._now = now
        self._clock = clock
        self._even = Evenness(now, clock)
        self._settings = configured.settings.watch
        self._connectors = configured.connectors
        self._turn = Turn(gateway, _NAME, LEASE)
        self._alarms = Alarms(stores.database, gateway.intake, gateway.alarms, now)
        self.silences = Silences(stores.database, self._alarms, self._connectors, self._settings.silence, now=now, clock=clock)
        days = self._settings.token_days
        self._tokens = Tokens(self._connectors, stores.http, gateway.sends, self._alarms, days=days, now=now, clock=clock)
        self._looked = float("-inf")
        self._leads = False
        self._tidied = -1

    async def look(self) -> None:
        """What is due, which is most of it once a minute. Raises `DatabaseUnavailable`."""
        if self._clock() - self._looked < EVERY:
            if await self._tokens.hear():
                self._show()
            return
        self._looked = self._clock()
        await self._add()
        self._leads = await self._turn.mine()
        await self._alarms.refresh()
        await self._tokens.hear()
        if self._leads:
            await self.silences.judge()
            await self._alarms.tell()
        else:
            self._tokens.leave()
        self._show()

    async def look_at_tokens(self) -> None:
        """Ask about those that are due. Raises `DatabaseUnavailable`."""
        if self._leads and await self._tokens.look():
            self._show()

    async def close(self) -> None:
        """Add what was counted, and give the lease back, if that is done at once."""
        with suppress(DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(_STOP):
                await self._add()
        await self._turn.give_back()

    async def _add(self) -> None:
        """Raises `DatabaseUnavailable`; what was counted is kept then."""
        counted = self._gateway.traffic.take()
        now_ms = int(self._now() * 1000)
        hour, next_hour = now_ms // HOUR_MS, (now_ms + SLACK_MS) // HOUR_MS
        # By the leader's clock only: that of another node, which is behind, must not throw away what others counted.
        tidies = self._even.look() and self._leads and hour != self._tidied

        def work(connection: Connection) -> None:
            traffic.add(connection, counted)
            if tidies:
                traffic.forget(connection, hour - KEEP, next_hour)

        try:
            await self._gateway.stores.database.write(work)
        except BaseException:  # cancelled, it may have been added, and counts twice then: a minute of a statistic
            self._gateway.traffic.give_back(counted)
            raise
        self._tidied = hour if tidies else self._tidied

    def _show(self) -> None:
        """The figures, on the one node that judges."""
        for figure in (CHANNEL_SILENT, TOKEN_OK, TOKEN_EXPIRES):
            figure.clear()
        if not self._leads:
            return
        for connector in self._connectors:
            if self._settings.silence.limits(connector) is not None:
                CHANNEL_SILENT.labels(connector).set(self._alarms.get("silent", connector) is not None)
        for connector, found in self._tokens.known.items():
            for one in found:
                TOKEN_OK.labels(connector, one.name).set(one.valid)
                if one.expires_at is not None:
                    TOKEN_EXPIRES.labels(connector, one.name).set(one.expires_at.timestamp())
        for alarm in self._alarms.open.values():
            if alarm.kind == "token_refused":
                TOKEN_OK.labels(alarm.connector, alarm.name).set(0)
