"""Taking what was erased out of a queue of RabbitMQ, and leaving the rest as it lies.

AMQP can look at a message only by taking it. So all are taken and none is acknowledged but those to go; closing the
channel puts the rest back, in the order it was taken. To stop earlier would put a part behind the others.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from dispatcher.base import Erased, envelope_id_of

_AT_ONCE: Final = 100
"""Messages that are asked about together. Their bodies are in memory meanwhile."""
_MORE: Final = 1_000
"""Messages that may come while this goes on, and are taken too."""
_MOST_BACK: Final = 2_000
"""Messages that are taken only to keep their order."""
_BACK: Final = 1.0
"""Seconds for a queue to have back what was taken."""
_LOOK: Final = 0.02


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
    """Messages of one queue, taken one after the other. What is not acknowledged is put back in its order by `end`."""

    def __init__(
        self, connection: Connection, channel: AbstractChannel, source: AbstractQueue, lying: int, patience: float
    ) -> None:
        self.lying = lying
        """How many there were."""
        self._connection = connection
        self._channel = channel
        self._source = source
        self._patience = patience
        self._held = 0
        self._seen_before = False

    @classmethod
    async def begin(cls, connection: Connection, name: str, patience: float) -> "Taking":
        """`patience`: seconds for each hundred messages, else `TimeoutError`. Raises `ChannelNotFoundEntity`."""
        async with asyncio.timeout(patience):
            channel = await plain_channel(connection)
            declared = await channel.declare_queue(name, passive=True)
            source = await channel.get_queue(name, ensure=False)
        return cls(connection, channel, source, declared.declaration_result.message_count or 0, patience)

    async def take(self, most: int) -> list[AbstractIncomingMessage]:
        """The next ones, at most so many; fewer at the end."""
        taken: list[AbstractIncomingMessage] = []
        async with asyncio.timeout(self._patience):
            while len(taken) < most and (message := await self._next()) is not None:
                taken.append(message)
        return taken

    async def acknowledge(self, message: AbstractIncomingMessage) -> None:
        """It is gone."""
        async with asyncio.timeout(self._patience):
            await message.ack()
        self._held -= 1

    async def end(self) -> None:
        """A quorum queue serves first what was put back before, and puts back behind that: those are taken too, up to
        `_MOST_BACK`, lest a part of them is put behind the others."""
        async with asyncio.timeout(self._patience):
            for _ in range(_MOST_BACK):
                if not self._seen_before or await self._next() is None:
                    break
        async with asyncio.timeout(self._patience):
            await put_back(self._connection, self._channel, self._source.name, self._held)

    async def _next(self) -> AbstractIncomingMessage | None:
        message = await self._source.get(no_ack=False, fail=False)
        self._seen_before = message is not None and bool(message.headers.get("x-delivery-count"))
        self._held += message is not None
        return message


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
        for message in gone:
            await taking.acknowledge(message)
        removed += len(gone)
    await taking.end()
    return removed


async def _erased(messages: Sequence[AbstractIncomingMessage], erased: Erased) -> list[AbstractIncomingMessage]:
    by_id = [(envelope_id_of(message.headers), message) for message in messages]
    known = [id_ for id_, _ in by_id if id_]
    gone = set(await erased(known)) if known else set()
    return [message for id_, message in by_id if id_ in gone]
