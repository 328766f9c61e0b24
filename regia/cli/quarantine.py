"""`regia quarantine`: what was accepted and could not be read."""

import asyncio
import sys
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy import Connection

from normalizer.envelope import from_ms
from regia.cli.common import ConfigOption, configured, fail
from storage import lookup
from storage.database import Database, DatabaseUnavailable

app = typer.Typer(no_args_is_help=True, help="What was accepted and could not be read.")

T = TypeVar("T")


@app.command("list")
def list_(limit: Annotated[int, typer.Option(min=1)] = 100, config: ConfigOption = None) -> None:
    """The held things, oldest first, without their bytes."""
    for row in _read(config, lambda connection: lookup.quarantined(connection, limit=limit)):
        at, what = from_ms(row["received_ms"]), f"{row['connector']:16} {row['reason']:18} {row['detail']}"
        typer.echo(f"{row['id']} {at} {what}")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = None,
) -> None:
    """Write the exact bytes of one held thing to standard output."""
    row = _read(config, lambda connection: lookup.held(connection, id_))
    if row is None:
        fail("nothing of that id is held")
    sys.stdout.buffer.write(bytes(row["raw"]))


def _read(config: ConfigOption, work: Callable[[Connection], T]) -> T:
    async def do() -> T:
        database = Database(configured(config).settings.database_url())
        try:
            return await database.read(work)
        finally:
            await database.close()

    try:
        return asyncio.run(do())
    except DatabaseUnavailable as error:
        fail(f"the database does not answer: {error}")
