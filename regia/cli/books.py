"""`regia books`: what was accepted against what became of it."""

from typing import Annotated

import orjson
import typer

from regia.cli.common import ConfigOption, configured, fail
from regia.cli.stored import read
from regia.settings import Settings
from storage.books import Books, count
from storage.journal_file import JournalUnavailable, inspect

_LINES = (
    ("accepted", "accepted"),
    ("waiting", "waiting in the journal"),
    ("pending", "committed, not all queues confirmed"),
    ("published", "published"),
    ("discarded", "discarded by a named rule"),
    ("duplicate", "repeats"),
    ("quarantined", "quarantined"),
    ("signals", "statuses, echoes and account events"),
)


def books(config: ConfigOption = None, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Balance the books. Exits with 1 when they do not balance."""
    settings = configured(config).settings
    try:
        result = balance(settings)
    except JournalUnavailable as error:
        fail(f"the books cannot be read: {error}")
    if json:
        typer.echo(orjson.dumps(result.as_data()).decode())
    else:
        _show(result)
    if not result.balance:
        raise typer.Exit(1)


def balance(settings: Settings) -> Books:
    """Read the journals of this machine first, then the database, in one transaction."""
    folder = settings.data.path.resolve() / "journal"
    files = [inspect(path) for path in sorted(folder.glob("*.sqlite"))]
    return read(settings, lambda connection: count(connection, files))


def _show(result: Books) -> None:
    data = result.as_data()
    for name, text in _LINES:
        typer.echo(f"{text:40} {data[name]:10}")
    typer.echo("the books balance" if result.balance else f"the books DO NOT balance: accounted for {result.accounted}")
    for queue, number in sorted(result.published_to.items()):
        typer.echo(f"  {queue:38} {number:10}")
