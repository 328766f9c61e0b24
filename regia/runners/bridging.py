"""Bridges at work: each is run by one node at a time, takes contacts out of its queues, and looks at what agents did."""

import asyncio
import logging
from typing import NoReturn

from desk.bridges.base import BridgeError, SystemRefused, SystemUnavailable, without_words
from desk.bridges.bridge import Bridge, NoEnvelope, envelope_id_of
from desk.bridges.way_back import WayBack
from regia.bridging import bridge_of
from regia.compose import Configured, Stores
from regia.gateway import Gateway
from regia.runners.carrying import AWAY, DONE, Carrier, pause, say
from regia.runners.leases import Lease, owner_of
from regia.runners.owned import STOP, once_open, run_owned
from regia.runners.places import Place
from regia.watch.metrics import BRIDGES

logger = logging.getLogger(__name__)


class Bridging:
    """The bridges that a gateway runs itself."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        bridges = gateway.configured.settings.bridges
        self._crossings = [
            Crossing(gateway.configured, gateway.stores, name, owner_of(gateway)) for name, one in bridges.items() if one.inside
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(once_open(self._gateway, one.run), name=f"bridge-{one.name}") for one in self._crossings
        ]

    async def stop(self) -> None:
        """What was begun is found by its envelope's id, here or by another node."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP)


class Crossing:
    """Runs one bridge. `owner` is who this process is among those that could."""

    def __init__(self, configured: Configured, stores: Stores, name: str, owner: str) -> None:
        self.name = name
        self._settings = configured.settings.bridges[name]
        self._bridge: Bridge = bridge_of(configured, stores, name)
        self._back = WayBack(self._bridge)
        self._carriers = {queue: Carrier(configured, stores, name, self._put, self._answers) for queue in self._settings.queues}
        self._lease = Lease(stores.coordination, f"bridge/{name}", owner)
        self._place = Place(stores.database, f"bridge/{name}")

    async def run(self) -> NoReturn:
        """For ever: while the lease is this process's, the bridge is open."""
        carried = self._carriers.items()
        await run_owned(
            self.name, self._lease, self._place, lambda: (self._look(), *(one.carry(queue) for queue, one in carried))
        )

    async def _look(self) -> NoReturn:
        """Agents' work, again and again. Raises `Fenced`."""
        failures = 0
        while True:
            try:
                await self._place.move(await self._back.look(self._place.cursor))
            except (BridgeError, *AWAY) as error:
                say(self.name, error, failures)
                await asyncio.sleep(pause(failures, error))
                failures += 1
            else:
                BRIDGES.labels(self.name).set(1)
                failures = 0
                await asyncio.sleep(self._settings.every_seconds)

    async def _answers(self) -> None:
        """Wait until the system answers, takes our credentials, and knows the names of our settings."""
        failures = 0
        while True:
            try:
                return await self._bridge.system.check()
            except (BridgeError, *AWAY) as error:
                say(self.name, error, failures)
                await asyncio.sleep(pause(failures, error))
                failures += 1

    async def _put(self, body: bytes) -> str:
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
            about = {"bridge": self.name, "envelope": envelope_id_of(body), "error": without_words(error)}
            logger.warning("a ticket system refuses a contact, which is a dead letter now", extra=about)
            return "refused"
        return DONE
