"""`regia topology`: what stands in RabbitMQ, against what rules and configuration need."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer
from aio_pika import Connection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelClosed

from config.problems import ConfigError
from dispatcher.base import QueuesUnavailable, Topology
from dispatcher.compare import Comparison, by_amqp, by_management, missing
from dispatcher.declare import Declared, declare, reason
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.management import Found, ManagementUnavailable, look
from dispatcher.recreate import FRESH, InUse, in_the_way, recreate
from dispatcher.topology import Binding, Declaration, Exchange, Queue, declarations
from regia.cli.common import ConfigOption, config_errors, fail
from regia.cli.standing import standing
from regia.compose import Configured

app = typer.Typer(no_args_is_help=True, help="Exchanges, queues and bindings on RabbitMQ.")

T = TypeVar("T")

_CONNECT: Final = 10.0
_WORK: Final = 120.0
"""Seconds all questions together may take."""
_UNKNOWN: Final = 2
"""Exit status where nothing could be compared."""

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def show(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Everything that is declared, and the existing queues that are used. Asks nobody."""
    found = _checked(config)
    if found.settings.queues.is_local:
        fail("queues.url is local: nothing is declared, and regia queue list shows the queues")
    wanted = declarations(found.topology)
    if as_json:
        _print([{"kind": type(one).__name__.lower(), **asdict(one)} for one in wanted])
        return
    for one in wanted:
        typer.echo(_line(one))
    for name in found.topology.queues:
        if found.topology.layout.options_of(name).type == "classic" and name not in found.topology.layout.existing:
            typer.echo(f"note: {name} is a classic queue: on one node, and its dead letters are moved at most once")


@app.command()
def diff(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Compare with RabbitMQ and change nothing. Exits with 1 when something differs, with 2 when it cannot be compared."""
    found = _checked(config)
    comparison = _with_broker(found, lambda connection, there: _compare(connection, there, found.topology))
    if as_json:
        _print(asdict(comparison))
    else:
        for one in comparison.differences:
            typer.echo(f"{one.kind:9} {one.name}{f': {one.found}' if one.found else ''}\n          {one.remedy}")
        for unseen in comparison.unseen:
            typer.echo(f"not compared: {unseen}")
        if not comparison.differences:
            typer.echo("everything that was compared is as it should be")
    raise typer.Exit(1 if comparison.differences else 0)


@app.command()
def apply(
    again: Annotated[
        list[str] | None,
        typer.Option("--recreate", metavar="QUEUE", help="Delete this queue and declare it again, if it is empty and unused."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Declare what is missing. What exists with other arguments stays as it is, and makes the exit status 1."""
    found = _checked(config)
    wanted = declarations(found.topology)
    ours = {one.name for one in wanted if isinstance(one, Queue) and not one.needed_by}
    for name in again or ():
        if name not in ours:
            fail(f"{name} is no queue of ours; queues: {', '.join(sorted(ours))}", status=_UNKNOWN)

    lost: dict[str, int] = {}

    async def work(connection: Connection, there: Found | None) -> bool:
        new = missing(wanted, await _compare(connection, there, found.topology))
        done = await declare(connection, wanted)
        if again and there is not None:
            typer.echo(f"looking for {FRESH:.0f} seconds whether somebody holds messages", err=True)
            await asyncio.sleep(FRESH)
            there = await _look(found)
        for name in again or ():
            lost[name] = await _recreate(connection, there, name, wanted)
        if again:
            done = await declare(connection, wanted)
        _tell(new, done)
        return not done.wrong

    fits = _with_broker(found, work)
    for name, number in lost.items():
        if number:
            fail(f"{number} messages came into {name} at that moment and went with it: regia replay publishes them again")
    if not fits:
        raise typer.Exit(1)
    typer.echo("everything is declared")


def _tell(new: Sequence[str], done: Declared) -> None:
    for name in new:
        if not any(text.startswith(f"{name} ") for text in done.wrong):
            typer.echo(f"made {name}")
    for text in done.wrong:
        typer.echo(f"not as it should be: {text}")
    for name in done.unseen:
        typer.echo(f"not compared: {name}, which this user may not configure")


async def _recreate(connection: Connection, there: Found | None, name: str, wanted: Sequence[Declaration]) -> int:
    """How many messages went with it."""
    if there is not None and (held := in_the_way(there, name, wanted)):
        raise InUse(held)
    lost = await recreate(connection, name, wanted)
    typer.echo(f"made queue {name} again")
    if there is None:
        typer.echo("  without queues.management_url it is not known whether somebody else had bound it, or held messages of it")
    return lost


async def _compare(connection: Connection, there: Found | None, topology: Topology) -> Comparison:
    return await by_amqp(connection, topology) if there is None else by_management(there, topology)


def _checked(config: Any) -> Configured:
    found = standing(config)
    with config_errors():
        if found.stray:
            raise ConfigError(found.stray)
    return found


async def _look(found: Configured) -> Found | None:
    queues = found.settings.queues
    if queues.management_url is None:
        return None
    return await look(queues.management_url.get_secret_value(), queues.url.get_secret_value())


def _with_broker(found: Configured, work: Callable[[Connection, Found | None], Awaitable[T]]) -> T:
    """Do something with a connection, and with what the management API tells where it is configured."""
    queues = found.settings.queues
    if queues.is_local:
        fail("queues.url is local: there is nothing to compare or to declare", status=_UNKNOWN)

    async def do() -> T:
        there = await _look(found)
        link = Link(queues.url.get_secret_value(), "regia topology")
        try:
            connection = await link.connection(_CONNECT)
            with lost_is_no_cancellation():
                async with asyncio.timeout(_WORK):
                    return await work(connection, there)
        finally:
            with suppress(*CONNECTION_EXCEPTIONS):
                await link.close()

    try:
        return asyncio.run(do())
    except (ManagementUnavailable, QueuesUnavailable) as error:
        fail(str(error), status=_UNKNOWN)
    except InUse as error:
        fail(f"nothing was changed: {error}")
    except ChannelClosed as error:
        fail(f"RabbitMQ refused it: {reason(str(error))}", status=_UNKNOWN)
    except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
        fail(f"RabbitMQ did not answer ({type(error).__name__}): try again", status=_UNKNOWN)


def _line(one: Declaration) -> str:
    if isinstance(one, Binding):
        return f"binding   {one.exchange:16} {one.routing_key} -> {one.queue}"
    used = f"existing, for {one.needed_by}" if one.needed_by else ""
    if isinstance(one, Exchange):
        return f"exchange  {one.name:16} {used or one.type}"
    told = used or " ".join(f"{name}={_plain(value)}" for name, value in one.arguments.items())
    return f"queue     {one.name:16} {told}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _print(data: Any) -> None:
    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
