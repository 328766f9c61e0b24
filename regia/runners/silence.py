"""Which channels are silent against their habit: those that have brought nothing while so many contacts usually come."""

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final

from regia.runners.alarms import Alarms
from regia.watch.clocks import SLACK_MS
from regia.watch.settings import Silence, SilenceLimits
from regia.watch.usual import KEEP, Usual, after, present
from storage import traffic
from storage.database import Database
from storage.traffic import HOUR_MS

CALM: Final = 150.0
"""Seconds after a start or an outage in which nothing is said: other nodes have yet to add what came to them meanwhile."""


class Silences:
    """Judges `connectors` by `settings`. `now` gives seconds since 1970, `clock` seconds of a clock that nobody sets."""

    def __init__(
        self,
        database: Database,
        alarms: Alarms,
        connectors: Collection[str],
        settings: Silence,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._alarms = alarms
        self._connectors = connectors
        self._settings = settings
        self._now = now
        self._clock = clock
        self._learnt: dict[str, tuple[int, Usual | None]] = {}
        """Connector to what was learnt, and up to which contact: while a channel is silent that stays the same."""
        self.disturbed()

    def disturbed(self) -> None:
        """What is in the database may not be all there is."""
        self._calm_until = self._clock() + CALM

    async def judge(self) -> None:
        """Raise and clear alarms. Raises `DatabaseUnavailable`."""
        until_ms = self._until_ms()
        last = await self._database.read(lambda connection: traffic.last(connection, until_ms))
        for kind, connector, _ in list(self._alarms.open):
            if kind == "silent":
                await self._end(connector, last.get(connector, 0))
        if self._clock() < self._calm_until:
            return
        for connector in self._connectors:
            limits = self._settings.limits(connector)
            if limits is not None and connector in last and self._alarms.get("silent", connector) is None:
                await self._begin(connector, last[connector], limits)

    async def _end(self, connector: str, last_ms: int) -> None:
        alarm = self._alarms.get("silent", connector)
        if alarm is None:
            return
        if last_ms > alarm.since_ms or alarm.since_ms > self._until_ms():  # which a clock that was wrong has said
            await self._alarms.end(alarm)
        elif connector not in self._connectors or self._settings.limits(connector) is None:
            await self._alarms.end(alarm, "not_watched")

    async def _begin(self, connector: str, last_ms: int, limits: SilenceLimits) -> None:
        if self._now() * 1000 - last_ms < limits.minutes * 60_000:
            return
        usual = await self._usual(connector, last_ms)
        first, end = last_ms // HOUR_MS, self._until_ms() // HOUR_MS + 1
        since = await self._database.read(lambda connection: traffic.hours(connection, connector, first, end))
        silent = after(since, last_ms)
        if usual is None or present(silent) < limits.minutes:
            return
        expected = usual.expected(silent)
        if expected >= usual.missing(limits.contacts):
            moment = datetime.fromtimestamp(last_ms / 1000, UTC).isoformat(timespec="seconds")
            detail = f"no contact since {moment}, where {expected:.0f} are usual"
            await self._alarms.begin("silent", connector, detail, since_ms=last_ms)

    async def _usual(self, connector: str, last_ms: int) -> Usual | None:
        known = self._learnt.get(connector)
        if known is not None and known[0] == last_ms:
            return known[1]
        hour = last_ms // HOUR_MS
        hours = await self._database.read(lambda connection: traffic.hours(connection, connector, hour - KEEP, hour + 1))
        usual = Usual.learn(hours, last_ms)
        self._learnt[connector] = (last_ms, usual)
        return usual

    def _until_ms(self) -> int:
        """Times that are later are not believed."""
        return int(self._now() * 1000) + SLACK_MS
