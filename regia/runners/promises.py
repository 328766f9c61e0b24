"""Promised times while the gateway runs: news of answers and tickets is heard first, and then what is due is told."""

from collections import Counter
from typing import Final

from sqlalchemy import Connection

from desk.sla.hearing import TYPES, Hearing
from desk.sla.telling import tell
from desk.sla.waiting import heal
from regia.gateway import Gateway
from regia.runners.following import Follower
from regia.watch.metrics import SLA_BREACHED, SLA_OVERDUE
from storage import sla
from storage.following import unheard

NAME: Final = "sla"
LATE_MS: Final = 5_000
"""Milliseconds for which what is due waits: an answer that was sent in time is heard within them."""
_COUNT_MS: Final = 10_000
"""Milliseconds between counts of what is overdue, and between looks for what waits behind nothing."""


class Promises:
    """The promised times of a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._breaches: Counter[tuple[str, str]] = Counter()
        self._copies = 0
        self._overdue: dict[tuple[str, str], int] = {}
        self._counted_ms = 0
        hearing = Hearing(lambda connection, timer: gateway.hours.of(connection, gateway.versions.rules, timer))
        self._follower = Follower(gateway, NAME, TYPES, hearing, self._due, done=self._done, away=SLA_OVERDUE.clear)

    def start(self) -> None:
        """Return at once."""
        self._follower.start()

    async def stop(self) -> None:
        """What was not told is told by whoever looks next."""
        await self._follower.stop()
        SLA_OVERDUE.clear()

    async def look(self) -> bool:
        """Hear what came and tell what is due; whether there may be more. Raises `DatabaseUnavailable`."""
        return await self._follower.look()

    def _due(self, connection: Connection, now_ms: int) -> bool:
        self._breaches, self._copies = Counter(), 0
        before_ms = now_ms - LATE_MS
        if now_ms - self._counted_ms >= _COUNT_MS or now_ms < self._counted_ms:
            heal(connection)
            self._overdue, self._counted_ms = sla.overdue(connection, now_ms), now_ms
        if unheard(connection, NAME, TYPES, before_ms):
            return False  # after an outage an answer may wait for its number: it is heard at the next look
        told = tell(connection, before_ms, self._gateway.configured.node)
        self._breaches, self._copies = told.breaches, told.copies
        return told.more

    def _done(self) -> None:
        """What `_due` did is committed."""
        for (category, promise), number in self._breaches.items():
            SLA_BREACHED.labels(category, promise).inc(number)
        SLA_OVERDUE.clear()
        for (category, promise), number in self._overdue.items():
            SLA_OVERDUE.labels(category, promise).set(number)
        if self._copies:
            self._gateway.relay.reread()
