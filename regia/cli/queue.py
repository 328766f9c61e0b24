"""`regia queue`: what waits in the queues, embedded or on RabbitMQ."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import orjson
import typer

from dispatcher.base import Delivery, QueueLocked, QueueMismatch, Queues, QueuesUnavailable, UnknownQueue
from dispatcher.local import LEASE_SECONDS, LocalQueues
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import require
from regia.compose import Configured, open_stores

app = typer.Typer(no_args_is_help=True, help="What waits in the queues.")

T = TypeVar("T")

QueueArgument = Annotated[str | None, typer.Argument(help="<brand>.<target>, such as demo.returns; without it every queue.")]


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Every queue with what is ready and what is leased."""
    for state in _with_queues(standing(config), lambda queues: queues.states()):
        leased = "-" if state.leased < 0 else str(state.leased)
        typer.echo(f"{state.name:40} ready {state.ready:8} leased {leased:>8}")


@app.command()
def peek(
    queue: QueueArgument = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Messages a queue.")] = 10,
    envelopes: Annotated[bool, typer.Option("--json", help="Whole envelopes, one a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """Look at the first messages of a queue, or of all, without taking them.

    On RabbitMQ each look counts towards the queue's delivery limit.
    """
    found = standing(config)

    async def look(queues: Queues) -> list[Delivery]:
        if queue:
            return await queues.peek(queue, limit)
        seen: list[Delivery] = []
        for name in found.topology.queues:
            try:
                seen += await queues.peek(name, limit)
            except QueueLocked as error:
                print(f"regia: {error}", file=sys.stderr)
            except UnknownQueue:
                print(f"regia: {name} is missing on RabbitMQ", file=sys.stderr)
        return seen

    for one in _with_queues(found, look):
        typer.echo(one.body.decode() if envelopes else _line(one))


@app.command()
def take(
    queue: Annotated[str, typer.Argument(help="<brand>.<target>")],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 1,
    lease: Annotated[int, typer.Option(min=1, max=3600, help="Seconds until it is given back.")] = LEASE_SECONDS,
    ack: Annotated[bool, typer.Option("--ack", help="Remove what is printed at once.")] = False,
    config: ConfigOption = None,
) -> None:
    """Lease messages of an embedded queue and print them as JSON lines with their receipts."""

    async def taking(queues: Queues) -> None:
        local = _local(queues)
        for one in await local.take(queue, limit, lease=lease):
            data = {"receipt": one.receipt, "attempts": one.attempts, "envelope": orjson.Fragment(one.body)}
            typer.echo(orjson.dumps(data).decode())
            if ack:
                await local.ack(one.receipt)

    _with_queues(standing(config), taking)


@app.command("ack")
def ack_(receipt: str, config: ConfigOption = None) -> None:
    """Remove a message that was taken: the work is done."""
    if not _with_queues(standing(config), lambda queues: _local(queues).ack(receipt)):
        fail("this receipt is unknown, or its lease ran out and the message was given back")


@app.command()
def requeue(queue: str, config: ConfigOption = None) -> None:
    """Make the dead messages of an embedded queue ready again."""
    number = _with_queues(standing(config), lambda queues: _local(queues).requeue_dead(queue))
    typer.echo(f"{number} messages are ready again")


def _local(queues: Queues) -> LocalQueues:
    if not isinstance(queues, LocalQueues):
        fail("these queues are on RabbitMQ: consume them there")
    return queues


def _with_queues(found: Configured, work: Callable[[Queues], Awaitable[T]]) -> T:
    async def do() -> T:
        stores = open_stores(found.settings)
        try:
            try:
                await stores.queues.open(found.topology)
            except QueueMismatch as error:  # the others can be looked at, and those that are there too
                print(f"regia: not all queues are as they should be: {error}", file=sys.stderr)
            return await work(stores.queues)
        finally:
            await stores.close()

    if found.settings.queues.is_local:
        require(found.settings)
    try:
        return asyncio.run(do())
    except UnknownQueue as error:
        fail(str(error))
    except QueueLocked as error:
        fail(str(error))
    except QueuesUnavailable as error:
        fail(f"the queues do not answer: {error}")


def _line(one: Delivery) -> str:
    """One envelope on one line for a person."""
    envelope: dict[str, Any] = orjson.loads(one.body)
    data = envelope["data"]
    text = " ".join((data["text"] or data["subject"] or f"[{data['kind']}]").split())
    rule = data["routing"]["decided_by"].get("category", "-")
    return f"{one.envelope_id} {one.queue:20} {data['received_at']} {data['channel']:9} by {rule}: {text[:80]}"
