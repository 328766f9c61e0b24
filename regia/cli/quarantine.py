"""`regia quarantine`: what was accepted and could not be read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from normalizer.envelope_data import from_ms
from regia import held
from regia.cli.by_hand import user
from regia.cli.common import ConfigOption, fail
from regia.cli.redrive import redrive
from regia.cli.standing import standing
from regia.cli.stored import read, use
from storage import lookup

app = typer.Typer(no_args_is_help=True, help="What was accepted and could not be read.")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1)] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Also what was driven again or discarded.")] = False,
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
    edited: Annotated[bool, typer.Option("--edited", help="What somebody wrote instead.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write the exact bytes of one held thing to standard output."""
    row = read(standing(config).settings, lambda connection: lookup.held(connection, id_))
    if row is None:
        fail("nothing of that id is held")
    if edited and row["edited"] is None:
        fail("it was not edited")
    sys.stdout.buffer.write(bytes(row["edited"] if edited else row["raw"]))


@app.command("edit")
def edit_(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What is to be read instead; - for standard input.")],
    config: ConfigOption = None,
) -> None:
    """Keep other bytes beside those that came, to be read instead when it is driven again."""
    settings = standing(config).settings
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", status=2)
    if not use(settings, lambda database: held.edit(database, id_, raw, actor=user())):
        fail("nothing of that id is held")
    typer.echo("edited: regia quarantine redrive reads it now")


@app.command("discard")
def discard_(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    why: Annotated[str, typer.Option("--why", help="Why, in a line; it is kept. No names, no addresses.")],
    config: ConfigOption = None,
) -> None:
    """Nobody is to look at these any more. Their bytes stay for as long as `retention` says."""
    done = use(standing(config).settings, lambda database: held.discard(database, ids, why[:200], actor=user()))
    for id_ in ids:
        if id_ not in done:
            typer.echo(f"{id_}: nothing of that id is held", err=True)
    typer.echo(f"{len(done)} discarded")
    if len(done) < len(set(ids)):
        raise typer.Exit(1)


app.command()(redrive)
