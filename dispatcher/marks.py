"""Confirms on their way into the table: those that come while one transaction runs go together in the next."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from storage import outbox
from storage.database import Database

Mark = tuple[int, str, int]
"""Position, state and attempts of a row."""


@dataclass(slots=True, eq=False)
class _Group:
    """What one caller brought."""

    marks: Sequence[Mark]
    recorded: bool = False


class Marks:
    """The marks of one relay. A queue's round alone is a few rows, and a transaction for each would cost more than they."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Group] = []
        self._turn = asyncio.Lock()

    async def record(self, marks: Sequence[Mark]) -> None:
        """Return when they are recorded. Raises what the transaction raised, and then nothing of these is."""
        group = _Group(marks)
        self._waiting.append(group)
        try:
            async with self._turn:
                if not group.recorded:
                    await self._write()
        finally:
            if not group.recorded:
                self._waiting.remove(group)

    async def _write(self) -> None:
        groups = list(self._waiting)
        marks, now_ms = [mark for group in groups for mark in group.marks], time.time_ns() // 1_000_000
        await self._database.write_beside(lambda connection: outbox.mark(connection, marks, now_ms))
        for group in groups:
            group.recorded = True
        self._waiting = [group for group in self._waiting if not group.recorded]
