"""Ids in a SQLite file, beside the tables of the work."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from regia_consumer.dedupe import SqlDedupe
from regia_consumer.errors import ConsumerError, Unavailable

TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS regia_done (queue TEXT NOT NULL, envelope_id TEXT NOT NULL,"
    " done_at INTEGER NOT NULL DEFAULT (strftime('%s', 'now')), PRIMARY KEY (queue, envelope_id)) WITHOUT ROWID"
)
CLAIM: Final = "INSERT INTO regia_done (queue, envelope_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
BUSY_SECONDS: Final = 10.0
"""How long another process may hold the file before this one pauses."""

AWAY: Final = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
    }
)


class SqliteDedupe(SqlDedupe[sqlite3.Connection]):
    """`SqliteDedupe(path)`: the handler gets the open connection, and leaves commit and rollback to this.

    SQLite has one writer: handlers of one process take turns, whatever `concurrency` says. The table `regia_done` is made
    when it is missing.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(self._transaction, _claim, _judge)
        self._path = path
        self._turn = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[sqlite3.Connection]:
        async with self._turn:
            connection = await self._opened()
            await _patiently(connection, "BEGIN IMMEDIATE")
            try:
                yield connection
                _check_open(connection)
                await _patiently(connection, "COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    async def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            # No waiting inside SQLite: it would hold up the event loop. `_patiently` waits instead.
            connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            try:
                await _patiently(connection, TABLE)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    async def forget(self, older_than: timedelta) -> int:
        """Remove the ids of what was done longer ago; how many. A repeat of these would be done again."""
        async with self._transaction() as connection:
            before = int(time.time() - older_than.total_seconds())
            return connection.execute("DELETE FROM regia_done WHERE done_at < ?", [before]).rowcount

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _check_open(connection: sqlite3.Connection) -> None:
    if not connection.in_transaction:
        raise RuntimeError("the handler ended the transaction: leave commit and rollback to the consumer")


async def _claim(connection: sqlite3.Connection, queue: str, envelope_id: str) -> bool:
    return connection.execute(CLAIM, [queue, envelope_id]).rowcount == 1


async def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement that needs the file, waiting for other processes at most `BUSY_SECONDS`."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            await asyncio.sleep(0.02)
        else:
            return


def _judge(error: Exception) -> ConsumerError | None:
    code = getattr(error, "sqlite_errorcode", None)
    away = isinstance(error, sqlite3.OperationalError) and code is not None and code & 0xFF in AWAY
    return Unavailable(f"SQLite: {getattr(error, 'sqlite_errorname', '')}") if away else None
