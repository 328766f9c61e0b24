"""Journals that nobody owns: of an import that is over, of a worker that there is no more. They are worked off and removed.

Several workers may find the same one: the lock of its file decides, and who comes when it is gone makes nothing of it. The
journal of a worker that is only being started again is left to it for a while, so that its senders keep their order.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.pipeline.worker import Pipeline
from regia.running.listening import is_held
from regia.running.plan import journal_of, name_of, worker_of
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal, JournalLocked
from storage.journal_file import JournalUnavailable
from storage.journals import close

logger = logging.getLogger(__name__)

_EVERY: Final = 1.0
_LOOK: Final = 0.05
_MOST: Final = 4
"""Journals that are worked off at once beside the gateway's own: each may have 64 MB of rows in memory."""
LEFT: Final = 30.0
"""Seconds that nobody must have had a worker's journal before another worker of the gateway takes it: as long as the lease on
its outbox lasts."""


async def adopt_for_ever(gateway: Gateway) -> None:
    """Look every second for journals beside the gateway's own that nobody holds, and work them off."""
    ownerless, adopting = Ownerless(gateway), Adopting(gateway)
    try:
        while True:
            try:
                if not gateway.missing:
                    adopting.begin(ownerless.found())
            except Exception:  # one defect must not end the search for ever
                logger.exception("journals without an owner are not looked after")
            await asyncio.sleep(_EVERY)
    finally:
        await adopting.stop()


class Adopting:
    """Journals that are being worked off, each by itself: one that is long, or resists, holds up no other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: dict[Path, asyncio.Task[None]] = {}

    def begin(self, paths: Sequence[Path]) -> None:
        """With those for which there is room and that are not begun."""
        for path in paths:
            if path not in self._tasks and len(self._tasks) < _MOST:
                self._tasks[path] = asyncio.create_task(self._one(path), name=f"adoption of {path.name}")

    async def _one(self, path: Path) -> None:
        try:
            await adopt(self._gateway, path)
        except Exception:  # it comes again with the next look
            logger.exception("a journal without an owner is not worked off", extra={"journal": path.name})
        finally:
            del self._tasks[path]

    async def stop(self) -> None:
        """Leave them as they are: what is not committed is still in them."""
        tasks = tuple(self._tasks.values())
        await cancelled(tasks)


class Ownerless:
    """Finds journals that may be adopted. `clock` gives seconds of a clock that nobody sets."""

    def __init__(self, gateway: Gateway, clock: Callable[[], float] = time.monotonic) -> None:
        settings = gateway.configured.settings
        self._own = gateway.journal.path
        self._clock = clock
        self._workers = {journal_of(settings.data.path.resolve(), one) for one in range(settings.server.workers)}
        """Journals of workers that the parent starts again."""
        self._free_since: dict[Path, float] = {}

    def found(self) -> list[Path]:
        """Those that may be there for the taking; somebody may have them by now."""
        paths = sorted(path for path in self._own.parent.glob("*.sqlite") if path != self._own)
        return [path for path in paths if path not in self._workers or self._is_left(path)]

    def _is_left(self, path: Path) -> bool:
        if is_held(path):
            self._free_since.pop(path, None)
            return False
        return self._clock() - self._free_since.setdefault(path, self._clock()) >= LEFT


async def adopt(gateway: Gateway, path: Path) -> None:
    """Work off and remove one journal, unless somebody has it."""
    if not path.exists():
        return
    try:
        journal = Journal.open(path)
    except JournalLocked:
        return
    except JournalUnavailable as error:
        logger.warning("a journal cannot be adopted", extra={"journal": path.name, "reason": str(error)})
        return
    if not journal.last_seq:  # made by opening it: another worker had just removed it. Or its owner came to nothing
        await journal.remove()
        return
    logger.info("a journal is adopted", extra={"journal": path.name})
    pipeline = gateway.pipeline_of(journal, _name_for(gateway, path))
    pipeline.start()
    try:
        await work_off(pipeline, journal, gateway.stores.database)
    finally:
        await pipeline.stop()
        await journal.close()


def _name_for(gateway: Gateway, path: Path) -> str:
    """In whose name a journal is worked off. A worker's in that worker's: what it had committed and not published must leave
    before this, and one relay has both. Where nobody would look at that outbox, as the journal of an import, in our own."""
    worker = worker_of(path)
    if worker is None or not gateway.knows_other_nodes:
        return gateway.configured.node
    return name_of(gateway.configured.settings.node, worker)


async def work_off(pipeline: Pipeline, journal: Journal, database: Database) -> None:
    """Wait until everything of the journal is committed, enter its count into the books, and remove it."""
    while not pipeline.idle:
        await asyncio.sleep(_LOOK)

    def closed(connection: Connection) -> None:
        close(connection, journal.id, journal.last_seq, time.time_ns() // 1_000_000)

    while True:
        try:
            await database.write(closed)
            break
        except DatabaseUnavailable:
            await asyncio.sleep(_EVERY)
    await journal.remove()
