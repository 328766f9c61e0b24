"""Declaring a queue again with other arguments, when nothing can be lost by it.

A quorum queue refuses `if-empty` and `if-unused` (540 on 3.10, which ends the connection). So it is unbound first: what is
published meanwhile comes back to the gateway, which mends the topology and repeats it. Then it is looked at, and deleted.
RabbitMQ says how many messages went with it; what came in the moment between look and deletion is told, never hidden.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity

from dispatcher.declare import make
from dispatcher.management import Found
from dispatcher.sweep import plain_channel
from dispatcher.topology import Binding, Declaration, Queue

_WORK: Final = "have them worked off, or moved to another queue by a shovel, then try again"
_SETTLE: Final = 0.2
"""Seconds for what was published before the unbinding to be counted."""


def in_the_way(found: Found, name: str, wanted: Sequence[Declaration]) -> str | None:
    """What only the management API tells: messages that somebody holds without an acknowledgement, and bindings of others,
    which would go with the queue. It counts late: see `FRESH`."""
    held = found.queues.get(name, {}).get("messages") or 0
    if held:
        return f"{name} holds {held} messages, with those that consumers have not acknowledged: {_WORK}"
    ours = {(one.exchange, one.routing_key) for one in wanted if isinstance(one, Binding) and one.queue == name}
    others = [
        f"{binding['source']} by {binding['routing_key']}"
        for binding in found.bindings
        if binding["destination_type"] == "queue" and binding["destination"] == name and binding["source"]
        if (binding["source"], binding["routing_key"]) not in ours
    ]
    return f"{name} is also bound to {', '.join(others)}, which would be lost: unbind it first" if others else None


FRESH: Final = 6.0
"""Seconds after which the management API has counted what there was before: it does so every five."""


class InUse(Exception):
    """The queue was left as it is; the text says what is in the way and what to do."""


async def recreate(connection: Connection, name: str, wanted: Sequence[Declaration]) -> int:
    """Delete and declare the queue again; how many messages went with it, which is 0 but for a race. Raises `InUse`, and
    what RabbitMQ refuses it with; then its bindings are as they were."""
    queue = next(one for one in wanted if isinstance(one, Queue) and one.name == name)
    bindings = [one for one in wanted if isinstance(one, Binding) and one.queue == name]
    try:
        lost = await _delete(await plain_channel(connection), name, bindings)
    except ChannelNotFoundEntity:
        lost = 0
    except (InUse, ChannelClosed):
        await _bind(connection, bindings)
        raise
    await make(await plain_channel(connection), queue)
    await _bind(connection, bindings)
    return lost


async def _delete(channel: AbstractChannel, name: str, bindings: Sequence[Binding]) -> int:
    await _check(channel, name)
    source = await channel.get_queue(name, ensure=False)
    for one in bindings:
        await source.unbind(one.exchange, one.routing_key)
    await asyncio.sleep(_SETTLE)
    await _check(channel, name)
    gone = await channel.queue_delete(name)
    return gone.message_count or 0


async def _bind(connection: Connection, bindings: Sequence[Binding]) -> None:
    channel = await plain_channel(connection)
    for one in bindings:
        await make(channel, one)
    await channel.close()


async def _check(channel: AbstractChannel, name: str) -> None:
    state = (await channel.declare_queue(name, passive=True)).declaration_result
    if state.consumer_count:
        raise InUse(f"{name} has {state.consumer_count} consumers: stop them when they have emptied it, then try again")
    if state.message_count:
        raise InUse(f"{name} holds {state.message_count} messages: {_WORK}")
