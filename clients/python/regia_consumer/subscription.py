"""One connection to RabbitMQ and one subscription on it, from opening to its end, whoever ends it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelNotFoundEntity,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from yarl import URL

HEARTBEAT_SECONDS: Final = 10
OPEN_SECONDS: Final = 20.0
SUBSCRIBE_SECONDS: Final = 20.0
"""A quorum queue without a leader, as after a restart, answers when it has one. One that does not is asked again, over a new
connection."""

CLOSE_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 10.0


class Lost(Exception):
    """The connection or the subscription ended, or never stood. The text says why, without the credentials."""


class _Sockets:
    """What aiormq calls to get a stream. The transport is kept so that it can be aborted: a polite close writes to the socket,
    and waits for minutes where a frozen broker does not read."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    async def create(
        self, url: URL, *, ssl_context_provider: Any, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = await ssl_context_provider.get_context() if url.scheme == "amqps" else None
        port = url.port or (5671 if context else 5672)
        reader, writer = await asyncio.open_connection(url.host or "localhost", port, ssl=context, **options)
        self._transport = writer.transport  # type: ignore[assignment]  # a stream's transport has both directions
        return reader, writer

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Subscription:
    """`receive` is called for each delivery, in the order of the queue, from when `open` returned until the end.

    Not `aio_pika.connect_robust`: that subscribes again by itself while work of the lost connection still runs, and the same
    message would be handled twice at the same time.
    """

    def __init__(self, url: URL, queue: str, *, name: str, prefetch: int, receive: Callable[[AbstractIncomingMessage], None]):
        self._url = url if "heartbeat" in url.query else url.update_query(heartbeat=str(HEARTBEAT_SECONDS))
        self._queue, self._name, self._prefetch, self._receive = queue, name, prefetch, receive
        self._sockets = _Sockets()
        self._connection: Connection | None = None
        self._channel: AbstractChannel | None = None
        self._tag: str | None = None
        self._cancelled = asyncio.Event()

    async def open(self) -> None:
        """Connect and subscribe. Raises `Lost`."""
        with told(self._queue):
            async with asyncio.timeout(OPEN_SECONDS):
                connection = Connection(self._url, client_properties={"connection_name": self._name})
                connection.kwargs["transport_factory"] = self._sockets
                self._connection = connection
                await connection.connect()
                channel = connection.channel(publisher_confirms=False, on_return_raises=False)
                await channel.initialize()
                await channel.set_qos(prefetch_count=self._prefetch)
                underlay: Any = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _frame: self._cancelled.set())
                self._channel = channel
                queue = await channel.get_queue(self._queue, ensure=False)
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                self._tag = await queue.consume(self._deliver)

    async def _deliver(self, message: AbstractIncomingMessage) -> None:
        self._receive(message)

    async def lost(self) -> None:
        """Wait for the end, and raise it as `Lost`."""
        if self._channel is None:
            raise Lost("it was never open")
        closed = asyncio.ensure_future(self._channel.closed())
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        ends: set[asyncio.Future[bool]] = {closed, cancelled}  # type: ignore[arg-type]  # Future is invariant
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        if self._cancelled.is_set():
            raise Lost(f"RabbitMQ ended the subscription: the queue {self._queue} was deleted, or its leader is away")
        raise Lost("the connection was lost")

    async def cancel(self) -> None:
        """Take nothing more; what was delivered can still be acknowledged. Raises `Lost`."""
        if self._channel is None or self._tag is None:
            return
        with told(self._queue):
            async with asyncio.timeout(ANSWER_SECONDS):
                queue = await self._channel.get_queue(self._queue, ensure=False)
                await queue.cancel(self._tag)

    async def close(self) -> None:
        """Politely where the broker answers, else by cutting the socket. RabbitMQ takes back what is not acknowledged."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None and connection.transport is not None:
                with told(self._queue):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await connection.close()
        except Lost:
            pass  # it is cut below
        finally:
            self._sockets.abort()


async def acknowledge(message: AbstractIncomingMessage) -> None:
    """Raises `Lost`: the message comes again."""
    with told(""):
        async with asyncio.timeout(ANSWER_SECONDS):
            await message.ack()


async def reject(message: AbstractIncomingMessage) -> None:
    """To the dead letters of its queue. Raises `Lost`: the message comes again."""
    with told(""):
        async with asyncio.timeout(ANSWER_SECONDS):
            await message.reject(requeue=False)


@contextmanager
def told(queue: str) -> Iterator[None]:
    """Whatever a connection may raise becomes a `Lost`. A dying one raises `CancelledError` in those who wait for it, which is
    no cancellation unless somebody cancels this very task."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling() > 0:
            raise
        raise Lost("the connection was lost") from error
    except TimeoutError as error:
        raise Lost("RabbitMQ does not answer") from error
    except ChannelNotFoundEntity as error:
        raise Lost(f"the queue {queue} does not exist: Regia declares it at its start") from error
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise Lost("RabbitMQ refuses the user or password") from error
    except InvalidFrameError as error:  # how aiormq meets the refusal of a virtual host
        raise Lost("the virtual host does not exist, or this user may not enter it") from error
    except CONNECTION_EXCEPTIONS as error:
        raise Lost(type(error).__name__) from error
