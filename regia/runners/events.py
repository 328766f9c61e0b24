"""Events on their way out: numbered by every node, published by one.

Numbering is what makes them be seen (`storage.events`), also over HTTP, and needs the database only: so every node does it,
each second, and none waits for another's lease. Publishing is done by the node that holds the lease `events`, in the order
of the numbers, and is marked when the broker has confirmed. Without Redis all nodes publish: the same events more than
once, and none of them for the first time before an earlier one.

| killed | what is there | what happens |
| --- | --- | --- |
| before it is numbered | the event, committed | any node numbers it |
| before the confirm, or before its mark | not marked | published again under the same id, with all that follow |
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from dispatcher.base import Announcement, QueuesUnavailable
from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.runners.leases import Turn
from regia.watch.metrics import EVENTS_PUBLISHED, EVENTS_WAITING
from storage import events
from storage.database import DatabaseUnavailable
from storage.events import Numbered

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between looks."""
LEASE: Final = 60.0
"""Seconds after which another node publishes instead of one that is gone: longer than a batch may take."""
BATCH: Final = 256
_NAME: Final = "events"
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds to wait after so many failures in succession; the last for ever after."""
_UP: Final = 0.2

Look = Callable[[], Awaitable[bool]]
"""Does what is due; whether more is."""


class Events:
    """The events of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._publisher = Publisher(gateway)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        work: dict[str, Look] = {"number events": Numberer(self._gateway).look, "publish events": self._publisher.look}
        self._tasks = [asyncio.create_task(self._repeat(name, look), name=name) for name, look in work.items()]

    async def stop(self) -> None:
        """End within a second, and let go those who wait for events. What was not marked is published again."""
        self._gateway.newest.end()
        await cancelled(self._tasks)
        await self._publisher.close()

    async def _repeat(self, name: str, look: Look) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        failures = 0
        while True:
            try:
                more = await look()
            except (DatabaseUnavailable, QueuesUnavailable) as error:
                if not failures:
                    logger.warning("events wait", extra={"work": name, "reason": str(error)})
                failures += 1
            except Exception:  # one defect must not keep all later events back for ever
                logger.exception("events wait, by a defect", extra={"work": name})
                failures += 1
            else:
                if failures:
                    logger.info("events go on", extra={"work": name})
                failures = 0
                if more:
                    continue
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else EVERY)


class Numberer:
    """Numbers what was committed, by any node."""

    def __init__(self, gateway: Gateway) -> None:
        self._database = gateway.stores.database
        self._newest = gateway.newest

    async def look(self) -> bool:
        """Raises `DatabaseUnavailable`."""
        waits, before = await self._database.read(lambda one: (events.wait_for_numbers(one), events.last_number(one)))
        last = await self._database.write(lambda one: events.number(one, _now_ms())) if waits else before
        self._newest.see(last)
        return last - before >= events.AT_ONCE


class Publisher:
    """Publishes what is numbered, where it is this node's turn."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._database = gateway.stores.database
        self._turn = Turn(gateway, _NAME, LEASE)
        self._together = BATCH
        """How many go at once. One by one after a failure: of many, a queue may refuse one and take the next."""
        self._confirmed = 0
        """Up to which number the broker has them; 0 when that is marked."""

    async def look(self) -> bool:
        """Raises `DatabaseUnavailable`, and `QueuesUnavailable` when the broker confirmed nothing."""
        if "queues" in self._gateway.missing or not await self._turn.mine():
            EVENTS_WAITING.set(0)
            return False
        await self._mark()
        waiting = await self._database.read(self._waiting)
        if not waiting:
            return False
        told = await self._gateway.stores.queues.announce([_announcement(one) for one in waiting])
        for one in waiting[:told]:
            EVENTS_PUBLISHED.labels(one.type).inc()
        if told:
            self._confirmed = waiting[told - 1].number
            await self._mark()
        full = len(waiting) >= self._together
        self._together = min(self._together * 2, BATCH) if told == len(waiting) else 1
        if not told:
            raise QueuesUnavailable("events were not confirmed: no connection, or a queue that is bound to them takes nothing")
        return full or told < len(waiting)

    async def close(self) -> None:
        """Give the lease back, if that is done at once."""
        await self._turn.give_back()

    def _waiting(self, connection: Connection) -> Sequence[Numbered]:
        found = events.unpublished(connection, self._together)
        EVENTS_WAITING.set(events.last_number(connection) - found[0].number + 1 if found else 0)
        return found

    async def _mark(self) -> None:
        """What cannot be marked now is marked before anything else is published."""
        upto = self._confirmed
        if upto:
            await self._database.write(lambda connection: events.mark(connection, upto, _now_ms()))
            self._confirmed = 0


def _announcement(one: Numbered) -> Announcement:
    at = datetime.fromtimestamp(one.at_ms / 1000, UTC)
    return Announcement(id=one.id, type=one.type, number=one.number, body=one.body, timestamp=at)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
