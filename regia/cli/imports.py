"""`regia import`: a backlog, with progress.

What is imported goes into a journal of its own. A gateway that runs on this machine adopts it; without one, the import
works it off itself. Either way it can be stopped and started again: a mail that was imported before is a repeat.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from connectors.base import Connector, Parsed, Request, Unreadable
from connectors.email import CONTENT_TYPE
from connectors.errors import Rejected
from normalizer.mail.mbox import iter_mbox
from regia.beside import open_journal
from regia.cli import backlog
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.tally import Tally, run, tell
from regia.compose import Configured
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from regia.runners import taking
from regia.watch import logs
from storage.journal import Journal

app = typer.Typer(no_args_is_help=True, help="Import a backlog, with progress.")

_BATCH: Final = 50
_BATCH_BYTES: Final = 16 * 1024 * 1024
_EMAIL: Final = "email"
_HEAD: Final = 64 * 1024
"""Bytes kept of the headers, and as many of what follows them, of a mail that is too large."""
_BLANK: Final = re.compile(rb"\n\r?\n")


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
    found = standing(config)
    tally = Tally()
    run(_import(found, email_connector(found, connector), path, tally), tally)
    tell(found.settings, tally)


def email_connector(found: Configured, name: str | None) -> Connector:
    names = found.of_type(_EMAIL)
    if name is None and len(names) == 1:
        return found.connectors[names[0]]
    if name not in names:
        fail(f"name one of the email connectors with --connector: {', '.join(names) or 'there is none in the configuration'}")
    return found.connectors[name]


async def _import(found: Configured, connector: Connector, path: Path, tally: Tally) -> None:
    journal = open_journal(found, "import")
    tally.begin(journal)
    try:
        await _read(found, journal, connector, path, tally)
        tally.routed = await backlog.work_off(found, journal)
    except Rejected as error:
        fail(f"the import stopped: {error.detail}; start it again, what was imported is not imported twice")
    finally:
        await journal.close()


async def _read(found: Configured, journal: Journal, connector: Connector, path: Path, tally: Tally) -> None:
    """Journal the whole archive."""
    intake = Intake(journal)
    reader = Reader(found.connectors, found.channels, found.settings.reading)
    size = path.stat().st_size
    bars = (TextColumn("{task.description:10}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*bars, console=Console(stderr=True)) as progress:
            reading = progress.add_task("reading", total=size)
            async with aclosing(_batches(reader, connector, path, tally)) as batches:
                async for position, mails in batches:
                    accepted = await intake.accept(connector.name, taking.together(mails, backlog=True))
                    tally.count(mails, accepted.everything)
                    progress.update(reading, completed=position)
            progress.update(reading, completed=size)
    finally:
        await reader.close()


async def _batches(
    reader: Reader, connector: Connector, path: Path, tally: Tally
) -> AsyncGenerator[tuple[int, list[Parsed]], None]:
    """The archive in batches bounded in number and size, each with the offset reached."""
    parts: list[Parsed] = []
    size = end = 0
    async with aclosing(_contacts(reader, connector, path, tally)) as contacts:
        async for offset, length, parsed in contacts:
            parts.append(parsed)
            size, end = size + length, offset + length
            if len(parts) == _BATCH or size >= _BATCH_BYTES:
                yield end, parts
                parts, size = [], 0
    if parts:
        yield end, parts


async def _contacts(
    reader: Reader, connector: Connector, path: Path, tally: Tally
) -> AsyncGenerator[tuple[int, int, Parsed], None]:
    """The archive's mails in their order, with offset and length, while the next ones are being read already."""
    ahead: deque[tuple[int, int, asyncio.Task[Parsed]]] = deque()
    size = 0
    most = connector.max_body
    try:
        # Cut three bytes beyond, since the last line may be left out when it is blank: what is cut is always too large.
        for offset, whole in iter_mbox(path, limit=most + 3):
            raw = whole
            if len(whole) > most:
                tally.too_large.append(offset)
                raw = _head(whole)
                task = asyncio.create_task(_too_large(raw, offset, most))
            else:
                task = asyncio.create_task(taking.read(connector, _request(raw), reader))
            ahead.append((offset, len(raw), task))
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


def _request(raw: bytes) -> Request:
    headers = {"content-type": CONTENT_TYPE}
    return Request(method="POST", url="", headers=headers, query={}, body=raw, received_at=datetime.now(UTC))


def _head(raw: bytes) -> bytes:
    end = _BLANK.search(raw, 0, _HEAD)
    return raw[: (end.end() if end else 0) + _HEAD]


async def _too_large(head: bytes, offset: int, most: int) -> Parsed:
    detail = f"the mail at offset {offset} of an archive is larger than max_body ({most} bytes); it stays there"
    return Parsed(unreadable=(Unreadable(reason="too_large", raw=head, content_type=CONTENT_TYPE, detail=detail),))
