"""Taking what ticket systems ask for out of the gateway's own queues on RabbitMQ: one by one, acknowledged when done.

A queue of these has a single active consumer: of several nodes one takes, in the order of the queue. What cannot be done
now is held until it can: giving it back would count towards its delivery limit, and let a later one pass.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from dispatcher.base import QueuesUnavailable
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.sweep import plain_channel

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 20.0
SUBSCRIBE_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 10.0
AT_ONCE: Final = 20
"""Messages that are here before they are asked for."""
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds before a lost connection is made anew; the last again and again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: the bytes of a message, and its `message_id`, which is the sender's own and may be missing."""

    body: bytes
    message_id: str | None


Work = Callable[[Order], Awaitable[bool]]
"""Does an order, and returns when that is durable; False where nobody could ever do it, which makes it a dead letter."""


class Lost(Exception):
    """The connection, or the subscription on it, ended."""


class RabbitOrders:
    """The orders of one RabbitMQ. `serve` works until it is cancelled."""

    def __init__(self, url: str, queues: Mapping[str, Work]) -> None:
        self._link = Link(url, "regia orders")
        self._queues = queues

    async def serve(self) -> NoReturn:
        """Take and do, on one connection after the other."""
        failures = 0
        while True:
            try:
                connection = await self._link.connection(CONNECT_SECONDS)
                await self._on(connection)
            except (Lost, QueuesUnavailable) as lost:
                self._link.reset()
                if not failures:
                    logger.warning("orders of ticket systems wait", extra={"reason": str(lost)})
                failures = min(failures + 1, len(_PAUSES))
            await asyncio.sleep(_PAUSES[failures - 1])

    async def _on(self, connection: Connection) -> None:
        """Until the connection ends. Raises `Lost`."""
        work = [asyncio.create_task(self._take(connection, queue), name=f"orders {queue}") for queue in self._queues]
        try:
            await asyncio.gather(*work)
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _take(self, connection: Connection, queue: str) -> None:
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        ended = asyncio.Event()
        channel = await _subscribed(connection, queue, arrived, ended)
        closed = asyncio.ensure_future(_closed(channel, ended))
        try:
            while True:
                message = await _first(arrived, closed, queue)
                done = await self._queues[queue](Order(message.body, message.message_id))
                await _answer(message, done=done)
        finally:
            closed.cancel()

    async def close(self) -> None:
        """What was taken and is not acknowledged comes again."""
        await self._link.close()


async def _subscribed(
    connection: Connection, name: str, arrived: "asyncio.Queue[AbstractIncomingMessage]", ended: asyncio.Event
) -> AbstractChannel:
    """Raises `Lost`."""

    async def take(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait(message)

    try:
        with lost_is_no_cancellation():
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                channel = await plain_channel(connection)
                await channel.set_qos(prefetch_count=AT_ONCE)
                underlay: Any = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _frame: ended.set())
                queue = await channel.get_queue(name, ensure=False)
                await queue.consume(take)
                return channel
    except ChannelNotFoundEntity:
        raise Lost(f"there is no queue {name}: `regia topology apply` declares it, and so does a gateway that starts") from None
    except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
        raise Lost(f"the queue {name} cannot be read: {type(error).__name__}") from error


async def _closed(channel: AbstractChannel, ended: asyncio.Event) -> None:
    """Wait until the channel is closed, or the broker takes the subscription back."""
    ends: set[asyncio.Future[Any]] = {asyncio.ensure_future(channel.closed()), asyncio.ensure_future(ended.wait())}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()


async def _first(
    arrived: "asyncio.Queue[AbstractIncomingMessage]", closed: "asyncio.Future[None]", queue: str
) -> AbstractIncomingMessage:
    """The next message. Raises `Lost`: what arrived before is delivered again, and must not be done from here."""
    getting = asyncio.ensure_future(arrived.get())
    ends: set[asyncio.Future[Any]] = {getting, closed}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if closed.done():
        getting.cancel()
        with suppress(asyncio.CancelledError):
            await getting
        raise Lost(f"the subscription to {queue} ended")
    return getting.result()


async def _answer(message: AbstractIncomingMessage, *, done: bool) -> None:
    """Raises `Lost`: it comes again."""
    try:
        with lost_is_no_cancellation():
            async with asyncio.timeout(ANSWER_SECONDS):
                await (message.ack() if done else message.reject(requeue=False))
    except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
        raise Lost(f"RabbitMQ took no answer: {type(error).__name__}") from error
