"""Taking what was erased out of a queue of RabbitMQ, and leaving the rest as it lies.

AMQP can look at a message only by taking it. So all are taken and none is acknowledged but those to go; closing the
channel puts the rest back, in the order it was taken. To stop earlier would put a part behind the others.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from dispatcher.base import Erased, envelope_id_of

_AT_ONCE: Final = 100
"""Messages that are asked about together. Their bodies are in memory meanwhile."""


async def sweep(channel: AbstractChannel, name: str, erased: Erased, patience: float) -> int:
    """Acknowledge what was erased of all that lies in the queue now; how many. It is true once the channel was closed.
    `patience`: seconds for each hundred messages, else `TimeoutError`. Raises `ChannelNotFoundEntity`."""
    async with asyncio.timeout(patience):
        declared = await channel.declare_queue(name, passive=True)
        source = await channel.get_queue(name, ensure=False)
    left = declared.declaration_result.message_count or 0
    removed = 0
    while left > 0:
        async with asyncio.timeout(patience):
            messages = await _take(source, min(left, _AT_ONCE))
            removed += await _acknowledge(messages, erased)
        if len(messages) < min(left, _AT_ONCE):
            break
        left -= len(messages)
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
