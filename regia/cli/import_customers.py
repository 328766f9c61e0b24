"""`regia import customers`: a list of customers from another system of yours."""

import asyncio
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from identity.views.lookup import REGION
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import ACTOR
from regia.cli.standing import standing
from regia.compose import Configured, migrate
from regia.lists.importing import BegunOtherwise, Import, Overtaken, Tally, Wanted
from regia.lists.sheet import WINDOWS, BadSheet, Sheet, open_sheet
from regia.watch import logs
from storage.database import Database, DatabaseUnavailable

_INTERRUPTED: Final = 130
"""Exit status of a command that was ended by Ctrl-C, as shells have it."""
_REGION: Final = re.compile(r"[A-Z]{2}", re.ASCII)


class _Kind(StrEnum):
    """What people register with, and may not have."""

    PHONE = "phone"
    EMAIL = "email"


def customers(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="With a header; see docs/identity.md."
        ),
    ],
    *,
    brand: Annotated[str | None, typer.Option(help="Whose customers they are; needed when there are several.")] = None,
    source: Annotated[Literal["import", "api", "agent"], typer.Option(help="Whose word it is, for what wins.")] = "import",
    region: Annotated[str, typer.Option(help="Country of numbers without a prefix (ISO 3166).")] = REGION,
    claimed: Annotated[
        list[_Kind] | None,
        typer.Option(metavar="KIND", help="Addresses of this kind (phone, email) were never confirmed: they link nobody."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="From the beginning, wherever an earlier import was.")] = False,
    config: ConfigOption = None,
) -> None:
    """Import a list of customers: addresses, CRM ids, names, languages, tiers, tags. Twice changes nothing."""
    logs.set_up(level="WARNING")
    found = standing(config)
    if not _REGION.fullmatch(region):
        fail("--region: two capital letters (ISO 3166), such as IT")
    wanted = Wanted(
        sheet=_sheet(path),
        brand=_brand(found, brand),
        source=source,
        region=region,
        policy=found.settings.policy,
        actor=ACTOR,
        claimed=frozenset(kind.value for kind in claimed or ()),
    )
    done = _Run()
    try:
        failure = asyncio.run(_import(found, wanted, done, again=again))
    except KeyboardInterrupt:
        done.tell()
        fail("stopped; start it again: it goes on where it was", status=_INTERRUPTED)
    done.tell()
    if failure is not None:
        fail(failure)


def _sheet(path: Path) -> Sheet:
    try:
        sheet = open_sheet(path)
    except BadSheet as bad:
        fail(f"{path.name} is not imported: {bad}")
    if sheet.encoding == WINDOWS:
        typer.echo(f"regia: {path.name} is not UTF-8: it is read as Windows-1252; look at names with accents", err=True)
    return sheet


class _Run:
    """What is said at the end, however that comes."""

    def __init__(self) -> None:
        self.importing: Import | None = None

    def tell(self) -> None:
        if self.importing is not None:
            typer.echo(_told(self.importing.tally, self.importing.rejects.path))


async def _import(found: Configured, wanted: Wanted, done: _Run, *, again: bool) -> str | None:
    """None, or what to tell of why not all could be taken."""
    database = Database(found.settings.database_url())
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        await migrate(database)
        done.importing = importing = await Import.begin(database, wanted, again=again)
        with Progress(*bars, console=Console(stderr=True)) as progress:
            if importing.tally.rows:
                progress.console.print(
                    f"going on behind line {importing.place.line}, where it was stopped (--again begins anew)"
                )
            bar = progress.add_task("rows", total=importing.look_ahead())
            await importing.run(lambda number: progress.advance(bar, number))
    except DatabaseUnavailable as error:
        return f"the import stopped, since the database does not answer: {error}; start it again: it goes on where it was"
    except BegunOtherwise as other:
        return f"{wanted.sheet.path.name} is not imported: {other}"
    except Overtaken:
        return "the import stopped, since another one of the same file was started later and goes on"
    except OSError as error:
        return f"the import stopped: {error.strerror}; start it again: it goes on where it was"
    except BadSheet as bad:
        return f"the import stopped: {bad}; start it again: it goes on where it was"
    finally:
        await database.close()
    return None


def _brand(found: Configured, name: str | None) -> str:
    brands = sorted(found.brands)
    if name is None and len(brands) == 1:
        return brands[0]
    if name not in brands:
        fail(f"name one of the brands with --brand: {', '.join(brands) or 'there is none in the configuration'}")
    return name


def _told(tally: Tally, rejects: Path) -> str:
    rows = "1 row" if tally.rows == 1 else f"{tally.rows} rows"
    lines = [f"{rows}: {tally.new} new, {tally.changed} changed, {tally.same} as they were, {tally.rejected} rejected"]
    if tally.left_out:
        lines.append(f"{tally.left_out} taken without an address that is known to be of many people")
    if tally.rejected or tally.left_out:
        lines.append(f"see {rejects}: correct the rows there and import that file")
    if tally.suggested:
        lines.append(f"{tally.suggested} may be another customer too: see regia customer suggestions")
    return "\n".join(lines)
