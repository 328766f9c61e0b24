"""`regia quarantine redrive`: read again what is held, and accept what can be read by now.

What is read goes into a journal of its own before its row is marked: interrupted in between it is driven again, and what
was accepted already is a repeat.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, get_args

import typer

from connectors.errors import QuarantineReason, Rejected
from regia.beside import open_journal
from regia.by_hand import Doing, log
from regia.cli import backlog
from regia.cli.by_hand import user
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.compose import Configured
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from regia.redriving import Driven, Driver
from regia.watch import logs
from storage import quarantine
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.journal_file import JournalUnavailable
from storage.ledger import repeats_of


def redrive(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="As `quarantine list` names them.")] = None,
    connector: Annotated[str | None, typer.Option(help="Only those of this connector.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those held for this reason.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is held.")] = False,
    config: ConfigOption = None,
) -> None:
    """Read held things again: what can be read by now is accepted and routed, the rest stays held. Twice doubles nothing."""
    logs.set_up(level="WARNING")
    found = standing(config)
    if reason is not None and reason not in get_args(QuarantineReason):
        fail(f"there is no such reason; the reasons are {', '.join(get_args(QuarantineReason))}", status=2)
    if not (ids or connector or reason or everything):
        fail("say what to drive again: ids, --connector, --reason, or --all", status=2)
    chosen = read(found.settings, lambda one: quarantine.held_ids(one, ids=ids or (), connector=connector, reason=reason))
    unknown = [id_ for id_ in ids or () if id_ not in chosen]
    for id_ in unknown:
        print(f"{id_}: nothing of that id is held", file=sys.stderr)
    tally = asyncio.run(_redrive(found, chosen)) if chosen else _Tally()
    if tally.routed:
        tally.repeats = read(found.settings, lambda one: repeats_of(one, tally.journal))
    typer.echo(str(tally))
    if tally.journal and not tally.routed:
        typer.echo(backlog.WAITS)
    if unknown or tally.driven.left_out:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Tally:
    journal: str = ""
    routed: bool = False
    repeats: int = 0
    driven: Driven = field(default_factory=Driven)

    def __str__(self) -> str:
        driven = self.driven
        known = f" ({self.repeats} known before)" if self.repeats else ""
        left_out = f", {len(driven.left_out)} left out" if driven.left_out else ""
        return f"{driven.redriven} driven again{known}, {driven.still_held} still held{left_out}"


async def _redrive(found: Configured, ids: Sequence[str]) -> _Tally:
    tally = _Tally()
    database = Database(found.settings.database_url())
    journal = open_journal(found, "redrive")
    try:
        await _drive(found, database, journal, ids, tally)
        if journal.last_seq:
            tally.journal = journal.id
            tally.routed = await backlog.work_off(found, journal)
        else:
            await journal.remove()
    except (Rejected, DatabaseUnavailable, JournalUnavailable) as error:
        said = error.detail if isinstance(error, Rejected) else str(error)
        fail(f"it stopped: {said}; start it again, what was accepted is not accepted twice")
    finally:
        await journal.close()
        await database.close()
    return tally


async def _drive(found: Configured, database: Database, journal: Journal, ids: Sequence[str], tally: _Tally) -> None:
    reader = Reader(found.connectors, found.channels, found.settings.reading)
    driver = Driver(found.connectors, reader, database, Intake(journal), _left_out)
    tally.driven = driver.driven
    doing = Doing("quarantine.redrive", user(), {"number": len(ids), "ids": ids[:100]})
    try:
        async with log(database, doing, lambda: (driver.driven.redriven, driver.driven.detail)):
            await driver.all(ids)
    finally:
        await reader.close()


def _left_out(id_: str, why: str) -> None:
    print(f"{id_}: {why}", file=sys.stderr)
