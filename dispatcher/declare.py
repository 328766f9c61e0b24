"""Declaring the topology in RabbitMQ, and saying what is not as it should be.

Nothing that exists is ever changed. Every refusal is about one object: it is told, and the others are declared all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from dispatcher.base import QueuesUnavailable
from dispatcher.sweep import plain_channel
from dispatcher.topology import Binding, Declaration, Exchange, Queue, title

_DIFFERENCE: Final = re.compile(r"inequivalent arg '(?P<name>[^']+)'.*?: (?P<rest>received .*)", re.DOTALL)
REFUSALS: Final = (ChannelPreconditionFailed, ChannelAccessRefused, ChannelNotFoundEntity, ChannelLockedResource)
"""Answers about one object. They end the channel, and nothing else."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What came of it. `wrong` are texts, one an object: what is the matter and what to do. `unseen` are objects that are there
    as far as this user can see: whether they are as they should be, it may not ask."""

    wrong: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    lacking: set[str] = field(default_factory=set)
    """Exchanges that are not as they should be: what is published there would be lost, or go astray."""


async def declare(connection: Connection, wanted: Sequence[Declaration]) -> Declared:
    """Declare everything in its order. Where this user may not configure, an object that exists will do: many a company has its
    queues made by somebody else. Raises `QueuesUnavailable` when the broker refuses for another reason."""
    done = Declared()
    missing: set[str] = set()
    channel = await plain_channel(connection)
    for declaration in wanted:
        if isinstance(declaration, Binding) and not missing.isdisjoint((declaration.exchange, declaration.queue)):
            continue  # the object itself is told
        try:
            await make(channel, declaration)
            continue
        except REFUSALS as error:
            refusal: ChannelClosed = error
        except ChannelClosed as error:
            raise QueuesUnavailable(f"RabbitMQ refused to declare {title(declaration)}: {reason(str(error))}") from error
        if isinstance(refusal, ChannelAccessRefused) and not isinstance(declaration, Binding):
            refusal = await _look(connection, declaration) or refusal
        if isinstance(refusal, ChannelAccessRefused):
            done.unseen.append(title(declaration))
        else:
            done.wrong.append(explain(declaration, refusal))
            done.lacking.update({declaration.name} if isinstance(declaration, Exchange) else ())
        if isinstance(refusal, ChannelNotFoundEntity) and not isinstance(declaration, Binding):
            missing.add(declaration.name)
        channel = await plain_channel(connection)
    await channel.close()
    return done


async def make(channel: AbstractChannel, declaration: Declaration) -> None:
    """Declare one object, or ask whether it is there where it is somebody else's. Raises those of `REFUSALS`."""
    if isinstance(declaration, Binding):
        queue = await channel.get_queue(declaration.queue, ensure=False)
        await queue.bind(declaration.exchange, declaration.routing_key)
    elif declaration.needed_by:
        await ask(channel, declaration)
    elif isinstance(declaration, Exchange):
        await channel.declare_exchange(declaration.name, declaration.type, durable=True)
    else:
        await channel.declare_queue(declaration.name, durable=True, arguments=dict(declaration.arguments))


async def ask(channel: AbstractChannel, declaration: Exchange | Queue) -> None:
    """Whether it is there; nothing is compared. Any user may ask. Raises those of `REFUSALS`."""
    if isinstance(declaration, Exchange):
        await channel.declare_exchange(declaration.name, passive=True)
    else:
        await channel.declare_queue(declaration.name, passive=True)


async def others_stand(connection: Connection, wanted: Sequence[Declaration]) -> bool:
    """Whether all that is somebody else's is there, however it is."""
    channel = await plain_channel(connection)
    for one in wanted:
        if isinstance(one, Binding) or not one.needed_by:
            continue
        try:
            await ask(channel, one)
        except ChannelNotFoundEntity:
            return False
        except REFUSALS:
            channel = await plain_channel(connection)
    await channel.close()
    return True


async def _look(connection: Connection, declaration: Exchange | Queue) -> ChannelClosed | None:
    """What is said to the question whether it is there; None where it is."""
    channel = await plain_channel(connection)
    try:
        await ask(channel, declaration)
    except REFUSALS as error:
        return error
    await channel.close()
    return None


def explain(declaration: Declaration, refusal: ChannelClosed) -> str:
    """What is the matter with an object, and what to do."""
    text, name = reason(str(refusal)), title(declaration)
    if isinstance(refusal, ChannelNotFoundEntity):
        return _absent(declaration, text)
    if isinstance(refusal, ChannelLockedResource):
        return f"{name} is the exclusive queue of another connection: end that, or give the target another name"
    found = _DIFFERENCE.search(str(refusal))
    if found is None:
        return f"RabbitMQ does not take {name} as it is configured ({text}): see queues.defaults and queues.targets"
    kind = "exchange" if isinstance(declaration, Exchange) else "queue"
    remedy = (
        "give it the options it has under queues.targets, or take its messages out, delete the queue and start again"
        if kind == "queue"
        else "delete the exchange and start again"
    )
    return (
        f"{name} exists with other arguments ({found['name']}: {found['rest'].strip(' )')}). Nothing was changed: {remedy} "
        "(regia topology diff)"
    )


def _absent(declaration: Declaration, text: str) -> str:
    name = title(declaration)
    if isinstance(declaration, Binding):
        return f"{name} cannot be made: {text}"
    if declaration.needed_by:
        return f"{name} does not exist, and {declaration.needed_by} needs it: have it made by its owner, or name another"
    return (
        f"{name} does not exist, and this user may not declare it: run regia topology apply as a user who may configure, or "
        "give this user the right"
    )


def reason(reply: str) -> str:
    """Of RabbitMQ's text the part after its own preface."""
    return reply.rsplit(" - ", 1)[-1].strip(" '\")")
