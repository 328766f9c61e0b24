"""`regia unheard`: who wrote and got no answer."""

import csv
import sys
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from identity.views.paging import MOST
from identity.views.unheard import Totals, Unheard, Wanted, totals
from identity.views.unheard import unheard as unheard_page
from normalizer.envelope_data import from_ms
from regia.cells import harmless
from regia.cli.by_hand import moment
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import CursorOption, JsonOption, LimitOption, look, say, say_json
from regia.cli.standing import standing
from regia.settings import Settings
from regia.shown import as_data

_COLUMNS: Final = ("customer", "name", "waiting", "since", "last_at", "channels", "categories", "last_envelope")


def unheard(
    *,
    brand: Annotated[str | None, typer.Option(help="Contacts of this brand.")] = None,
    channel: Annotated[str | None, typer.Option(help="On this channel, such as whatsapp.")] = None,
    category: Annotated[str | None, typer.Option(help="Of this category.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Written before this time: 2026-11-21T18:02 (UTC), or 2d: two days ago.")
    ] = None,
    least: Annotated[int, typer.Option(min=1, help="Customers with at least so many.")] = 1,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="All of them, for a spreadsheet.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Customers with contacts that nobody has answered, on any channel; who waits longest first.

    `regia replay --unheard` puts these contacts into a queue.
    """
    settings = standing(config).settings
    if as_csv and (json or cursor):
        fail("--csv gives all of them: leave --json and --cursor out", status=2)
    wanted = Wanted(brand=brand, channel=channel, category=category, until_ms=moment("--until", until), least=least)
    if as_csv:
        _all(settings, wanted)
        return
    page, of_all = look(settings, lambda one: (unheard_page(one, wanted, cursor=cursor, limit=limit), totals(one, wanted)))
    if json:
        say_json({"unheard": as_data(page.items), "cursor": page.cursor, "totals": as_data(of_all)})
        return
    for one in page.items:
        say(_line(one))
    typer.echo(f"regia: {_told(of_all)}", err=True)
    if page.cursor is not None:
        typer.echo(f"regia: there is more: --cursor {page.cursor}", err=True)


def _all(settings: Settings, wanted: Wanted) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(_COLUMNS)
    cursor = None
    while True:
        page = look(settings, lambda one, at=cursor: unheard_page(one, wanted, cursor=at, limit=MOST))  # type: ignore[misc]
        for one in page.items:
            where = (_counted(one.channels), _counted(one.categories))
            times = (from_ms(one.since_ms), from_ms(one.last_ms))
            table.writerow([one.customer.id, harmless(one.customer.name or ""), one.waiting, *times, *where, one.envelope])
        if (cursor := page.cursor) is None:
            return


def _line(one: Unheard) -> str:
    name = one.customer.name or "-"
    return f"{from_ms(one.since_ms)}  {one.customer.id}  {one.waiting:4} waiting  {_counted(one.channels)}  {name}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _told(of_all: Totals) -> str:
    if of_all.since_ms is None:
        return "nobody waits"
    return (
        f"customers who wait: {of_all.customers}, with contacts: {of_all.contacts}, the first since {from_ms(of_all.since_ms)}"
    )
