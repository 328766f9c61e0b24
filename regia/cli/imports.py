"""`regia import`: a backlog, with progress.

What is imported goes into a journal of its own. A gateway that runs on this machine adopts it; without one, the import
works it off itself. Either way it can be stopped and started again: a mail that was imported before is a repeat.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from connectors.base import Connector, Parsed, Request
from connectors.email import CONTENT_TYPE
from connectors.errors import Rejected
from normalizer.mail.mbox import iter_mbox
from regia.cli import backlog
from regia.cli.common import ConfigOption, configured, fail
from regia.cli.stored import read as stored
from regia.compose import Configured
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from regia.watch import logs
from storage.journal import Journal
from storage.ledger import repeats_of

app = typer.Typer(no_args_is_help=True, help="Import a backlog, with progress.")

_BATCH: Final = 50
_BATCH_BYTES: Final = 16 * 1024 * 1024
_EMAIL: Final = "email"


@app.callback()
def imports() -> None:
    """Import a backlog, with progress."""


@app.command()
def mbox(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A mail archive in mbox format.")],
    connector: Annotated[
        str | None, typer.Option(help="The email connector it belongs to; needed when there are several.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Import every mail of an archive as a contact with `backlog: true`."""
    logs.set_up(level="WARNING")
    found = configured(config)
    tally = asyncio.run(_import(found, email_connector(found, connector), path))
    tally.repeats = stored(found.settings, lambda connection: repeats_of(connection, tally.journal))
    typer.echo(str(tally))


def email_connector(found: Configured, name: str | None) -> Connector:
    names = found.of_type(_EMAIL)
    if name is None and len(names) == 1:
        return found.connectors[names[0]]
    if name not in names:
        fail(f"name one of the email connectors with --connector: {', '.join(names) or 'there is none in the configuration'}")
    return found.connectors[name]


async def _import(found: Configured, connector: Connector, path: Path) -> "Tally":
    journal = backlog.open_journal(found, "import")
    try:
        tally = await _read(found, journal, connector, path)
        await backlog.work_off(found, journal)
    except Rejected as error:
        fail(f"the import stopped: {error.detail}; start it again, what was imported is not imported twice")
    finally:
        await journal.close()
    return tally


@dataclass(slots=True)
class Tally:
    journal: str
    accepted: int = 0
    repeats: int = 0
    """Mails that had been accepted before: within the archive, by an earlier import, or by the mailbox."""
    unreadable: int = 0
    too_large: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        mails = "1 mail" if self.accepted == 1 else f"{self.accepted} mails"
        text = f"{mails} accepted: {self.repeats} of them known before, {self.unreadable} kept in quarantine"
        if self.too_large:
            text += f"\n{len(self.too_large)} larger than the connector's max_body were left out, at these offsets: "
            text += ", ".join(map(str, self.too_large))
        return text


async def _read(found: Configured, journal: Journal, connector: Connector, path: Path) -> Tally:
    """Journal the whole archive."""
    tally = Tally(journal.id)
    intake = Intake(journal)
    reader = Reader(found.connectors, found.channels, found.settings.reading)
    size = path.stat().st_size
    bars = (TextColumn("{task.description:10}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*bars, console=Console(stderr=True)) as progress:
            reading = progress.add_task("reading", total=size)
            async with aclosing(_batches(reader, connector, path, tally)) as batches:
                async for position, batch in batches:
                    receipts = (await intake.accept(connector.name, batch)).everything
                    tally.accepted += len(receipts)
                    tally.unreadable += len(batch.unreadable)
                    progress.update(reading, completed=position)
            progress.update(reading, completed=size)
    finally:
        await reader.close()
    return tally


async def _batches(reader: Reader, connector: Connector, path: Path, tally: Tally) -> AsyncGenerator[tuple[int, Parsed], None]:
    """The archive in batches bounded in number and size, each with the offset reached."""
    parts: list[Parsed] = []
    size = end = 0
    async with aclosing(_contacts(reader, connector, path, tally)) as contacts:
        async for offset, length, parsed in contacts:
            parts.append(parsed)
            size, end = size + length, offset + length
            if len(parts) == _BATCH or size >= _BATCH_BYTES:
                yield end, _together(parts)
                parts, size = [], 0
    if parts:
        yield end, _together(parts)


async def _contacts(
    reader: Reader, connector: Connector, path: Path, tally: Tally
) -> AsyncGenerator[tuple[int, int, Parsed], None]:
    """The archive's mails in their order, with offset and length, while the next ones are being read already."""
    ahead: deque[tuple[int, int, asyncio.Task[Parsed]]] = deque()
    size = 0
    try:
        for offset, raw in iter_mbox(path):
            if len(raw) > connector.max_body:
                tally.too_large.append(offset)
                continue
            ahead.append((offset, len(raw), asyncio.create_task(_contact(reader, connector, raw))))
            size += len(raw)
            while len(ahead) >= reader.at_once or size >= _BATCH_BYTES:
                offset_, length, task = ahead.popleft()
                size -= length
                yield offset_, length, await task
        for offset, length, task in ahead:
            yield offset, length, await task
    finally:
        for _, _, task in ahead:
            task.cancel()


async def _contact(reader: Reader, connector: Connector, raw: bytes) -> Parsed:
    request = Request(
        method="POST", url="", headers={"content-type": CONTENT_TYPE}, query={}, body=raw, received_at=datetime.now(UTC)
    )
    parsed = await reader.read(connector, request)
    messages = tuple(msgspec.structs.replace(message, backlog=True) for message in parsed.messages)
    return Parsed(messages=messages, unreadable=parsed.unreadable)


def _together(parts: Sequence[Parsed]) -> Parsed:
    return Parsed(
        messages=tuple(message for part in parts for message in part.messages),
        unreadable=tuple(one for part in parts for one in part.unreadable),
    )
