"""What an import says at its end, and when it is interrupted."""

import asyncio
from array import array
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import typer
from sqlalchemy import Connection, select

from connectors.base import Parsed
from regia.cli import backlog
from regia.cli.common import fail
from regia.cli.stored import read as stored
from regia.settings import Settings
from storage.journal import Journal
from storage.journal_file import Receipt
from storage.schema import repeats

T = TypeVar("T")

_INTERRUPTED: Final = 130
"""Exit status of a command that was ended by Ctrl-C, as shells have it."""


@dataclass(slots=True)
class Tally:
    """Mails, each counted once: `new`, known before, or kept in quarantine."""

    journal: str = ""
    path: Path = Path()
    mails: int = 0
    known: int = 0
    """Mails that had been accepted before: within the archive, by an earlier import, or by the mailbox."""
    kept: int = 0
    """Mails of which nothing could be read."""
    too_large: list[int] = field(default_factory=list)
    """Those of them that are larger than `max_body`, by the offset in the archive."""
    routed: bool = False
    readable: "array[int]" = field(default_factory=lambda: array("q"))
    """The journal's number of the first thing each of the other mails holds."""

    def begin(self, journal: Journal) -> None:
        self.journal, self.path = journal.id, journal.path

    def count(self, mails: Sequence[Parsed], receipts: Sequence[Receipt]) -> None:
        """Enter mails that were accepted in one call, of which the journal gave `receipts`: messages come first there, then
        statuses, then events."""
        message = 0
        status = sum(len(mail.messages) for mail in mails)
        event = status + sum(len(mail.statuses) for mail in mails)
        for mail in mails:
            self.mails += 1
            if mail.messages:
                self.readable.append(receipts[message].seq)
            elif mail.statuses:
                self.readable.append(receipts[status].seq)
            elif mail.events:
                self.readable.append(receipts[event].seq)
            else:
                self.kept += 1
            message, status, event = message + len(mail.messages), status + len(mail.statuses), event + len(mail.events)

    def known_before(self, connection: Connection) -> int:
        """How many of the mails were repeats; right when all of them are routed."""
        found = connection.execute(select(repeats.c.seq).where(repeats.c.journal == self.journal)).scalars()
        return len(set(self.readable).intersection(found))

    def __str__(self) -> str:
        taken = self.mails - self.kept
        became = f"{taken - self.known} new, {self.known} known before" if self.routed else f"{taken} taken"
        text = f"{'1 mail' if self.mails == 1 else f'{self.mails} mails'}: {became}, {self.kept} kept in quarantine"
        if self.too_large:
            text += f"\n{len(self.too_large)} of these larger than the connector's max_body, of which only the head is kept,"
            text += f" at these offsets: {', '.join(map(str, self.too_large))}"
        return text


def run(work: Coroutine[Any, Any, T], tally: Tally) -> T:
    """Do the work; interrupted, say how far it got and end the command."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        tally.routed = False
        typer.echo(str(tally))
        waiting = backlog.pending(tally.path)
        said = f"stopped; start it again: nothing is imported twice; {waiting} wait for the gateway, or for that"
        fail(said, status=_INTERRUPTED)


def tell(settings: Settings, tally: Tally) -> None:
    """Say what was imported."""
    if tally.routed:
        tally.known = stored(settings, tally.known_before)
    typer.echo(str(tally))
    if not tally.routed:
        typer.echo(backlog.WAITS)
