"""`regia bridge`: the bridges to ticket systems that are configured, and one of them at work."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from typing import Annotated

import typer

from desk.bridges.base import BridgeError
from desk.bridges.described.system import DescribedSystem
from regia.bridging import bridge_of
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.compose import Configured, open_stores
from regia.runners.bridging import Crossing
from regia.watch import logs

app = typer.Typer(no_args_is_help=True, help="Bridges to ticket systems.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of `bridges` in the configuration.")]


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Every bridge with its ticket system, its queues, and whether the system answers."""
    found = standing(config)
    if not found.settings.bridges:
        typer.echo("regia: no bridges are configured", err=True)
    for name, bridge in found.settings.bridges.items():
        where = "regia run" if bridge.inside else f"regia bridge run {name}"
        state, lacks = asyncio.run(_state(found, name))
        typer.echo(f"{name:20} {bridge.type:10} {', '.join(bridge.queues)}: {state}; run by {where}")
        for lack in lacks:
            typer.echo(f"{'':20} {'':10} - {lack}")


@app.command()
def run(name: NameArgument, config: ConfigOption = None) -> None:
    """Run one bridge, until SIGTERM or SIGINT. Of several that are started one works; another takes over when it ends."""
    found = standing(config)
    bridge = found.settings.bridges.get(name)
    if bridge is None:
        fail(f"there is no bridge {name!r}; bridges: {', '.join(found.settings.bridges) or 'none'}", status=2)
    if bridge.inside:
        fail(f"bridge {name} is run by `regia run`: set bridges.{name}.inside to false to run it by itself", status=2)
    logs.set_up()
    asyncio.run(_serve(found, name))


async def _state(found: Configured, name: str) -> tuple[str, list[str]]:
    """Whether its system answers, and what that is known to lack."""
    stores = open_stores(found.settings)
    system = bridge_of(found, stores, name).system
    lacks = system.shortcomings if isinstance(system, DescribedSystem) else []
    try:
        await system.check()
    except BridgeError as error:
        return str(error), lacks
    finally:
        await stores.close()
    return "answers", lacks


async def _serve(found: Configured, name: str) -> None:
    stores = open_stores(found.settings)
    # Another process of this machine is another owner, and so is one that follows this one.
    owner = f"{found.node}/bridge/{socket.gethostname()}/{os.getpid()}"
    work = asyncio.create_task(Crossing(found, stores, name, owner).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
    await stores.close()
