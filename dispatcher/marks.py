"""Confirms on their way into the table: those that come while one transaction runs go together in the next."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dispatcher.base import Publication
from storage import outbox
from storage.database import Database, DatabaseUnavailable

logger = logging.getLogger(__name__)

AGAIN: Final = 1.0
"""Seconds between attempts to reach the database."""

Mark = tuple[int, str, int, int]
"""Position, state and attempts of a row, and when its queue had it, in milliseconds since 1970."""


class Landings:
    """Hears when a queue has each publication of a batch (`Queues.publish`), in milliseconds since 1970."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}

    def __call__(self, publication: Publication) -> None:
        self._at[publication.envelope_id] = _now_ms()

    def ms_of(self, envelope: str) -> int:
        """Now for one that was not heard of: it lies elsewhere, or landed in an attempt before this."""
        return self._at.get(envelope) or _now_ms()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True, eq=False)
class _Group:
    """What one caller brought."""

    marks: Sequence[Mark]
    recorded: bool = False
    failed: bool = False
    """Tried alone from then on: it may be what the database does not take."""


class Marks:
    """The marks of one relay. A queue's round alone is a few rows, and a transaction for each would cost more than they."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Group] = []
        self._turn = asyncio.Lock()

    async def record(self, marks: Sequence[Mark]) -> None:
        """Return when they are recorded. Until then their rows stay in flight: after a crash they are published again."""
        group = _Group(marks)
        self._waiting.append(group)
        try:
            while not await self._in_turn(group):
                group.failed = True
                await asyncio.sleep(AGAIN)
        finally:
            if not group.recorded:
                self._waiting.remove(group)

    async def _in_turn(self, group: _Group) -> bool:
        """Whether the group is recorded, by this turn or by those before."""
        async with self._turn:
            return group.recorded or await self._write(
                [group] if group.failed else [one for one in self._waiting if not one.failed]
            )

    async def _write(self, groups: Sequence[_Group]) -> bool:
        """Record these together; False where that failed."""
        # Sorted, so that an erase that deletes some of these rows cannot wait for this while this waits for it.
        marks = sorted(mark for group in groups for mark in group.marks)
        try:
            await self._database.write_beside(lambda connection: outbox.mark(connection, marks))
        except DatabaseUnavailable as error:
            logger.warning("confirmed publishes cannot be recorded", extra={"error": str(error), "count": len(marks)})
            return False
        except Exception:  # a defect: these rows stay in flight, and the relay goes on with what it has not published
            logger.exception("confirmed publishes cannot be recorded", extra={"count": len(marks)})
            return False
        for group in groups:
            group.recorded = True
        self._waiting = [group for group in self._waiting if not group.recorded]
        return True
