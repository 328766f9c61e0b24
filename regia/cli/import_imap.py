"""`regia import imap`: the mails that lie in a mailbox, as contacts of a backlog.

They stay in the mailbox as they are. The place reached is kept in the database, so that an import that was stopped goes
on where it was.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection

from connectors.email import EmailConnector
from connectors.email.imap import ImapSession, ImapSource
from connectors.errors import Rejected, SourceFailed, SourceReason
from regia.beside import open_journal
from regia.cli import backlog
from regia.cli.common import ConfigOption, fail
from regia.cli.imports import email_connector
from regia.cli.standing import standing
from regia.cli.tally import Tally, run, tell
from regia.compose import Configured, Stores, migrate, open_stores
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from regia.runners import taking
from regia.runners.watchdog import STEP, bounded
from regia.watch import logs
from storage import cursors
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal

WHAT_TO_DO: Final[Mapping[SourceReason, str]] = MappingProxyType(
    {
        "unreachable": "look at imap.host and imap.port, and at the network",
        "tls_failed": "look at imap.tls and imap.ca_file, and at the server's certificate",
        "login_refused": "look at imap.user and its password; many providers want an app password, or oauth",
        "consent_gone": "consent again, and put the new refresh_token into the configuration",
        "token_unavailable": "the token server gives no token now; try again in some minutes",
        "folder_missing": "name a folder of the mailbox with --folder",
        "closed": "start it again: it goes on where it was",
        "conflict": "end the other program that reads it",
        "too_slow": "start it again: it goes on where it was",
        "protocol_error": "look whether imap.host and imap.port are those of an IMAP server",
        "not_installed": "install the extra `email`, which has the IMAP library",
        "defect": "please report it, with what the log says",
    }
)
_CLOSE: Final = 10.0
_PAUSE: Final = 2.0
"""Seconds before a session that was lost on the way is opened again."""


def imap(
    connector: Annotated[
        str | None, typer.Option(help="The email connector of the mailbox; needed when there are several.")
    ] = None,
    folder: Annotated[str | None, typer.Option(help="One folder; without it those of the configuration.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only mails that came on this day or later.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="From the beginning, wherever an earlier import was.")] = False,
    config: ConfigOption = None,
) -> None:
    """Import the mails of a mailbox as contacts with `backlog: true`. The mailbox stays as it is."""
    logs.set_up(level="WARNING")
    found = standing(config)
    mailbox = email_connector(found, connector)
    if not isinstance(mailbox, EmailConnector) or mailbox.settings.imap is None:
        fail(f"connectors.{mailbox.name} has no imap: section; say there where its mailbox is")
    folders = (folder,) if folder else tuple(dict.fromkeys(mailbox.settings.imap.folders))
    wanted = _Wanted(mailbox, folders, since, again)
    tally = Tally()
    failure = run(_import(found, wanted, tally), tally)
    tell(found.settings, tally)
    if failure is not None:
        fail(failure)


@dataclass(frozen=True, slots=True)
class _Wanted:
    connector: EmailConnector
    folders: tuple[str, ...]
    since: datetime | None
    again: bool

    def source(self, folder: str) -> ImapSource:
        settings = self.connector.settings.imap
        assert settings is not None  # noqa: S101  # looked at before
        day = self.since.date() if self.since else None
        return ImapSource(folder, settings, self.connector.max_body, start="all", since=day, afterwards="leave")

    def cursor(self, folder: str) -> str:
        return f"import/{self.connector.name}/{folder}/{self.since.date().isoformat() if self.since else ''}"


async def _import(found: Configured, wanted: _Wanted, tally: Tally) -> str | None:
    """Read everything there is, and have it routed, also when not all could be read. None, or what to tell of why not."""
    stores = open_stores(found.settings)
    reader = Reader(found.connectors, found.channels, found.settings.reading)
    journal: Journal | None = None
    try:
        await _database(stores.database)
        journal = open_journal(found, "import")
        tally.begin(journal)
        failure = await _Import(stores, reader, journal, wanted, tally).all()
        tally.routed = await backlog.work_off(found, journal)
        return failure
    finally:
        if journal is not None:
            await journal.close()
        await reader.close()
        await stores.close()


async def _database(database: Database) -> None:
    try:
        await migrate(database)
    except DatabaseUnavailable as error:
        fail(f"the database keeps the place an import has reached, and does not answer: {error}")


class _Import:
    def __init__(self, stores: Stores, reader: Reader, journal: Journal, wanted: _Wanted, tally: Tally) -> None:
        self._tally = tally
        self._stores = stores
        self._reader = reader
        self._intake = Intake(journal)
        self._wanted = wanted
        self._token = time.time_ns() // 1000
        """Of the imports of one folder the last one started goes on: two would only repeat each other."""

    async def all(self) -> str | None:
        """Read every folder; None, or what to tell of why it ended early."""
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*bars, console=Console(stderr=True)) as progress:
                for folder in self._wanted.folders:
                    bar = progress.add_task(folder, total=None)
                    await _Folder(self, folder, progress, bar).read()
        except SourceFailed as error:
            return f"the import stopped: {error.detail} ({error.reason}); {WHAT_TO_DO[error.reason]}"
        except Rejected as error:
            return f"the import stopped: {error.detail}; start it again: it goes on where it was"
        except DatabaseUnavailable as error:
            return f"the import stopped, since the database does not answer: {error}; start it again: it goes on where it was"
        except _Overtaken:
            return "the import stopped, since another one of the same folder was started later and goes on"
        return None

    async def open(self, folder: str) -> ImapSession:
        return await bounded(asyncio.create_task(self._wanted.source(folder).open(self._stores.http)), STEP)

    async def accept(self, session: ImapSession, cursor: str | None) -> tuple[str, int] | None:
        """One step: the place after it and how many mails it had. None when there are no more."""
        polled = await bounded(asyncio.create_task(session.next(cursor)), STEP)
        if polled is None:
            return None
        mails = await taking.parts(self._wanted.connector, polled, self._reader)
        accepted = await self._intake.accept(self._wanted.connector.name, taking.together(mails, backlog=True))
        self._tally.count(mails, accepted.everything)
        return polled.cursor, taking.number(polled)

    async def reached(self, folder: str) -> str | None:
        """Where an earlier import of the same was; None to begin anew."""
        name = self._wanted.cursor(folder)

        def begin(connection: Connection) -> cursors.Cursor | None:
            if self._wanted.again:
                cursors.forget(connection, name)
            return cursors.read(connection, name)

        found = await self._stores.database.write(begin)
        if found is None:
            return None
        self._token = max(self._token, found.token + 1)
        return found.place

    async def move(self, folder: str, place: str) -> None:
        """Raises `_Overtaken`."""
        name = self._wanted.cursor(folder)
        moved = await self._stores.database.write(lambda connection: cursors.move(connection, name, place, self._token))
        if not moved:
            raise _Overtaken


class _Overtaken(Exception):
    """A later import of the same folder has moved the place."""


class _Folder:
    """Reads one folder to its end."""

    def __init__(self, importing: _Import, name: str, progress: Progress, bar: TaskID) -> None:
        self._importing = importing
        self._name = name
        self._progress = progress
        self._bar = bar
        self._cursor: str | None = None
        self._done = 0

    async def read(self) -> None:
        """A session that is lost on the way is opened again as long as each of them takes something."""
        self._cursor = await self._importing.reached(self._name)
        if self._cursor is not None:
            self._progress.console.print(f"{self._name}: going on where the last import was (--again begins anew)")
        while True:
            before = self._cursor
            try:
                await self._session()
            except SourceFailed:
                if self._cursor == before:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _session(self) -> None:
        session = await self._importing.open(self._name)
        try:
            to_come = await bounded(asyncio.create_task(session.count(self._cursor)), STEP)
            self._progress.update(self._bar, total=self._done + to_come)
            while (step := await self._importing.accept(session, self._cursor)) is not None:
                place, number = step
                await self._importing.move(self._name, place)
                self._cursor = place
                self._done += number
                self._progress.update(self._bar, completed=self._done)
        finally:
            await asyncio.wait({asyncio.create_task(session.close())}, timeout=_CLOSE)
