"""Bridges at work: each is run by one node at a time, takes contacts out of its queues, and looks at what agents did."""

import asyncio
import logging
import random
import time
from typing import Final, NoReturn

from desk.bridges.base import BridgeError, SystemRefused, SystemUnavailable
from desk.bridges.bridge import Bridge, NoEnvelope, envelope_id_of
from desk.bridges.way_back import WayBack
from dispatcher.base import Delivery, QueuesUnavailable, UnknownQueue
from dispatcher.local import LocalQueues
from dispatcher.orders import NotNow, Order, RabbitOrders
from regia.bridging import bridge_of
from regia.compose import Configured, Stores
from regia.gateway import Gateway
from regia.runners.leases import LOOK, Lease, owner_of
from regia.runners.places import Fenced, Place
from regia.watch.metrics import BRIDGED, BRIDGES
from storage.blobs import BlobsUnavailable
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_AWAY: Final = (SystemUnavailable, DatabaseUnavailable, BlobsUnavailable, TimeoutError)
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts."""
_LONGEST_WAIT: Final = 300.0
"""Of what a system asks for."""
_HOLD: Final = 1_200.0
"""Seconds for which a contact is tried; then it goes back to its queue. Each delivery counts towards the queue's limit, of 20
if nothing is said, and a system may take nothing for a night. RabbitMQ gives what is held for half an hour to others."""
_REST: Final = 900.0
"""Seconds until it is taken again: 20 times both are eleven hours."""
_LEASE_SECONDS: Final = 1_800
"""That a contact is lent by an embedded queue: more than all attempts at it take."""
_DONE: Final = "done"
_IDLE: Final = 0.5
_STOP: Final = 2.0


class Bridging:
    """The bridges that a gateway runs itself."""

    def __init__(self, gateway: Gateway) -> None:
        bridges = gateway.configured.settings.bridges
        self._crossings = [
            Crossing(gateway.configured, gateway.stores, name, owner_of(gateway)) for name, one in bridges.items() if one.inside
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(one.run(), name=f"bridge-{one.name}") for one in self._crossings]

    async def stop(self) -> None:
        """What was begun is found by its envelope's id, here or by another node."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP)


class Crossing:
    """Runs one bridge. `owner` is who this process is among those that could."""

    def __init__(self, configured: Configured, stores: Stores, name: str, owner: str) -> None:
        self.name = name
        self._settings = configured.settings.bridges[name]
        self._configured = configured
        self._stores = stores
        self._bridge: Bridge = bridge_of(configured, stores, name)
        self._back = WayBack(self._bridge)
        self._rests = False
        """After a contact that was given back."""
        self._lease = Lease(stores.coordination, f"bridge/{name}", owner)
        self._place = Place(stores.database, f"bridge/{name}")

    async def run(self) -> NoReturn:
        """For ever: while the lease is this process's, the bridge is open."""
        BRIDGES.labels(self.name).set(0)
        while True:
            try:
                await self._as_owner()
            except CoordinationUnavailable as error:
                logger.warning("a bridge waits for its lease", extra={"bridge": self.name, "error": str(error)})
            except Exception:  # one defect must not close a bridge for good
                logger.exception("a bridge begins again, by a defect", extra={"bridge": self.name})
            BRIDGES.labels(self.name).set(0)
            await asyncio.sleep(LOOK)

    async def _as_owner(self) -> None:
        token = await self._lease.take()
        if token is None:
            return
        await self._place.open(token)
        work = [
            asyncio.create_task(one) for one in (self._lease.keep(), self._look(), *map(self._carry, self._settings.queues))
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        except Fenced:
            logger.warning("a bridge is another node's by now", extra={"bridge": self.name})
        finally:
            for one in work:
                one.cancel()
            await asyncio.wait(work, timeout=_STOP)
            await self._lease.give_back()

    async def _look(self) -> NoReturn:
        """Agents' work, again and again. Raises `Fenced`."""
        failures = 0
        while True:
            try:
                await self._place.move(await self._back.look(self._place.cursor))
            except (BridgeError, *_AWAY) as error:
                self._say(error, failures)
                await asyncio.sleep(_pause(failures, error))
                failures += 1
            else:
                BRIDGES.labels(self.name).set(1)
                failures = 0
                await asyncio.sleep(self._settings.every_seconds)

    async def _answers(self) -> None:
        """Wait until the system answers, takes our credentials, and knows the names of our settings."""
        if self._rests:
            await asyncio.sleep(_REST)
            self._rests = False
        failures = 0
        while True:
            try:
                return await self._bridge.system.check()
            except (BridgeError, *_AWAY) as error:
                self._say(error, failures)
                await asyncio.sleep(_pause(failures, error))
                failures += 1

    async def _carry(self, queue: str) -> NoReturn:
        """Contacts of one queue, one after the other."""
        if isinstance(self._stores.queues, LocalQueues):
            await self._carry_local(self._stores.queues, queue)
        store = self._configured.settings.queues
        orders = RabbitOrders(store.url.get_secret_value(), store.layout.real(queue), self._order, before=self._answers)
        try:
            await orders.serve()
        finally:
            await orders.close()

    async def _order(self, order: Order) -> bool:
        return await self._put(order.body)

    async def _carry_local(self, queues: LocalQueues, queue: str) -> NoReturn:
        while True:
            await self._answers()
            try:
                taken = await queues.take(queue, 1, lease=_LEASE_SECONDS)
                for one in taken:
                    await self._lent(queues, one)
            except (QueuesUnavailable, UnknownQueue) as error:
                logger.warning("a bridge cannot take", extra={"bridge": self.name, "queue": queue, "error": str(error)})
                taken = []
            if not taken:
                await asyncio.sleep(_IDLE)

    async def _lent(self, queues: LocalQueues, one: Delivery) -> None:
        try:
            done = await self._put(one.body)
        except NotNow:
            await queues.reject(one.receipt, requeue=True)
        else:
            await (queues.ack(one.receipt) if done else queues.reject(one.receipt, requeue=False))

    async def _put(self, body: bytes) -> bool:
        """Whether it is in its ticket; False where it never could be. Raises `NotNow`."""
        until, failures = time.monotonic() + _HOLD, 0
        while True:
            try:
                outcome = await self._outcome(body)
            except _AWAY as error:
                self._say(error, failures)
                pause = _pause(failures, error)
                if time.monotonic() + pause > until:
                    self._rests = True
                    raise NotNow("the ticket system takes nothing") from error
                await asyncio.sleep(pause)
                failures += 1
            else:
                BRIDGED.labels(self.name, outcome).inc()
                return outcome == _DONE

    async def _outcome(self, body: bytes) -> str:
        """`_DONE`, or why it can never be put there."""
        try:
            await self._bridge.take(body)
        except SystemUnavailable:
            raise
        except NoEnvelope:
            return "no_envelope"
        except BridgeError as error:
            try:
                await self._bridge.system.check()
            except SystemRefused as wrong:  # a name of the settings: for a person, and the contact waits
                raise SystemUnavailable(str(wrong)) from wrong
            about = {"bridge": self.name, "envelope": envelope_id_of(body), "error": str(error)}
            logger.warning("a ticket system refuses a contact, which is a dead letter now", extra=about)
            return "refused"
        return _DONE

    def _say(self, error: Exception, failures: int) -> None:
        BRIDGES.labels(self.name).set(0)
        if failures == 0:
            logger.warning("a bridge waits", extra={"bridge": self.name, "error": str(error) or type(error).__name__})


def _pause(failures: int, error: Exception) -> float:
    """Seconds until the next attempt: what the system asked for, or more each time."""
    asked = error.after if isinstance(error, SystemUnavailable) else None
    if asked is not None:
        return min(max(asked, _PAUSES[0]), _LONGEST_WAIT)
    return _PAUSES[min(failures, len(_PAUSES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311  # so that nodes do not ask together
