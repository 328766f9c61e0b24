"""The bytes of a reply's files are durable in the blob store before the commit that names them.

Whoever ends blobs looks for rows that name them (`storage.endings`), and between the two there is no row. So the commit looks
whether one of its blobs came to an end since it was put, and then all are put again. What was put for a reply that is not
queued ends.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection

from desk import replies
from desk.meanwhile import SaidMeanwhile
from desk.refusals import Refused
from desk.replies import Channels, Queued, Reply
from storage import endings, ledger
from storage.blobs import Blobs
from storage.database import Database, DatabaseUnavailable
from storage.endings import BlobsEnded

Work = Callable[[Connection, Mapping[str, int]], Queued]
"""Queues the reply in a transaction. Given are the ends of blobs that were seen before they were put."""

_TRIES: Final = 20
_AGAIN: Final = 0.25
"""Seconds. Who ends a blob deletes it within moments."""


async def queue(database: Database, blobs: Blobs, channels: Channels, reply: Reply, work: Work, *, now_ms: int) -> Queued:
    """Put its files, and then do `work`. Raises `Refused`, `DatabaseUnavailable`, `BlobsUnavailable`, and what `work` does."""
    if not reply.files:
        return await database.write_together(lambda connection: work(connection, {}))
    before = await database.read(lambda connection: _known(connection, reply, channels, now_ms))
    if before is not None:
        return before
    try:
        return await _put(database, blobs, reply, work)
    except (Refused, SaidMeanwhile):
        await database.write(lambda connection: endings.end_unused(connection, reply.blobs, now_ms))
        raise


def _known(connection: Connection, reply: Reply, channels: Channels, now_ms: int) -> Queued | None:
    """Nothing is put for what was queued before, or what is refused anyway."""
    before = replies.queued_before(connection, reply)
    if before is None:
        replies.look(connection, reply, channels, now_ms)
    return before


async def _put(database: Database, blobs: Blobs, reply: Reply, work: Work) -> Queued:
    contents, seen = [file.content for file in reply.files if file.content is not None], dict[str, int]()

    def commit(connection: Connection) -> Queued:
        ledger.join_commits(connection)
        return work(connection, seen)

    for _ in range(_TRIES):
        if contents:
            await blobs.put_many(contents)
        try:
            return await database.write(commit)
        except BlobsEnded as ended:
            seen |= ended.seen
            await asyncio.sleep(_AGAIN)
    raise DatabaseUnavailable("files with the same content are being deleted at this moment: ask again")
