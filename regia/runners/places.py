"""The place a source was read to: kept in the database, and in memory while the database is away."""

import asyncio
import logging
import time
from typing import Final

from storage import cursors
from storage.database import Database, DatabaseUnavailable

logger = logging.getLogger(__name__)

_PATIENCE: Final = 3.0
"""Seconds a poller waits for its place to be written; mail does not wait longer for a database."""
_AGAIN: Final = 5.0
"""Seconds between attempts to write it while the database is away."""
_FIRST: Final = 2.0
"""Seconds between attempts to read it."""


class Fenced(Exception):
    """Somebody else owns the source by now, under a later lease."""


class Place:
    """One cursor under one lease's token. `cursor` is where to go on, whatever the database knows of it."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._token = 0
        self._saved: str | None = None
        self._not_before = 0.0
        self.cursor: str | None = None

    async def open(self, token: int) -> None:
        """Read where to go on; waits for the database. What is written from now on carries `token`, or a higher one
        where the clock that leases take their tokens from was set back: the lease is ours by law."""
        while True:
            try:
                stored = await self._database.read(lambda connection: cursors.read(connection, self._name))
            except DatabaseUnavailable:
                await asyncio.sleep(_FIRST)
            else:
                break
        self.cursor = self._saved = stored.place if stored else None
        self._token = max(token, stored.token + 1) if stored else token
        self._not_before = 0.0

    @property
    def is_saved(self) -> bool:
        return self.cursor == self._saved

    async def reread(self) -> None:
        """Take what the database has, where all of ours is there. Raises `DatabaseUnavailable`."""
        if self.is_saved:
            stored = await self._database.read(lambda connection: cursors.read(connection, self._name))
            self.cursor = self._saved = None if stored is None else stored.place

    async def move(self, cursor: str) -> None:
        """Go on from `cursor`. Raises `Fenced`."""
        self.cursor = cursor
        await self.save()

    async def save(self) -> None:
        """Write the place if that is still to be done and the database answers. Raises `Fenced`."""
        cursor = self.cursor
        if cursor is None or cursor == self._saved or time.monotonic() < self._not_before:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                moved = await self._database.write(lambda connection: cursors.move(connection, self._name, cursor, self._token))
        except (DatabaseUnavailable, TimeoutError) as error:
            self._not_before = time.monotonic() + _AGAIN
            logger.warning("a source's place is kept in memory", extra={"cursor": self._name, "reason": type(error).__name__})
            return
        if not moved:
            raise Fenced(self._name)
        self._saved = cursor
