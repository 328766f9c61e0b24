"""The watcher of delivery: messages that wait too long for their queue, dead letters, what no queue took, and a journal that
is about to be full. Nothing of that is lost, and all of it is for a person, who is told when it begins and when it ends.

One node, which holds the lease `delivery`, looks at the queues; without Redis all do, and what is found twice is one alarm.
Each node looks at its own journal.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from dispatcher.base import QueueState, QueuesUnavailable, queue_of
from dispatcher.cancelling import cancelled
from dispatcher.topology import UNROUTED
from regia.gateway import Gateway
from regia.runners.alarms import Alarms, KindName
from regia.runners.leases import Turn
from regia.watch.metrics import BLOCKED, QUEUE_READY, QUEUE_WAITING
from storage import outbox
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

EVERY: Final = 10.0
"""Seconds between looks."""
LEASE: Final = 40.0
"""Seconds after which another node looks instead of one that is gone."""
PART: Final = "delivery"
JOURNAL: Final = "journal"
_UP: Final = 0.2
_DEAD: Final = ".dead"


class Delivering:
    """Watches the delivery of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway, *, now: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._now = now
        self._turn = Turn(gateway, PART, LEASE)
        self._alarms = Alarms(gateway.stores.database, gateway.intake, gateway.alarms, now)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._repeat(), name="watch delivery")]

    async def stop(self) -> None:
        await cancelled(self._tasks)
        await self._turn.give_back()

    async def _repeat(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        while True:
            try:
                await self.look()
            except DatabaseUnavailable:
                pass  # the readiness page says so, and nobody could be told
            except Exception:  # one defect must not make everything else go unseen
                logger.exception("watching delivery failed; it goes on")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Find what is wrong and what is over. Raises `DatabaseUnavailable`."""
        blocked = await self._gateway.stores.queues.blocked()
        BLOCKED.set(blocked)
        await self._alarms.refresh()
        node = self._gateway.configured.node
        filling = self._gateway.journal.room().filling
        await self._judge("journal_filling", JOURNAL, {} if filling is None else {node: filling}, only=node)
        QUEUE_READY.clear()
        QUEUE_WAITING.clear()
        if await self._turn.mine():
            await self._look_at_waiting(blocked)
            await self._look_at_queues()

    async def _look_at_waiting(self, blocked: bool) -> None:
        found = await self._gateway.stores.database.read(outbox.waiting)
        now_ms = int(self._now() * 1000)
        ages = {queue_of(*queue): max(0, now_ms - since_ms) / 1000 for queue, since_ms in found.items()}
        for queue, seconds in ages.items():
            QUEUE_WAITING.labels(queue).set(seconds)
        why = "RabbitMQ is short of memory or disk" if blocked else "see queues in /health/ready, and the log"
        detail = f"messages wait for this queue: {why}"
        late = {queue: detail for queue, age in ages.items() if age >= self._gateway.configured.settings.watch.waiting_seconds}
        await self._judge("waiting", PART, late)

    async def _look_at_queues(self) -> None:
        if "queues" in self._gateway.missing:
            return  # they are declared when they answer
        queues = self._gateway.stores.queues
        try:
            states = await queues.states()
        except QueuesUnavailable:
            return  # what is not known has neither begun nor ended
        for state in states:
            QUEUE_READY.labels(state.name).set(state.ready)
        await self._judge("dead", PART, _lying(states, lambda name: name.endswith(_DEAD)))
        await self._judge("unrouted", PART, _lying(states, lambda name: name == UNROUTED))
        try:
            await queues.mend()
        except QueuesUnavailable as error:
            logger.warning("a queue that is not there cannot be declared now", extra={"error": str(error)})

    async def _judge(self, kind: KindName, part: str, found: Mapping[str, str], *, only: str | None = None) -> None:
        """Begin what was found, by name and with its detail, and end what was not; with `only` of that name alone."""
        for name, detail in found.items():
            await self._alarms.begin(kind, part, detail, name=name)
        for alarm in list(self._alarms.open.values()):
            if alarm.kind == kind and alarm.name not in found and only in (None, alarm.name):
                await self._alarms.end(alarm)


def _lying(states: list[QueueState], which: Callable[[str], bool]) -> dict[str, str]:
    return {state.name: f"{state.ready} when it was found" for state in states if which(state.name) and state.ready}
