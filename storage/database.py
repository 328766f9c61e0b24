"""The database: one engine, one writing thread, transactions as functions.

SQLAlchemy Core with synchronous drivers in threads of our own: a batch is many statements in one transaction, and
asynchronous drivers would pay a hop for each of them. SQLite has one writer anyway; with PostgreSQL one writing thread
a node keeps the order of what is committed.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from storage.engines import READERS, engine_of, url_of
from storage.threads import Threads
from storage.together import Together

T = TypeVar("T")

_STATES: Final = frozenset({"25006", "25P03", "25P04"})
"""PostgreSQL's states that pass, of those its driver calls no operational error: a server that became a standby, and a
transaction that stood idle, or was open, for too long."""
_FINISH: Final = 0.75
"""Seconds that `close` leaves to what is running."""
_GIVE_UP: Final = 0.25
"""Seconds that `close` leaves it after it was interrupted."""


MIGRATING: Final = 7_238_140
"""The advisory lock of PostgreSQL that a migration has alone and that writers share: any number, the same on every node."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached or is locked: nothing of the transaction was kept, try again."""


class OtherSchema(DatabaseUnavailable):
    """The database has another schema than this version of Regia writes. The text says which, and what to do."""


class Database:
    """Runs functions of a connection in transactions. `write` calls are done one after the other, in their order."""

    def __init__(self, url: str) -> None:
        self.url = url_of(url)
        self.engine = engine_of(self.url, begin="BEGIN IMMEDIATE")
        # A reading transaction sees one moment: the books would not balance over several.
        self._read_engine = (
            engine_of(self.url, begin="BEGIN")
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._writer = Threads(1, "database-writer")
        self._readers = Threads(READERS, "database-reader")
        self._apart = Threads(1, "database-apart")
        self._beside = Threads(1, "database-beside")
        self._together: Together[Callable[[Connection], Any], Any] = Together(self._write_all, shared=DatabaseUnavailable)
        self._connections: set[Any] = set()
        """The drivers' connections that are in a transaction now."""
        self._schema: str | None = None
        self._lock = threading.Lock()
        self._given_up = False

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def expect(self, schema: str) -> None:
        """From now on write only where PostgreSQL has this schema (Alembic's revision): a node of another version may migrate
        it at any time, and what an older version writes then may be refused, or be wrong. Costs two statements a transaction.
        A database of SQLite has one gateway."""
        self._schema = None if self.is_sqlite else schema

    async def ping(self) -> None:
        """Whether it answers, and has the schema that is expected. Raises `DatabaseUnavailable`."""
        await self.read(self._require_schema)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction and commit it. Raises `DatabaseUnavailable`; other errors of `work` roll back."""
        return await self._writer.do(lambda: self._transaction(self.engine, work, writes=True))

    async def write_apart(self, work: Callable[[Connection], T]) -> T:
        """As `write`, beside the other transactions of this process: for work that waits for something else meanwhile. On
        SQLite the others wait for its end all the same."""
        return await self._apart.do(lambda: self._transaction(self.engine, work, writes=True))

    async def write_beside(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for short work that need not wait for long transactions: on PostgreSQL by a connection of its own."""
        threads = self._writer if self.is_sqlite else self._beside  # on SQLite one writes at a time anyway
        return await threads.do(lambda: self._transaction(self.engine, work, writes=True))

    async def write_together(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for short work that many ask for at once: on SQLite, where each transaction waits for its fsync, what
        came while the last one was written shares one. An error of `work` undoes what it did, and nothing of the others."""
        if not self.is_sqlite:  # there who locks rows of many, in no order, may wait for who waits for it
            return await self.write(work)
        outcome = await self._together.do(work)
        if isinstance(outcome, _Failed):
            raise outcome.error
        return outcome  # type: ignore[no-any-return]  # that of `work`

    async def _write_all(self, works: Sequence[Callable[[Connection], Any]]) -> Sequence[Any]:
        if len(works) == 1:
            return [await self.write(works[0])]
        return await self.write(lambda connection: [_apart(connection, work) for work in works])

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction of a reading thread. Raises `DatabaseUnavailable`."""
        return await self._readers.do(lambda: self._transaction(self._read_engine, work))

    async def close(self) -> None:
        """Finish what was begun, within a second: what takes longer is interrupted, rolled back, and its callers hear
        `DatabaseUnavailable`. A database that does not answer keeps no process from ending."""
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        all_ = (self._writer, self._readers, self._apart, self._beside)
        for threads in all_:
            threads.refuse(_stopping)
        if not _joined(all_, _FINISH):
            self._interrupt()
            if not _joined(all_, _GIVE_UP):
                for threads in all_:
                    threads.abandon(_stopping)
        self._read_engine.dispose()
        self.engine.dispose()

    def _interrupt(self) -> None:
        """Stop the running statements, and see to it that nothing is committed from now on."""
        with self._lock:
            self._given_up = True
            connections = list(self._connections)
        for connection in connections:
            # In threads, since a server that hangs does not take a cancel request either.
            stop = connection.interrupt if self.is_sqlite else connection.cancel
            threading.Thread(target=stop, name="database-interrupt", daemon=True).start()

    def _transaction(self, engine: Engine, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        with reaching_database(), engine.begin() as connection, self._interruptible(connection):
            if writes and self._schema is not None:
                # First the lock, then a statement of its own that sees what was committed while this one waited.
                connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": MIGRATING})
                self._require_schema(connection)
            return work(connection)

    @contextmanager
    def _interruptible(self, connection: Connection) -> Iterator[None]:
        driver = connection.connection.driver_connection
        with self._lock:
            self._connections.add(driver)
        try:
            self._go_on()
            yield
            self._go_on()
        finally:
            with self._lock:
                self._connections.discard(driver)
            if self._given_up and not connection.invalidated:
                connection.detach()  # its pool was emptied meanwhile: nobody else would close it

    def _require_schema(self, connection: Connection) -> None:
        found = connection.execute(text("SELECT version_num FROM alembic_version" if self._schema else "SELECT NULL")).scalar()
        if found != self._schema:
            told = f"another version of Regia has brought the database to schema {found}, and this one writes {self._schema}"
            raise OtherSchema(f"{told}: bring this node to that version")

    def _go_on(self) -> None:
        if self._given_up:
            raise _stopping()


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _apart(connection: Connection, work: Callable[[Connection], T]) -> T | _Failed:
    """What `work` returns, or its error with nothing of it kept. What the driver says may have ended the whole transaction,
    so that is raised."""
    try:
        with connection.begin_nested():
            return work(connection)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001  # it is that of whoever asked for this work
        return _Failed(error)


def _stopping() -> DatabaseUnavailable:
    return DatabaseUnavailable("this process is stopping")


def _joined(all_: tuple[Threads, ...], seconds: float) -> bool:
    until = time.monotonic() + seconds
    return all(threads.join(until) for threads in all_)


@contextmanager
def reaching_database() -> Iterator[None]:
    """Turn the drivers' many ways of not reaching a database into `DatabaseUnavailable`."""
    try:
        yield
    except DBAPIError as error:
        if _passing(error):
            raise DatabaseUnavailable(_what(error)) from error
        raise


def _passing(error: DBAPIError) -> bool:
    """Whether the database's state is to blame. A value beyond its limits (PostgreSQL's class 54, for example a key too
    long for an index) is an operational error too, but trying again for ever would help nobody."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, (OperationalError, InterfaceError)):
        return not state.startswith("54")
    return error.connection_invalidated or state in _STATES


def _what(error: DBAPIError) -> str:
    """The driver's words without statement and parameters, which hold customers' data."""
    return f"{type(error.orig).__name__}: {str(error.orig).splitlines()[0] if str(error.orig) else ''}"
