"""Deletes the files that came to their end (`storage.endings`): after every erase, and every minute what a crash has left."""

from typing import Final

from storage import endings
from storage.blobs import Blobs
from storage.database import Database

_DECIDED: Final = 500
"""Files of one decision, for which all commits stop for a moment."""
_DELETED: Final = 16
"""Files of one transaction: on SQLite nobody else writes meanwhile."""


async def end_files(database: Database, blobs: Blobs) -> int:
    """Delete all that are ending and that nobody names; how many. Raises `DatabaseUnavailable` and `BlobsUnavailable`, and
    what is left then is done by the next call."""
    deleted = 0
    while waiting := await database.read(lambda connection: endings.waiting(connection, _DECIDED)):
        unused = await database.write_apart(lambda connection, some=waiting: endings.unused(connection, some))  # type: ignore[misc]
        for start in range(0, len(unused), _DELETED):
            some = unused[start : start + _DELETED]
            deleted += await database.write_apart(
                lambda connection, some=some: endings.delete_unused(connection, some, blobs.delete_now)  # type: ignore[misc]
            )
    return deleted
