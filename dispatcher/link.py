"""One AMQP connection that is made when it is needed, made again when it is lost, and can be cut at once.

`aio_pika.connect_robust` is not used. It reconnects in a background task at a fixed pace, declares again by itself
what earlier channels had declared (an error there reaches nobody), and leaves publishes of the lost channel failed
all the same. Here whoever needs a channel asks for one, waits a bounded time, and learns why there is none.

Closing a connection politely means writing to it, which waits for minutes when a broker under a memory alarm or a
frozen one does not read. So the socket is made here, where it can be aborted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, InvalidFrameError, ProbableAuthenticationError
from yarl import URL

from dispatcher.base import QueuesUnavailable

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 2.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0

T = TypeVar("T")
Prepare = Callable[[Connection], Awaitable[None]]


class CoalescingWriter(asyncio.StreamWriter):
    """Publishes of one batch go out together. aiormq writes them one by one, a turn of the event loop or two apart, and
    a system call and a packet for each cost the broker more than all the rest. So bytes are held until a few turns
    have brought no more of them: no timer, and no delay when the loop is idle. `drain` waits only for what was handed
    to the system."""

    QUIET_TURNS: Final = 8
    LARGEST: Final = 64 * 1024

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        protocol: asyncio.BaseProtocol,
        reader: asyncio.StreamReader | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0
        self._turns = 0
        self._call_soon = loop.call_soon

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._call_soon(self._turn)
        self._held.append(data)
        self._size += len(data)
        self._turns = 0
        if self._size >= self.LARGEST:
            self.flush()

    def _turn(self) -> None:
        self._turns += 1
        if self._turns >= self.QUIET_TURNS:
            self.flush()
        elif self._held:
            self._call_soon(self._turn)

    def flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self.is_closing():
            super().write(b"".join(held))

    def write_eof(self) -> None:
        self.flush()
        super().write_eof()

    def close(self) -> None:
        self.flush()
        super().close()


class SocketFactory:
    """What aiormq calls to get a stream; keeps the transport, so that it can be aborted."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    async def create(
        self, url: URL, *, ssl_context_provider: Any, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        context = await ssl_context_provider.get_context() if url.scheme == "amqps" else None
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        host, port = url.host or "localhost", url.port or 5672
        transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context, **options)
        self._transport = transport
        return reader, CoalescingWriter(transport, protocol, reader, loop)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Link:
    """A connection and, for publishing, its one channel with confirms.

    `prepare` runs on every new connection before anybody publishes on it. All waiting is bounded by `within` seconds;
    what cannot be had by then raises `QueuesUnavailable`, whose text has host and virtual host, never the credentials.
    """

    def __init__(self, url: str, name: str, prepare: Prepare | None = None) -> None:
        parsed = URL(url)
        self._url = parsed if "heartbeat" in parsed.query else parsed.update_query(heartbeat=str(HEARTBEAT_SECONDS))
        self._address = f"{parsed.host}:{parsed.port or 5672}{parsed.path}"
        self._name = name
        self._prepare = prepare
        self._lock = asyncio.Lock()
        self._sockets = SocketFactory()
        self._connection: Connection | None = None
        self._channel: AbstractChannel | None = None
        self._closed = False
        self._trouble = "no answer"

    @property
    def connected(self) -> bool:
        transport = self._connection.transport if self._connection else None
        return transport is not None and not transport.connection.is_closed

    async def connection(self, within: float) -> Connection:
        """The live connection, made anew if need be."""
        return await self._bounded(self._connected, within)

    async def channel(self, within: float) -> AbstractChannel:
        """The live publishing channel: confirms, and a returned message raises."""
        return await self._bounded(self._opened, within)

    async def _bounded(self, get: Callable[[], Awaitable[T]], within: float) -> T:
        try:
            async with asyncio.timeout(within), self._lock:
                return await get()
        except TimeoutError:
            raise QueuesUnavailable(f"RabbitMQ at {self._address} cannot be used: {self._trouble}") from None

    async def _opened(self) -> AbstractChannel:
        """A broker closes a channel for a reason (an exchange was deleted), and aiormq may have written more publishes
        to it by then, for which the broker ends the connection too. So the connection goes with its channel, and
        `prepare` mends what is missing."""
        while True:
            if self._channel is not None and not self._channel.is_closed and self.connected:
                return self._channel
            if self._channel is not None:
                self._abort()
            connection = await self._connected()
            try:
                with lost_is_no_cancellation():
                    channel = connection.channel(publisher_confirms=True, on_return_raises=True)
                    await channel.initialize()
                    self._channel = channel
            except CONNECTION_EXCEPTIONS as error:
                self._note(error)
                self._abort()

    async def _connected(self) -> Connection:
        pause = FIRST_PAUSE
        while not (self.connected and self._connection):
            if self._closed:
                raise QueuesUnavailable("the connection to RabbitMQ was closed by us")
            try:
                await self._connect()
            except (AuthenticationError, ProbableAuthenticationError):
                raise QueuesUnavailable(f"RabbitMQ at {self._address} refused the user or password: check queues.url") from None
            except CONNECTION_EXCEPTIONS as error:
                self._note(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return self._connection

    async def _connect(self) -> None:
        self._abort()
        self._sockets = SocketFactory()
        connection = Connection(self._url, client_properties={"connection_name": self._name})
        connection.kwargs["transport_factory"] = self._sockets
        try:
            with lost_is_no_cancellation():
                await connection.connect()
                if self._prepare is not None:
                    await self._prepare(connection)
        except BaseException:
            self._sockets.abort()
            raise
        self._connection = connection
        logger.info("connected to RabbitMQ", extra={"address": self._address, "connection": self._name})

    def _note(self, error: BaseException) -> None:
        # aiormq meets the broker's refusal of a virtual host as a frame it did not expect.
        refused = "the virtual host does not exist or this user may not enter it"
        self._trouble = refused if isinstance(error, InvalidFrameError) else type(error).__name__
        logger.warning("RabbitMQ cannot be reached", extra={"address": self._address, "error": self._trouble})

    def drop(self, channel: AbstractChannel) -> None:
        """Cut the connection of this channel now: publishes in flight fail at once, the next caller gets a new one.
        Nothing happens when it has been replaced already."""
        if channel is self._channel:
            self._abort()

    def reset(self) -> None:
        """Cut the connection, whatever uses it: the broker takes back all that was delivered and not acknowledged."""
        self._abort()

    def _abort(self) -> None:
        self._sockets.abort()
        self._connection = self._channel = None

    async def close(self) -> None:
        """Politely if the broker answers within `CLOSE_SECONDS`, else by cutting the socket. For good."""
        self._closed = True
        if self._connection is not None and self.connected:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._connection.close()
            except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
                logger.warning(
                    "the connection to RabbitMQ was cut when closing",
                    extra={"address": self._address, "error": type(error).__name__},
                )
        self._abort()


@contextmanager
def lost_is_no_cancellation() -> Iterator[None]:
    """A dying aio-pika connection raises `CancelledError` out of what was waiting for it. Here that becomes
    `ConnectionError`, unless it is this task that somebody cancels."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling() > 0:
            raise
        raise ConnectionError("the connection was lost") from error
