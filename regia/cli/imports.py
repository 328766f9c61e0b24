"""`regia import`: a backlog, with progress.

What is imported goes into a journal of its own. A gateway that runs on this machine adopts it; without one, the import
works it off itself. Either way it can be stopped and started again: a mail that was imported before is a repeat.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from connectors.base import Connector, Parsed, Request
from connectors.email import CONTENT_TYPE
from connectors.errors import Rejected
from normalizer.mail.mbox import iter_mbox
from regia.cli.common import ConfigOption, configured, fail
from regia.cli.stored import read as stored
from regia.compose import Configured, open_stores
from regia.gateway import Gateway
from regia.http.inbound import read
from regia.pipeline.intake import Intake
from regia.runners.adoption import adopt
from regia.watch import logs
from storage.journal import Journal, JournalLocked
from storage.ledger import repeats_of

app = typer.Typer(no_args_is_help=True, help="Import a backlog, with progress.")

_READY_SECONDS: Final = 30.0
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
    tally = asyncio.run(_import(found, _email(found, connector), path))
    tally.repeats = stored(found.settings, lambda connection: repeats_of(connection, tally.journal))
    typer.echo(str(tally))


def _email(found: Configured, name: str | None) -> Connector:
    names = found.of_type(_EMAIL)
    if name is None and len(names) == 1:
        return found.connectors[names[0]]
    if name not in names:
        fail(f"name one of the email connectors with --connector: {', '.join(names) or 'there is none in the configuration'}")
    return found.connectors[name]


async def _import(found: Configured, connector: Connector, path: Path) -> "_Tally":
    folder = found.settings.data.path.resolve() / "journal"
    journal = Journal.open(folder / f"import-{int(time.time())}-{uuid4().hex[:6]}.sqlite")
    try:
        tally = await _read(journal, connector, path)
        await _route(found, journal, folder, await journal.count_pending())
    except Rejected as error:
        fail(f"the import stopped: {error.detail}; start it again, what was imported is not imported twice")
    finally:
        await journal.close()
    return tally


@dataclass(slots=True)
class _Tally:
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


async def _read(journal: Journal, connector: Connector, path: Path) -> _Tally:
    """Journal the whole archive."""
    tally = _Tally(journal.id)
    intake = Intake(journal)
    size = path.stat().st_size
    bars = (TextColumn("{task.description:10}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*bars, console=Console(stderr=True)) as progress:
        reading = progress.add_task("reading", total=size)
        for position, batch in _batches(path, connector, tally):
            receipts = (await intake.accept(connector.name, batch)).everything
            tally.accepted += len(receipts)
            tally.unreadable += len(batch.unreadable)
            progress.update(reading, completed=position)
        progress.update(reading, completed=size)
    return tally


def _batches(path: Path, connector: Connector, tally: _Tally) -> Iterator[tuple[int, Parsed]]:
    """The archive in batches bounded in number and size, each with the offset reached."""
    parts: list[Parsed] = []
    size = end = 0
    for offset, raw in iter_mbox(path):
        if len(raw) > connector.max_body:
            tally.too_large.append(offset)
            continue
        parts.append(_contact(connector, raw))
        size, end = size + len(raw), offset + len(raw)
        if len(parts) == _BATCH or size >= _BATCH_BYTES:
            yield end, _together(parts)
            parts, size = [], 0
    if parts:
        yield end, _together(parts)


def _contact(connector: Connector, raw: bytes) -> Parsed:
    request = Request(
        method="POST", url="", headers={"content-type": CONTENT_TYPE}, query={}, body=raw, received_at=datetime.now(UTC)
    )
    parsed = read(connector, request)
    backlog = tuple(msgspec.structs.replace(message, backlog=True) for message in parsed.messages)
    return Parsed(messages=backlog, unreadable=parsed.unreadable)


def _together(parts: Sequence[Parsed]) -> Parsed:
    return Parsed(
        messages=tuple(message for part in parts for message in part.messages),
        unreadable=tuple(one for part in parts for one in part.unreadable),
    )


async def _route(found: Configured, journal: Journal, folder: Path, pending: int) -> None:
    """Have the journal worked off: by the gateway that runs here, or by ourselves."""
    bars = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*bars, console=Console(stderr=True)) as progress:
        routing = progress.add_task("routing", total=pending)
        await journal.close()
        try:
            own = Journal.open(folder / "worker-0.sqlite")
        except JournalLocked:
            # A gateway runs here: it adopts ours, and removes it when everything in it is committed. Its own journal is
            # never taken from it, also not while it is being started again.
            while journal.path.exists():
                await asyncio.sleep(0.2)
        else:
            await _ourselves(found, own, journal.path)
        progress.update(routing, completed=pending)


async def _ready(gateway: Gateway) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while gateway.missing:
        if time.monotonic() > deadline:
            reasons = "; ".join(f"{part}: {reason}" for part, reason in gateway.missing.items())
            fail(f"everything is read and durable, and the next gateway that starts routes it; not now, for {reasons}")
        await asyncio.sleep(0.1)


async def _ourselves(found: Configured, own: Journal, path: Path) -> None:
    gateway = Gateway(found, open_stores(found.settings), own)
    gateway.start()
    try:
        await _ready(gateway)
        await adopt(gateway, path)
        await gateway.drain(3600)
    finally:
        await gateway.stop()
