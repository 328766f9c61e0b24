"""`regia report`: figures of what came in and what became of it."""

import time
from typing import Annotated, Final

import typer

from desk.kpi.definitions import DIMENSIONS, SPANS
from desk.kpi.report import Figure, Line, Wanted
from desk.kpi.rolling import Rolling
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import JsonOption, say, say_json
from regia.cli.sla import duration
from regia.cli.standing import standing
from regia.cli.stored import use
from regia.figures import Asked, NotAsked, as_csv, as_json, figures, wanted
from storage.database import Database

app = typer.Typer(no_args_is_help=True, help="Figures of what came in and what became of it.")

Many = list[str] | None
_PATIENCE: Final = 30.0
"""Seconds of counting what is new, before what is left of it is counted for the answer alone."""


@app.callback()
def report() -> None:
    """Figures of what came in and what became of it."""


NamesArgument = Annotated[Many, typer.Argument(metavar="[NAME]...", help="Which figures; without any, all.")]
SinceOption = Annotated[str | None, typer.Option(help="From this day or time on; without it, 30 days ago.")]
_GROUPS: Final = ", ".join((*SPANS, *DIMENSIONS))
ByOption = Annotated[
    Many,
    typer.Option(
        help=f"Grouped by {_GROUPS} or field.NAME; empty: not at all; twice: by both at once. Without it, each in its own way."
    ),
]


@app.command()
def kpi(
    names: NamesArgument = None,
    *,
    since: SinceOption = None,
    until: Annotated[str | None, typer.Option(help="Before this day or time; without it, until now.")] = None,
    zone: Annotated[str, typer.Option(help="The time zone of days and times, such as Europe/Rome.")] = "UTC",
    brand: Annotated[Many, typer.Option(help="Of this brand; several times, of one of them.")] = None,
    channel: Annotated[Many, typer.Option(help="On this channel, such as whatsapp.")] = None,
    category: Annotated[Many, typer.Option(help="Of this category.")] = None,
    tag: Annotated[Many, typer.Option(help="With this tag.")] = None,
    field: Annotated[Many, typer.Option(metavar="NAME=VALUE", help="Where a field has this value.")] = None,
    by: ByOption = None,
    as_csv_: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Reply and closing times, tickets, reasons, sources, products, promises, surveys, articles: exact to the last commit."""
    settings = standing(config).settings
    if as_csv_ and json:
        fail("either --csv or --json", status=2)
    asked = Asked(
        names=names or (),
        since=since,
        until=until,
        zone=zone,
        by=by,
        brands=brand or (),
        channels=channel or (),
        categories=category or (),
        tags=tag or (),
        fields=field or (),
    )
    try:
        of = wanted(asked)
        found = use(settings, lambda database: _asked(database, asked, of))
    except NotAsked as error:
        fail(str(error), status=2)
    if as_csv_:
        typer.echo(as_csv(found), nl=False)
    elif json:
        say_json(as_json(found))
    else:
        for one in found:
            _tell(one)


async def _asked(database: Database, asked: Asked, of: Wanted) -> list[Figure]:
    """Where no gateway has counted yet, or for long, it is done now."""
    await Rolling(database).finish(time.time_ns() // 1_000_000, _PATIENCE)
    return await database.read(lambda connection: figures(connection, asked, of))


def _tell(found: Figure) -> None:
    say(f"{found.kpi}: {_told(found, found.all)}")
    for line in found.groups:
        groups = (line.group, line.across) if found.across else (line.group,)
        say(f"    {', '.join('-' if one is None else one for one in groups)}: {_told(found, line)}")


def _told(found: Figure, line: Line) -> str:
    """`mean 2h10m, median 1h, 90 % within 5h, of 12` or `12 contacts, 30.0 %`."""
    parts = "".join(f", {name} {number}" for name, number in line.parts.items())
    if line.measured is None:
        share = f", {100 * line.share:.1f} %" if line.share is not None and line.group is not None else ""
        return f"{line.count} {found.unit}{share}{parts}"
    if line.mean is None:
        return "none" + parts
    mean, *ranks = (_number(found, one) for one in (line.mean, line.median, line.p90))
    told = f"mean {mean}" + (f", median {ranks[0]}, 90 % within {ranks[1]}" if line.median is not None else "")
    return f"{told}, of {line.measured}{parts}"


def _number(found: Figure, value: float | None) -> str:
    if value is None:
        return "-"
    return duration(round(value)) if found.unit == "s" else f"{value:.2f}".removesuffix(".00")
