"""`regia quarantine`: what was accepted and could not be read."""

import sys
from typing import Annotated

import typer

from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, configured, fail
from regia.cli.stored import read
from storage import lookup

app = typer.Typer(no_args_is_help=True, help="What was accepted and could not be read.")


@app.command("list")
def list_(limit: Annotated[int, typer.Option(min=1)] = 100, config: ConfigOption = None) -> None:
    """The held things, oldest first, without their bytes."""
    for row in read(configured(config).settings, lambda connection: lookup.quarantined(connection, limit=limit)):
        at, what = from_ms(row["received_ms"]), f"{row['connector']:16} {row['reason']:18} {row['detail']}"
        typer.echo(f"{row['id']} {at} {what}")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = None,
) -> None:
    """Write the exact bytes of one held thing to standard output."""
    row = read(configured(config).settings, lambda connection: lookup.held(connection, id_))
    if row is None:
        fail("nothing of that id is held")
    sys.stdout.buffer.write(bytes(row["raw"]))
