"""What a command accepts goes into a journal of its own. A gateway that runs on this machine adopts it; without one, the
command works it off itself."""

import asyncio
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from regia.cli.common import fail
from regia.compose import Configured, open_stores
from regia.gateway import Gateway
from regia.runners.adoption import adopt
from storage.journal import Journal, JournalLocked

_READY_SECONDS: Final = 30.0


def open_journal(found: Configured, kind: str) -> Journal:
    """A new journal beside the gateway's; `kind` is what its name begins with."""
    return Journal.open(_folder(found) / f"{kind}-{int(time.time())}-{uuid4().hex[:6]}.sqlite")


async def work_off(found: Configured, journal: Journal) -> None:
    """Have the journal worked off, by the gateway that runs here or by ourselves, showing how far it is."""
    pending = await journal.count_pending()
    bars = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*bars, console=Console(stderr=True)) as progress:
        routing = progress.add_task("routing", total=pending)
        await journal.close()
        try:
            own = Journal.open(_folder(found) / "worker-0.sqlite")
        except JournalLocked:
            # A gateway runs here: it adopts ours, and removes it when everything in it is committed. Its own journal is
            # never taken from it, also not while it is being started again.
            while journal.path.exists():
                await asyncio.sleep(0.2)
        else:
            await _ourselves(found, own, journal.path)
        progress.update(routing, completed=pending)


def _folder(found: Configured) -> Path:
    return found.settings.data.path.resolve() / "journal"


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
