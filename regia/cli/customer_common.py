"""What the commands about customers share."""

import time
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer
from sqlalchemy import Connection

from identity.refusals import NotPossible
from identity.views.paging import MOST, BadCursor, Page
from regia.cli.common import fail
from regia.cli.stored import read, write
from regia.settings import Settings
from regia.shown import as_data

T = TypeVar("T")

ACTOR: Final = "command line"
_UNPRINTABLE: Final = str.maketrans(dict.fromkeys((*range(32), *range(127, 160)), "�"))

JsonOption = Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")]
CursorOption = Annotated[str | None, typer.Option(help="Where a page before ended: it says so on standard error.")]
LimitOption = Annotated[int, typer.Option(min=1, max=MOST)]
IdArgument = Annotated[str, typer.Argument(metavar="CUSTOMER_ID")]


def look(settings: Settings, work: Callable[[Connection], T]) -> T:
    """Read, or end the command with what is wrong."""
    try:
        return read(settings, work)
    except (NotPossible, BadCursor) as error:
        fail(str(error))


def act(settings: Settings, work: Callable[[Connection, dict[str, Any]], T]) -> T:
    """Do something to customers in one transaction, or end the command with why it was not done. `work` is given what the
    functions of identity want to know of who acts."""
    so = {"actor": ACTOR, "now_ms": time.time_ns() // 1_000_000, "policy": settings.policy}
    try:
        return write(settings, lambda connection: work(connection, so))
    except NotPossible as error:
        fail(f"not done, {error.reason}: {error}")


def say(line: str) -> None:
    """A line for a person, without the controls that somebody may have written into a name."""
    typer.echo(line.translate(_UNPRINTABLE))


def say_json(value: object) -> None:
    """A line for a program."""
    typer.echo(orjson.dumps(value).decode())


def say_page(name: str, page: Page[T], line: Callable[[T], str], *, json: bool) -> None:
    """A page of a list; a person is told where the next one begins."""
    if json:
        say_json({name: as_data(page.items), "cursor": page.cursor})
        return
    for one in page.items:
        say(line(one))
    if page.cursor is not None:
        typer.echo(f"regia: there is more: --cursor {page.cursor}", err=True)
