"""Ids in PostgreSQL, beside the tables of the work. Needs psycopg 3: `regia-consumer[postgresql]`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg.errors import DuplicateObject, DuplicateTable, UniqueViolation

from regia_consumer.dedupe import SqlDedupe
from regia_consumer.errors import ConsumerError, Retry, Unavailable

TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS regia_done (queue text NOT NULL, envelope_id text NOT NULL,"
    " done_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (queue, envelope_id))"
)
CLAIM: Final = "INSERT INTO regia_done (queue, envelope_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
CONNECT_SECONDS: Final = 10
ROLLED_BACK: Final = "40"
"""SQLSTATE class: a deadlock or a serialization failure. The same transaction may succeed now."""

AWAY: Final = ("08", "53", "57")
"""SQLSTATE classes: connection lost, out of memory or disk, shut down by an operator."""

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class PostgresDedupe(SqlDedupe[Connection]):
    """`PostgresDedupe(conninfo)`: the handler gets a connection inside a transaction, and leaves commit and rollback to this.

    As many connections are kept as transactions run side by side. The table `regia_done` is made when it is missing.
    With a pool of your own, `SqlDedupe(pool.connection, claim, judge)` with this module's `claim` and `judge` does the same.
    """

    def __init__(self, conninfo: str) -> None:
        super().__init__(self._transaction, claim, judge)
        self._conninfo = conninfo
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        connection = self._idle.pop() if self._idle else await self._connect()
        try:
            async with connection.transaction():
                yield connection
        except BaseException:
            # One broken connection speaks for the others: they were made before whatever broke this one.
            if connection.broken or connection.closed:
                await self.close()
            raise
        finally:
            if not connection.closed:
                self._idle.append(connection)

    async def _connect(self) -> Connection:
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS)
        try:
            await make_table(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def forget(self, older_than: timedelta) -> int:
        """Remove the ids of what was done longer ago; how many. A repeat of these would be done again."""
        async with self._transaction() as connection:
            done = await connection.execute("DELETE FROM regia_done WHERE done_at < now() - %s", [older_than])
            return done.rowcount

    async def close(self) -> None:
        """Close the connections that are not in use."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.close() for connection in idle))


async def make_table(connection: Connection) -> None:
    """Where it stands already nothing is asked of the user's rights."""
    found = await (await connection.execute("SELECT to_regclass('regia_done')")).fetchone()
    if found is None or found[0] is None:
        try:
            await connection.execute(TABLE)
        except (DuplicateObject, DuplicateTable, UniqueViolation):  # another process made it in the same moment
            return


async def claim(connection: Connection, queue: str, envelope_id: str) -> bool:
    """Insert the id; false where it stands. Waits for another transaction that is inserting the same one."""
    return (await connection.execute(CLAIM, [queue, envelope_id])).rowcount == 1


def judge(error: Exception) -> ConsumerError | None:
    """Lost and unreachable servers are `Unavailable`, rolled back transactions `Retry`; the rest is the message's own."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    state = error.sqlstate
    if state is not None and state.startswith(ROLLED_BACK):
        return Retry(f"PostgreSQL: {type(error).__name__}")
    if state is None or (state.startswith(AWAY) and not isinstance(error, psycopg.errors.QueryCanceled)):
        return Unavailable(f"PostgreSQL: {type(error).__name__}")
    return None
