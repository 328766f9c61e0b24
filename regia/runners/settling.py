"""What became of tries is recorded together: one transaction for all that came to their end while the last one was written.

A try alone waits for nobody. Under load many share one commit, so that the next messages of their conversations may leave.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from desk import reply_events, reply_states
from storage import outgoing_tries
from storage.database import Database, DatabaseUnavailable
from storage.outgoing_tries import Tried
from storage.together import Together

AGAIN: Final = 1.0
"""Seconds until a database that was away is tried again."""
MOST: Final = 256


class Settling:
    """Of one node."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self._together = Together(self._write, shared=DatabaseUnavailable, most=MOST)

    async def record(self, tried: Tried) -> bool:
        """Return once it is in the tables, however long the database is away: without it the row would become `unknown`.
        False where the row is not in this node's hands any more."""
        while True:
            try:
                return await self._together.do(tried)
            except DatabaseUnavailable:
                await asyncio.sleep(AGAIN)

    async def _write(self, tried: Sequence[Tried]) -> Sequence[bool]:
        kept = await self._database.write(lambda connection: self._settle(connection, tried))
        return [one.row.id in kept for one in tried]

    def _settle(self, connection: Connection, tried: Sequence[Tried]) -> set[str]:
        kept = outgoing_tries.settle(connection, self._node, tried)
        ended = [one.row.id for one in tried if one.row.id in kept and one.has_ended]
        reply_events.tell(connection, reply_states.reached(connection, ended))  # what was told of it while it was being sent
        return kept
