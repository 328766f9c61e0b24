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


async def sweep(connection: Connection, name: str, erased: Erased, patience: float) -> int:
    """Acknowledge what was erased of all that lies in the queue now; how many. `patience`: seconds for each hundred messages,
    else `TimeoutError`. Raises `ChannelNotFoundEntity`."""
    channel = await plain_channel(connection)
    async with asyncio.timeout(patience):
        declared = await channel.declare_queue(name, passive=True)
        source = await channel.get_queue(name, ensure=False)
    # Until there is none, but not for ever where more and more come.
    most = (declared.declaration_result.message_count or 0) + _MORE
    taken = removed = 0
    while taken < most:
        async with asyncio.timeout(patience):
            messages = await _take(source, _AT_ONCE)
            removed += await _acknowledge(messages, erased)
        taken += len(messages)
        if len(messages) < _AT_ONCE:
            break
    async with asyncio.timeout(patience):
        await put_back(connection, channel, name, taken - removed)
    return removed


async def _take(source: AbstractQueue, most: int) -> list[AbstractIncomingMessage]:
    taken: list[AbstractIncomingMessage] = []
    while len(taken) < most and (message := await source.get(no_ack=False, fail=False)) is not None:
        taken.append(message)
    return taken


async def _acknowledge(messages: Sequence[AbstractIncomingMessage], erased: Erased) -> int:
    by_id = [(envelope_id_of(message.headers), message) for message in messages]
    known = [id_ for id_, _ in by_id if id_]
    gone = set(await erased(known)) if known else set()
    for id_, message in by_id:
        if id_ in gone:
            await message.ack()
    return sum(id_ in gone for id_, _ in by_id)
