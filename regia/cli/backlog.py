"""What a command accepts goes into a journal of its own. A gateway that runs on this machine adopts it; without one, the
command works it off itself, with whatever earlier commands left behind."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from regia.beside import journals
from regia.cli.common import fail
from regia.compose import Configured, open_stores
from regia.gateway import Gateway
from regia.runners.adoption import adopt
from regia.running.listening import is_held
from storage.journal import Journal, JournalLocked
from storage.journal_file import JournalUnavailable, inspect

WAITS: Final = "everything is durable; the gateway routes it as soon as it is ready (see /health/ready)"
_READY_SECONDS: Final = 30.0
_PATIENCE: Final = 10.0
"""Seconds without progress after which a gateway is not waited for any longer."""
_LOOK: Final = 0.2
_COUNT: Final = 1.0
"""Seconds between two looks at how much of a journal is left."""


def pending(path: Path) -> int:
    """How much of a journal waits; 0 when it is worked off and gone."""
    with suppress(JournalUnavailable):
        return len(inspect(path).pending)
    return 0


async def work_off(found: Configured, journal: Journal) -> bool:
    """Have the journal worked off, by the gateway that runs here or by ourselves, showing how far it is.

    Whether it was; False when the gateway that has it does not get on, which `WAITS` tells.
    """
    await journal.close()
    with Progress(TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as bars:
        try:
            own = _own(found)
        except JournalLocked:
            # A gateway runs here: it adopts ours, and removes it when everything in it is committed. Its own journal is
            # never taken from it, also not while it is being started again.
            return await _by_the_gateway(_Bar(bars, [journal.path]), journal.path)
        await _ourselves(found, own, journal.path, bars)
    return True


class _Bar:
    """How much of some journals is routed."""

    def __init__(self, bars: Progress, paths: Sequence[Path]) -> None:
        self._bars = bars
        self._paths = paths
        self._total = self.left()
        self._bar: TaskID = bars.add_task("routing", total=self._total)

    def left(self) -> int:
        return sum(map(pending, self._paths))

    def show(self, left: int) -> None:
        self._bars.update(self._bar, completed=self._total - left)

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(_COUNT)
            self.show(self.left())


async def _by_the_gateway(bar: _Bar, path: Path) -> bool:
    least, since, looked = bar.left(), time.monotonic(), 0.0
    while path.exists():
        now = time.monotonic()
        if now - looked >= _COUNT:
            looked, left = now, bar.left()
            if left < least:
                least, since = left, now
                bar.show(left)
        if now - since > _PATIENCE:
            return False
        await asyncio.sleep(_LOOK)
    bar.show(0)
    return True


def _own(found: Configured) -> Journal:
    """The gateway's first journal. Raises `JournalLocked` where a gateway runs: also one whose first worker is just dead."""
    if running := [path for path in journals(found).glob("worker-*.sqlite") if is_held(path)]:
        raise JournalLocked(f"{running[0].name} is in use by another process")
    return Journal.open(journals(found) / "worker-0.sqlite")


async def _ready(gateway: Gateway) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while gateway.missing:
        if time.monotonic() > deadline:
            reasons = "; ".join(f"{part}: {reason}" for part, reason in gateway.missing.items())
            fail(f"everything is read and durable, and the next gateway that starts routes it; not now, for {reasons}")
        await asyncio.sleep(0.1)


async def _ownerless(path: Path) -> bool:
    try:
        await Journal.open(path).close()
    except (JournalLocked, JournalUnavailable):
        return False
    return True


async def _ourselves(found: Configured, own: Journal, path: Path, bars: Progress) -> None:
    """Also what an earlier command that was interrupted has left, which nobody else would route now."""
    others = (one for one in sorted(path.parent.glob("*.sqlite")) if one not in (path, own.path))
    left_behind = [one for one in others if await _ownerless(one)]
    if waiting := sum(map(pending, left_behind)):
        bars.console.print(f"{waiting} left behind by an earlier command are routed too")
    bar = _Bar(bars, [path, *left_behind])
    gateway = Gateway(found, open_stores(found.settings), own)
    gateway.start()
    following = asyncio.create_task(bar.follow())
    try:
        await _ready(gateway)
        for one in (*left_behind, path):
            await adopt(gateway, one)
        await gateway.drain(3600)
        bar.show(bar.left())
    finally:
        following.cancel()
        await gateway.stop()
