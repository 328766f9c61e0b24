"""What stands in RabbitMQ against what should, without changing anything.

By AMQP alone: whether an object is there, and the first argument that differs. A declaration of what exists never changes
it, so it is used to compare; each is asked for before, and only one deleted in that very moment would be made, as wanted.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aio_pika import Connection
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused

from dispatcher.base import Topology
from dispatcher.declare import REFUSALS, ask, explain, make
from dispatcher.management import Found
from dispatcher.sweep import plain_channel
from dispatcher.topology import INBOUND, Binding, Declaration, Exchange, Queue, declarations, title

Kind = Literal["missing", "different", "foreign", "unused"]

_OURS: Final = re.compile(r"[a-z0-9_-]+\.[a-z0-9_-]+")
_FIXED: Final = {"durable": True, "auto_delete": False}


@dataclass(frozen=True, slots=True)
class Difference:
    """`found` is what stands there, `remedy` what to do."""

    kind: Kind
    name: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`unseen` says what could not be compared, and why."""

    differences: list[Difference] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


_MAKE: Final = "regia topology apply"
_OWNER: Final = "have it made by its owner, or name another"
_AGAIN: Final = "give it the options it has, or see regia topology apply --recreate"


async def by_amqp(connection: Connection, topology: Topology) -> Comparison:
    """As far as AMQP tells."""
    result = Comparison()
    for one in declarations(topology):
        if not isinstance(one, Binding):
            await _compare(connection, one, result)
    result.unseen.append(
        "AMQP does not tell bindings, queues of former rules, and of a queue more than one argument that differs"
    )
    return result


async def _compare(connection: Connection, one: Exchange | Queue, result: Comparison) -> None:
    channel = await plain_channel(connection)
    there = False
    try:
        await ask(channel, one)
        there = True
        await make(channel, one)
    except REFUSALS as refusal:
        if isinstance(refusal, ChannelAccessRefused):
            result.unseen.append(f"the arguments of {title(one)}: this user may not configure it")
        elif isinstance(refusal, ChannelNotFoundEntity) and not there:
            result.differences.append(Difference("missing", title(one), "", _OWNER if one.needed_by else _MAKE))
        else:
            result.differences.append(Difference("different", title(one), explain(one, refusal), _AGAIN))
        return
    await channel.close()


def by_management(found: Found, topology: Topology) -> Comparison:
    """Everything: all arguments, bindings, and what is there beside ours."""
    wanted = declarations(topology)
    result = Comparison()
    for one in wanted:
        result.differences.extend(_differences(found, one))
    names = {one.name for one in wanted if isinstance(one, Queue)}
    former = {queue for queue in found.queues if queue not in names and _OURS.fullmatch(queue) and _bound_as_ours(found, queue)}
    for queue in sorted(former):
        held = found.queues[queue].get("messages")
        told = "messages not counted yet" if held is None else f"{held} messages"
        remedy = "no rule has this target: work its messages off, then delete the queue"
        result.differences.append(Difference("unused", f"queue {queue}", told, remedy))
    known = {(one.exchange, one.queue, one.routing_key) for one in wanted if isinstance(one, Binding)}
    result.differences.extend(_foreign(found, known, former))
    return result


def _differences(found: Found, one: Declaration) -> Iterator[Difference]:
    if isinstance(one, Binding):
        ends = (one.exchange in found.exchanges, one.queue in found.queues)
        if all(ends) and not any(_is(binding, one.exchange, one.queue, one.routing_key) for binding in found.bindings):
            yield Difference("missing", title(one), "", _MAKE)
        return
    there = (found.exchanges if isinstance(one, Exchange) else found.queues).get(one.name)
    if there is None:
        yield Difference("missing", title(one), "", _OWNER if one.needed_by else _MAKE)
    elif not one.needed_by:
        told = list(_unlike(there, _FIXED))
        if isinstance(one, Exchange):
            told += _unlike(there, {"type": one.type})
        else:
            # What was declared without a type has none among its arguments.
            arguments = {"x-queue-type": there.get("type", "classic"), **there["arguments"]}
            told += _unlike(arguments, {**dict.fromkeys(arguments), **one.arguments})
        if told:
            yield Difference("different", title(one), "; ".join(told), _AGAIN)
        policy = there.get("effective_policy_definition") or {}
        if isinstance(one, Queue) and "expires" in policy:
            told_of_it = f"the policy {there.get('policy')!r} deletes it when nobody uses it, with what lies in it"
            yield Difference("different", title(one), told_of_it, "take expires out of the policy")


def _unlike(there: Any, wanted: Any) -> Iterator[str]:
    for name, value in sorted(wanted.items()):
        if there.get(name) != value:
            yield f"{name} is {_shown(there.get(name))}, should be {_shown(value)}"


def _shown(value: object) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _foreign(found: Found, known: set[tuple[str, str, str]], former: set[str]) -> Iterator[Difference]:
    """Bindings to what target queues are bound to. On `regia.events` everybody may bind what they like."""
    for binding in found.bindings:
        source, to, key = binding["source"], binding["destination"], binding["routing_key"]
        of_queue = binding["destination_type"] == "queue"
        if source != INBOUND or (of_queue and (source, to, key) in known) or to in former:
            continue
        name = f"the binding of {binding['destination_type']} {to} to {source} by {key}"
        told = "it gets copies, and hides it when a queue is missing: nothing comes back then"
        yield Difference("foreign", name, told, "unbind it; name the queue under queues.also where it is to get copies")


def _bound_as_ours(found: Found, queue: str) -> bool:
    return any(_is(binding, INBOUND, queue, f"{queue}.#") for binding in found.bindings)


def _is(binding: Any, exchange: str, queue: str, key: str) -> bool:
    there = (binding["source"], binding["destination_type"], binding["destination"], binding["routing_key"])
    return there == (exchange, "queue", queue, key)


def missing(wanted: Sequence[Declaration], comparison: Comparison) -> list[str]:
    """What `apply` is going to make, in its order."""
    absent = {one.name for one in comparison.differences if one.kind == "missing"}
    return [title(one) for one in wanted if title(one) in absent]
