"""`regia quarantine`: what was accepted and could not be read."""

import sys
from typing import Annotated

import typer

from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, fail
from regia.cli.redrive import redrive
from regia.cli.standing import standing
from regia.cli.stored import read
from storage import lookup

app = typer.Typer(no_args_is_help=True, help="What was accepted and could not be read.")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1)] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Also what was driven again.")] = False,
    config: ConfigOption = None,
) -> None:
    """The held things, oldest first, without their bytes: id, time, connector, reason, state, attempts, what it is."""
    settings = standing(config).settings
    for row in read(settings, lambda connection: lookup.quarantined(connection, limit=limit, redriven=everything)):
        what = f"{row['connector']:16} {row['reason']:18} {row['state']:8} {row['attempts']:3}  {row['detail']}"
        typer.echo(f"{row['id']} {from_ms(row['received_ms'])} {what}")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = None,
) -> None:
    """Write the exact bytes of one held thing to standard output."""
    row = read(standing(config).settings, lambda connection: lookup.held(connection, id_))
    if row is None:
        fail("nothing of that id is held")
    sys.stdout.buffer.write(bytes(row["raw"]))


app.command()(redrive)
