"""How much lies in our queues, and which of them are not there."""

from collections.abc import Sequence

from aio_pika import Connection
from aio_pika.exceptions import ChannelNotFoundEntity

from dispatcher.base import QueueState
from dispatcher.options import Layout
from dispatcher.sweep import plain_channel


async def count(connection: Connection, names: Sequence[str], layout: Layout) -> tuple[list[QueueState], list[str]]:
    """The states of these queues, and the names of those that do not exist. `leased` is -1: AMQP does not tell it."""
    states: list[QueueState] = []
    missing: list[str] = []
    channel = await plain_channel(connection)
    for name in names:
        try:
            told = (await channel.declare_queue(layout.real(name), passive=True)).declaration_result
        except ChannelNotFoundEntity:
            missing.append(name)
            channel = await plain_channel(connection)
            continue
        consumers = told.consumer_count or 0
        states.append(QueueState(name=name, ready=told.message_count or 0, leased=-1, consumers=consumers))
    await channel.close()
    return states, missing
