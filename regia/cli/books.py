"""`regia books`: what was accepted against what became of it."""

from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.settings import Settings
from storage.books import Books, count
from storage.journal_file import JournalFile, JournalUnavailable, inspect

_LINES: Final = (
    ("accepted", "accepted"),
    ("waiting", "waiting in the journal"),
    ("pending", "committed, not all queues confirmed"),
    ("published", "published"),
    ("unrouted", "taken by no queue, in regia.unrouted"),
    ("discarded", "discarded by a named rule"),
    ("duplicate", "repeats"),
    ("quarantined", "quarantined"),
    ("signals", "statuses, echoes and account events"),
    ("removed", "erased, or removed because of their age"),
)
_ELSEWHERE: Final = "in no line: accepted by other nodes"


def books(config: ConfigOption = None, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Balance the books. Exits with 1 when they do not balance."""
    settings = standing(config).settings
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
    files = [file for path in sorted(folder.glob("*.sqlite")) if (file := _inspected(path)) is not None]
    return read(settings, lambda connection: count(connection, files))


def _inspected(path: Path) -> JournalFile | None:
    """None when the gateway removed the journal since it was listed: by then its count is in the database."""
    try:
        return inspect(path)
    except JournalUnavailable:
        if path.exists():
            raise
        return None


def _show(result: Books) -> None:
    data = result.as_data()
    for name, text in _LINES:
        typer.echo(f"{text:40} {data[name]:10}")
    if result.elsewhere:
        typer.echo(f"{_ELSEWHERE:40} {result.elsewhere:10}")
    typer.echo("the books balance" if result.balance else f"the books DO NOT balance: accounted for {result.accounted}")
    for queue, number in sorted(result.published_to.items()):
        typer.echo(f"  {queue:38} {number:10}")
