"""Taking what was erased out of a queue of RabbitMQ, and leaving the rest as it lies.

AMQP can look at a message only by taking it. So all are taken and none is acknowledged but those to go; closing the
channels puts the rest back, in the order it was taken. To stop earlier would put a part behind the others.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from dispatcher.base import Erased, envelope_id_of

_AT_ONCE: Final = 100
"""Messages that are asked about together. Their bodies are in memory meanwhile."""
_MORE: Final = 1_000
"""Messages that may come while this goes on, and are taken too."""
HELD: Final = 250
"""Messages that one channel holds. The bodies of those that nobody has looked at yet are in memory."""
_CHANNELS: Final = 1_500
"""Channels of one look: a connection has 2,047 at most."""
_SILENT: Final = 0.5
"""Seconds after which a queue is asked whether it has any more."""
_MOST_BACK: Final = 2_000
"""Messages that are taken only to keep their order."""
_BACK: Final = 1.0
"""Seconds for a queue to have back what was taken."""
_LOOK: Final = 0.02


_Place: TypeAlias = tuple[str | None, int | None]
"""The consumer that has a message, and its number there."""


def _place(message: AbstractIncomingMessage) -> _Place:
    return message.consumer_tag, message.delivery_tag


async def plain_channel(connection: Connection) -> AbstractChannel:
    """A channel to read by."""
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize()
    return channel


async def put_back(connection: Connection, channel: AbstractChannel, name: str, taken: int) -> None:
    """Close the channel, and wait a moment until the messages that were taken by it lie in the queue again: a quorum queue
    has them some time after it said that the channel is closed, and whoever looks in between sees less. Where somebody
    else takes them at once, that is seen by nobody, and the moment ends."""
    await channel.close()
    looking = await plain_channel(connection)
    with suppress(TimeoutError):
        async with asyncio.timeout(_BACK):
            while ((await looking.declare_queue(name, passive=True)).declaration_result.message_count or 0) < taken:
                await asyncio.sleep(_LOOK)
    await looking.close()


class Taking:
    """Messages of one queue, taken one after the other by a consumer. What is not acknowledged is put back by `end`, in its
    order.

    A quorum queue gives back in order only what one consumer on one channel has, when that channel closes: what several
    `basic.get` took, or what one `nack` names, comes back in the order of a hash. So the messages are held in channels of
    `held` each, which bounds what is in memory too, and these are closed one after the other.
    """

    def __init__(self, connection: Connection, name: str, patience: float, held: int) -> None:
        self.lying = 0
        """How many there were when it began."""
        self._connection = connection
        self._name = name
        self._patience = patience
        self._held = held
        self._windows: list[_Window] = []
        self._received = 0
        self._seen_before = False

    @classmethod
    async def begin(cls, connection: Connection, name: str, patience: float, *, held: int | None = None) -> "Taking":
        """`patience`: seconds for each `take`, else `TimeoutError`. `held`: messages that are taken at once, also where fewer
        are asked for; `HELD` without it. Raises `ChannelNotFoundEntity`."""
        taking = cls(connection, name, patience, HELD if held is None else held)
        async with asyncio.timeout(patience):
            taking.lying = await taking._ready()
        return taking

    async def take(self, most: int) -> list[AbstractIncomingMessage]:
        """The next ones, at most so many; fewer at the end."""
        taken: list[AbstractIncomingMessage] = []
        async with asyncio.timeout(self._patience):
            while len(taken) < most and (message := await self._next()) is not None:
                taken.append(message)
        return taken

    async def acknowledge(self, messages: Sequence[AbstractIncomingMessage]) -> None:
        """They are gone."""
        if not messages:
            return
        async with asyncio.timeout(self._patience):
            for message in messages:
                await message.ack()
            await self._ready()  # what was written has been read then
        gone = set(map(_place, messages))
        for window in self._windows:
            window.held -= gone

    async def end(self) -> None:
        """A quorum queue serves first what was put back before, and puts back behind that: those are taken too, up to
        `_MOST_BACK`, lest a part of them is put behind the others."""
        left = _MOST_BACK
        while left > 0 and (self._seen_before or (self._windows and self._windows[-1].waiting)):
            left -= len(await self.take(1)) or left
        async with asyncio.timeout(self._patience + len(self._windows) * _BACK):
            back = 0
            for window in self._windows[-1:]:  # else it would take what the first ones give back
                await window.leave()
            for window in self._windows:
                back += len(window.held)
                await put_back(self._connection, window.channel, self._name, back)

    async def _next(self) -> AbstractIncomingMessage | None:
        window = self._windows[-1] if self._windows else None
        if window is None or window.full:
            if len(self._windows) >= _CHANNELS:
                return None
            if window is not None:
                await window.leave()
            window = await _Window.open(self._connection, self._name, self._held)
            self._windows.append(window)
        message = await window.next(_SILENT if self._received < self.lying else 0.0)
        while message is None and await self._ready():
            message = await window.next(_SILENT)
        if message is None:
            message = await window.next(_LOOK)  # one may have been on its way when the queue said that it has none
        self._received += message is not None
        self._seen_before = message is not None and bool(message.headers.get("x-delivery-count"))
        return message

    async def _ready(self) -> int:
        channel = await plain_channel(self._connection)
        declared = await channel.declare_queue(self._name, passive=True)
        await channel.close()
        return declared.declaration_result.message_count or 0


class _Window:
    """A channel with a consumer that holds at most `most` messages."""

    def __init__(self, channel: AbstractChannel, most: int) -> None:
        self.channel = channel
        self._most = most
        self.held: set[_Place] = set()
        """Not the messages: their bodies would be in memory for as long as the look goes on."""
        self._queue: AbstractQueue | None = None
        self._tag = ""
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    @classmethod
    async def open(cls, connection: Connection, name: str, most: int) -> "_Window":
        channel = await plain_channel(connection)
        window = cls(channel, most)
        await channel.set_qos(prefetch_count=most)
        window._queue = await channel.get_queue(name, ensure=False)
        window._tag = await window._queue.consume(window._take)
        return window

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.held.add(_place(message))
        self._arrived.put_nowait(message)

    @property
    def waiting(self) -> bool:
        """Whether something was delivered that nobody has looked at."""
        return not self._arrived.empty()

    @property
    def full(self) -> bool:
        """Whether it will get no more, and everything was looked at."""
        return len(self.held) >= self._most and not self.waiting

    async def leave(self) -> None:
        """Take no more; what it has it keeps."""
        if self._queue is not None:
            await self._queue.cancel(self._tag)

    async def next(self, seconds: float) -> AbstractIncomingMessage | None:
        """The next one, waited for so long; None when it does not come."""
        if self.waiting or not seconds:
            return self._arrived.get_nowait() if self.waiting else None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._arrived.get()
        return None


async def sweep(connection: Connection, name: str, erased: Erased, patience: float) -> int:
    """Acknowledge what was erased of all that lies in the queue now; how many. `patience`: seconds for each hundred messages,
    else `TimeoutError`. Raises `ChannelNotFoundEntity`."""
    taking = await Taking.begin(connection, name, patience)
    # Until there is none, but not for ever where more and more come.
    most = taking.lying + _MORE
    taken = removed = 0
    while taken < most and (messages := await taking.take(_AT_ONCE)):
        taken += len(messages)
        async with asyncio.timeout(patience):
            gone = await _erased(messages, erased)
        await taking.acknowledge(gone)
        removed += len(gone)
    await taking.end()
    return removed


async def _erased(messages: Sequence[AbstractIncomingMessage], erased: Erased) -> list[AbstractIncomingMessage]:
    by_id = [(envelope_id_of(message.headers), message) for message in messages]
    known = [id_ for id_, _ in by_id if id_]
    gone = set(await erased(known)) if known else set()
    return [message for id_, message in by_id if id_ in gone]
