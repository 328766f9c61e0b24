"""Contacts out of a queue, one after the other, to whatever takes them: held while it cannot, and given back before that is too
long."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NoReturn

from desk.bridges.base import BridgeError, SystemUnavailable, without_words
from dispatcher.base import Delivery, QueuesUnavailable, UnknownQueue
from dispatcher.local import LocalQueues
from dispatcher.orders import NotNow, Order, RabbitOrders
from regia.compose import Configured, Stores
from regia.watch.metrics import BRIDGED, BRIDGES
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

AWAY: Final = (SystemUnavailable, DatabaseUnavailable, BlobsUnavailable, TimeoutError)
"""What passes."""
DONE: Final = "done"
PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts."""
_LONGEST_WAIT: Final = 300.0
"""Of what a system asks for."""
HOLD: Final = 1_200.0
"""Seconds for which a contact is tried; then it goes back to its queue. Each delivery counts towards the queue's limit, of 20
if nothing is said, and a system may take nothing for a night. RabbitMQ gives what is held for half an hour to others."""
REST: Final = 900.0
"""Seconds until it is taken again: 20 times both are eleven hours."""
_RENEW: Final = 20.0
"""Seconds after which what an embedded queue has lent is asked for again: it lends for a minute."""
IDLE: Final = 0.5

Put = Callable[[bytes], Awaitable[str]]
"""Gives a contact on; `DONE`, or why it never can be. Raises what is in `AWAY`, and `NotNow` where that takes long."""
Ready = Callable[[], Awaitable[None]]
"""Returns when contacts can be given on."""


class Carrier:
    """Of one queue. `name` stands in figures and in the log."""

    def __init__(self, configured: Configured, stores: Stores, name: str, put: Put, ready: Ready) -> None:
        self._queues = configured.settings.queues
        self._stores = stores
        self._name = name
        self._put = put
        self._ready = ready
        self._rests = False
        """After a contact that was given back."""
        self._asks = True
        """Whether contacts can be given on is not known: at first, and after a failure."""

    async def carry(self, queue: str) -> NoReturn:
        """For ever."""
        if isinstance(self._stores.queues, LocalQueues):
            await self._from_embedded(self._stores.queues, queue)
        url, real = self._queues.url.get_secret_value(), self._queues.layout.real(queue)
        orders = RabbitOrders(url, real, self._order, before=self._before)
        try:
            await orders.serve()
        finally:
            await orders.close()

    async def _before(self) -> None:
        if self._rests:
            await asyncio.sleep(REST)
            self._rests = False
        await self._ready()

    async def _order(self, order: Order) -> bool:
        return await self._is_done(order.body)

    async def _from_embedded(self, queues: LocalQueues, queue: str) -> NoReturn:
        while True:
            if self._asks:
                await self._before()
                self._asks = False
            try:
                taken = await queues.take_next(queue)
                for one in taken:
                    await self._lent(queues, one)
            except (QueuesUnavailable, UnknownQueue) as error:
                logger.warning("a bridge cannot take", extra={"bridge": self._name, "queue": queue, "error": str(error)})
                taken, self._asks = [], True
            if not taken:
                await asyncio.sleep(IDLE)

    async def _lent(self, queues: LocalQueues, one: Delivery) -> None:
        renewing = asyncio.create_task(_renew(queues, one.receipt))
        try:
            done = await self._is_done(one.body)
        except NotNow:
            self._asks = True
            await queues.reject(one.receipt, requeue=True)
        except BaseException:  # the end of this process's turn, or a defect
            with suppress(QueuesUnavailable):
                await asyncio.shield(queues.reject(one.receipt, requeue=True))
            raise
        else:
            await (queues.ack(one.receipt) if done else queues.reject(one.receipt, requeue=False))
        finally:
            renewing.cancel()

    async def _is_done(self, body: bytes) -> bool:
        """False where it never can be. Raises `NotNow`."""
        until, failures = time.monotonic() + HOLD, 0
        while True:
            try:
                outcome = await self._put(body)
            except AWAY as error:
                say(self._name, error, failures)
                seconds = pause(failures, error)
                if time.monotonic() + seconds > until:
                    self._rests = True
                    raise NotNow("it is not taken") from error
                await asyncio.sleep(seconds)
                failures += 1
            else:
                BRIDGED.labels(self._name, outcome).inc()
                return outcome == DONE


def say(name: str, error: Exception, failures: int) -> None:
    """What it waits for, in the log once."""
    BRIDGES.labels(name).set(0)
    if failures == 0:
        why = without_words(error) if isinstance(error, BridgeError) else str(error) or type(error).__name__
        logger.warning("a bridge waits", extra={"bridge": name, "error": why})


async def _renew(queues: LocalQueues, receipt: str) -> NoReturn:
    while True:
        await asyncio.sleep(_RENEW)
        with suppress(QueuesUnavailable):
            await queues.extend(receipt)


def pause(failures: int, error: Exception) -> float:
    """Seconds until the next attempt: what the system asked for, or more each time."""
    asked = error.after if isinstance(error, SystemUnavailable) else None
    if asked is not None:
        return min(max(asked, PAUSES[0]), _LONGEST_WAIT)
    return PAUSES[min(failures, len(PAUSES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311  # so that nodes do not ask together
