"""`regia quarantine redrive`: read again what is held, and accept what can be read by now.

What is read goes into a journal of its own before its row is marked: interrupted in between it is driven again, and what
was accepted already is a repeat.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Final, get_args

import typer
from sqlalchemy import RowMapping

from connectors.base import Parsed
from connectors.errors import QuarantineReason, Rejected
from regia.cli import backlog
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.compose import Configured
from regia.pipeline.accepted import entries
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from regia.watch import logs
from storage import lookup, quarantine
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.journal_file import JournalUnavailable
from storage.ledger import repeats_of

_NEVER: Final[Mapping[QuarantineReason, str]] = {
    "too_large": "only its head is kept; the whole is where it came from",
    "conflicting_repeat": "its key stands for another contact",
}
"""Reasons that no repair takes away."""


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
    if unknown or tally.left_out:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Tally:
    journal: str = ""
    routed: bool = False
    redriven: int = 0
    repeats: int = 0
    still_held: int = 0
    left_out: int = 0

    def __str__(self) -> str:
        known = f" ({self.repeats} known before)" if self.repeats else ""
        left_out = f", {self.left_out} left out" if self.left_out else ""
        return f"{self.redriven} driven again{known}, {self.still_held} still held{left_out}"


async def _redrive(found: Configured, ids: Sequence[str]) -> _Tally:
    database = Database(found.settings.database_url())
    journal = backlog.open_journal(found, "redrive")
    try:
        tally = await _drive(found, database, journal, ids)
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


async def _drive(found: Configured, database: Database, journal: Journal, ids: Sequence[str]) -> _Tally:
    reader = Reader(found.connectors, found.channels, found.settings.reading)
    driver = _Driver(found, reader, database, journal)
    try:
        for id_ in ids:
            row = await database.read(lambda connection, id_=id_: lookup.held(connection, id_))  # type: ignore[misc]
            if row is not None:
                await driver.one(row)
    finally:
        await reader.close()
    return driver.tally


class _Driver:
    """Drives held rows again, one after the other."""

    def __init__(self, found: Configured, reader: Reader, database: Database, journal: Journal) -> None:
        self.tally = _Tally()
        self._connectors = found.connectors
        self._reader = reader
        self._database = database
        self._intake = Intake(journal)

    async def one(self, row: RowMapping) -> None:
        """Raises `Rejected("unavailable")`, `DatabaseUnavailable`."""
        if row["reason"] in _NEVER:
            self._leave_out(row, f"it cannot be driven again: {_NEVER[row['reason']]}")
        elif row["connector"] not in self._connectors:
            self._leave_out(row, f"this configuration has no connector {row['connector']}; drive it again where there is one")
        else:
            await self._again(row)

    def _leave_out(self, row: RowMapping, why: str) -> None:
        self.tally.left_out += 1
        print(f"{row['id']}: {why}", file=sys.stderr)

    async def _again(self, row: RowMapping) -> None:
        raw = bytes(row["raw"])
        try:
            parsed = await self._reader.reread(self._connectors[row["connector"]], raw, row["content_type"], _received_at(row))
        except Rejected as error:
            if error.code == "unavailable":
                raise
            await self._hold(row, row["reason"], f"{error.code}: {error.detail}")
            return
        if parsed.unreadable and not (parsed.messages or parsed.statuses or parsed.events):
            await self._hold(row, parsed.unreadable[0].reason, parsed.unreadable[0].detail)
            return
        # What of it still cannot be read is held by itself from now on.
        rest = tuple(one for one in parsed.unreadable if one.raw != raw)
        await self._accept(row, replace(parsed, unreadable=rest))

    async def _hold(self, row: RowMapping, reason: str, detail: str) -> None:
        self.tally.still_held += 1
        await self._database.write(lambda connection: quarantine.still_held(connection, row["id"], reason, detail))

    async def _accept(self, row: RowMapping, parsed: Parsed) -> None:
        id_, received_at = row["id"], _received_at(row)
        if id_ in {str(entry.id) for entry in entries(row["connector"], parsed, received_at)}:
            id_ = await self._database.write(lambda connection: quarantine.make_way(connection, row["id"]))
        await self._intake.accept(row["connector"], parsed, received_at)
        await self._database.write(lambda connection: quarantine.redriven(connection, id_))
        self.tally.redriven += 1


def _received_at(row: RowMapping) -> datetime:
    return datetime.fromtimestamp(row["received_ms"] / 1000, UTC)
