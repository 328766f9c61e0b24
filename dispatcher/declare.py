"""Declaring the topology in RabbitMQ, and saying what stands there that is not ours."""

import re
from collections.abc import Sequence
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelPreconditionFailed

from dispatcher.base import QueuesUnavailable
from dispatcher.topology import Binding, Declaration, Exchange

_DIFFERENCE: Final = re.compile(r"inequivalent arg '(?P<name>[^']+)'.*?: (?P<rest>received .*)", re.DOTALL)


async def declare(connection: Connection, wanted: Sequence[Declaration]) -> list[str]:
    """Declare everything in its order. What exists with other arguments is left as it is and comes back as a list of
    texts, one an object: what differs and what to do. Raises `QueuesUnavailable` when the broker refuses."""
    mismatches: list[str] = []
    channel = await _open(connection)
    for declaration in wanted:
        try:
            await _declare(channel, declaration)
        except ChannelPreconditionFailed as error:
            mismatches.append(_explain(declaration, str(error)))
            channel = await _open(connection)
        except ChannelClosed as error:
            raise QueuesUnavailable(f"RabbitMQ refused to declare {_title(declaration)}: {_reason(str(error))}") from error
    await channel.close()
    return mismatches


async def _open(connection: Connection) -> AbstractChannel:
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize()
    return channel


async def _declare(channel: AbstractChannel, declaration: Declaration) -> None:
    if isinstance(declaration, Exchange):
        await channel.declare_exchange(declaration.name, declaration.type, durable=True)
    elif isinstance(declaration, Binding):
        queue = await channel.get_queue(declaration.queue, ensure=False)
        await queue.bind(declaration.exchange, declaration.routing_key)
    else:
        await channel.declare_queue(declaration.name, durable=True, arguments=dict(declaration.arguments))


def _title(declaration: Declaration) -> str:
    if isinstance(declaration, Binding):
        return f"the binding of queue {declaration.queue} to {declaration.exchange}"
    return f"{'exchange' if isinstance(declaration, Exchange) else 'queue'} {declaration.name}"


def _explain(declaration: Declaration, reply: str) -> str:
    kind = "exchange" if isinstance(declaration, Exchange) else "queue"
    found = _DIFFERENCE.search(reply)
    difference = f"{found['name']}: {found['rest']}" if found else _reason(reply)
    remedy = "" if kind == "exchange" else "take its messages out, "
    return (
        f"{_title(declaration)} exists with other arguments ({difference}). Nothing was changed: {remedy}delete the {kind} "
        "and start again, or give the target another name"
    )


def _reason(reply: str) -> str:
    """Of RabbitMQ's text the part after its own preface."""
    return reply.rsplit(" - ", 1)[-1].strip(" '\")")
