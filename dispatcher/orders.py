"""Taking what ticket systems ask for out of the gateway's own queues on RabbitMQ: one by one, acknowledged when done.

A queue of these has a single active consumer: of several nodes one takes, in the order of the queue, which an order that must
wait does not lose: the connection is cut, and what was taken lies in its place again, for another node or for later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
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
AT_ONCE: Final = 2
"""Messages that are here before they are asked for."""
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds before a lost connection is made anew; the last again and again. Meanwhile another node may take."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: the bytes of a message, and its `message_id`, which is the sender's own and may be missing."""

    body: bytes
    message_id: str | None


Work = Callable[[Order], Awaitable[bool]]
"""Does an order, and returns when that is durable; False where nobody could ever do it, which makes it a dead letter. Raises
`NotNow` where another node might be able to."""


class NotNow(Exception):
    """Not by this node, at the moment."""


class Lost(Exception):
    """The connection, or the subscription on it, ended."""


class RabbitOrders:
    """The orders in one queue of RabbitMQ. `serve` works until it is cancelled. `before` is waited for each time before any is
    taken."""

    def __init__(self, url: str, queue: str, work: Work, *, before: Callable[[], Awaitable[None]] | None = None) -> None:
        self._link = Link(url, f"regia orders {queue}")
        self._queue = queue
        self._work = work
        self._before = before
        self._done = 0

    async def serve(self) -> NoReturn:
        """Take and do, on one connection after the other."""
        failures = 0
        while True:
            done = self._done
            if self._before is not None:
                await self._before()
            try:
                await self._on(await self._link.connection(CONNECT_SECONDS))
            except (Lost, NotNow, QueuesUnavailable) as lost:
                logger.warning("orders of ticket systems wait", extra={"queue": self._queue, "reason": str(lost)})
            except Exception:  # one defect must not leave a consumer behind that nobody works for
                logger.exception("orders of ticket systems wait, by a defect", extra={"queue": self._queue})
            self._link.reset()
            failures = 1 if self._done > done else min(failures + 1, len(_PAUSES))
            await asyncio.sleep(_PAUSES[failures - 1])

    async def _on(self, connection: Connection) -> NoReturn:
        """Until the connection ends. Raises `Lost`, and `NotNow`."""
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        ended = asyncio.Event()
        channel = await _subscribed(connection, self._queue, arrived, ended)
        closed = asyncio.ensure_future(_closed(channel, ended))
        try:
            while True:
                message = await _first(arrived, closed, self._queue)
                done = await self._work(Order(message.body, message.message_id))
                await _answer(message, done=done)
                self._done += 1
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
