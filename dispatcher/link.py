"""One AMQP connection that is made when it is needed, made again when it is lost, and can be cut at once.

`aio_pika.connect_robust` is not used. It reconnects in a background task at a fixed pace, declares again by itself
what earlier channels had declared (an error there reaches nobody), and leaves publishes of the lost channel failed
all the same. Here whoever needs a channel asks for one, waits a bounded time, and learns why there is none.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, InvalidFrameError, ProbableAuthenticationError
from yarl import URL

from dispatcher.addresses import addresses
from dispatcher.base import QueuesUnavailable
from dispatcher.sockets import SocketFactory

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 2.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
NODE_SECONDS: Final = 3.0
PREPARE_SECONDS: Final = 3.0
"""Seconds for a connection to one node of several, its topology included."""
_BLOCKED: Final = 0.05
"""Seconds in which a connection that is not blocked says so."""

T = TypeVar("T")
Prepare = Callable[[Connection], Awaitable[None]]


class Link:
    """A connection and, for publishing, its one channel with confirms.

    `prepare` runs on every new connection before anybody publishes on it, for at most `PREPARE_SECONDS`. All waiting is
    bounded by `within` seconds; what cannot be had by then raises `QueuesUnavailable`, whose text has host and virtual host,
    never the credentials.
    Where `url` names several nodes of a cluster, the next one is tried when one fails or does not answer in `NODE_SECONDS`.
    """

    def __init__(self, url: str, name: str, prepare: Prepare | None = None) -> None:
        self._nodes = deque(_with_heartbeat(URL(each)) for each in addresses(url))
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

    @property
    def has_others(self) -> bool:
        """Whether there is another node than the one in use."""
        return len(self._nodes) > 1

    async def blocked(self) -> bool:
        """Whether the broker has said that it takes no publishes now: it is short of memory or disk."""
        transport = self._connection.transport if self._connection else None
        if transport is None or transport.connection.is_closed:
            return False
        try:
            async with asyncio.timeout(_BLOCKED):
                await transport.connection.ready()
        except TimeoutError:
            return True
        return False

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
                self._nodes.rotate(-1)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return self._connection

    @property
    def _address(self) -> str:
        """Of the node that is used, or tried now."""
        url = self._nodes[0]
        return f"{url.host}:{url.port or (5671 if url.scheme == 'amqps' else 5672)}{url.path}"

    async def _connect(self) -> None:
        self._abort()
        url = self._nodes[0]
        self._sockets = SocketFactory(float(url.query["heartbeat"]))
        connection = Connection(url, client_properties={"connection_name": self._name})
        connection.kwargs["transport_factory"] = self._sockets
        try:
            # A node that hangs must not use up all the time of whoever waits; with one node alone there is no better one.
            async with asyncio.timeout(NODE_SECONDS if self.has_others else None):
                with lost_is_no_cancellation():
                    await connection.connect()
            await self._make_ready(connection)
        except BaseException:
            self._sockets.abort()
            _is_over(connection)
            raise
        self._connection = connection
        logger.info("connected to RabbitMQ", extra={"address": self._address, "connection": self._name})

    async def _make_ready(self, connection: Connection) -> None:
        """While a node of a cluster hangs, the others may not answer a declaration for as long, and take publishes all the
        same. What is not there then makes these come back."""
        if self._prepare is None:
            return
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                with lost_is_no_cancellation():
                    await self._prepare(connection)
        except TimeoutError:
            logger.warning("a new connection is used before it is prepared", extra={"address": self._address})

    def _note(self, error: BaseException) -> None:
        # aiormq meets the broker's refusal of a virtual host as a frame it did not expect.
        refused = "the virtual host does not exist or this user may not enter it"
        self._trouble = refused if isinstance(error, InvalidFrameError) else type(error).__name__
        logger.warning("RabbitMQ cannot be reached", extra={"address": self._address, "error": self._trouble})

    def drop(self, channel: AbstractChannel) -> None:
        """Cut the connection of this channel now: publishes in flight fail at once, the next caller gets a new one.
        Nothing happens when it has been replaced already. Of several nodes the next is tried first: this one may be cut off
        from the others, and so confirm nothing, while it still sends heartbeats."""
        if channel is self._channel:
            self._abort()
            self._nodes.rotate(-1)

    def reset(self) -> None:
        """Cut the connection, whatever uses it: the broker takes back all that was delivered and not acknowledged."""
        self._abort()

    def _abort(self) -> None:
        self._sockets.abort()
        if self._connection is not None:
            _is_over(self._connection)
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


def _is_over(connection: Connection) -> None:
    """Its socket is cut. aio-pika (10.2, `Connection.__del__`) would close it again when it is collected, which may be when no
    loop runs; there is no public way to say that it need not."""
    if not connection.is_closed:
        connection._closed.set_result(True)


def _with_heartbeat(url: URL) -> URL:
    return url if "heartbeat" in url.query else url.update_query(heartbeat=str(HEARTBEAT_SECONDS))


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
