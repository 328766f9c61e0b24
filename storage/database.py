"""The database: one engine, one writing thread, transactions as functions.

SQLAlchemy Core with synchronous drivers in threads of our own: a batch is many statements in one transaction, and
asynchronous drivers would pay a hop for each of them. SQLite has one writer anyway; with PostgreSQL one writing thread
a node keeps the order of what is committed.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import QueuePool

T = TypeVar("T")

_READ_ONLY: Final = "25006"
"""PostgreSQL's state of a server that became a standby."""
_READERS: Final = 2
_PATIENCE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's limits (seconds; the last in milliseconds), so that a server that vanished is noticed and not waited for."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached or is locked: nothing of the transaction was kept, try again."""


class Database:
    """Runs functions of a connection in transactions. `write` calls are done one after the other, in their order."""

    def __init__(self, url: str) -> None:
        self.url = _url(url)
        self.engine = _engine(self.url, begin="BEGIN IMMEDIATE")
        # A reading transaction sees one moment: the books would not balance over several.
        self._read_engine = (
            _engine(self.url, begin="BEGIN")
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-reader")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction and commit it. Raises `DatabaseUnavailable`; other errors of `work` roll back."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, _transaction, self.engine, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction of a reading thread. Raises `DatabaseUnavailable`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _transaction, self._read_engine, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._read_engine.dispose()
        self.engine.dispose()


def _transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with reaching_database(), engine.begin() as connection:
        return work(connection)


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
    return error.connection_invalidated or state == _READ_ONLY


def _what(error: DBAPIError) -> str:
    """The driver's words without statement and parameters, which hold customers' data."""
    return f"{type(error.orig).__name__}: {str(error.orig).splitlines()[0] if str(error.orig) else ''}"


def _url(url: str) -> URL:
    """`postgresql://` means the psycopg driver; `sqlite:///` creates the file's folder."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _engine(url: URL, *, begin: str) -> Engine:
    # hide_parameters: parameters are customers' data and must not reach a log through an exception's text.
    if url.get_backend_name() != "sqlite":
        patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=_READERS + 1, max_overflow=1, connect_args=patience
        )
    engine = create_engine(url, hide_parameters=True, poolclass=QueuePool, pool_size=_READERS, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transaction handling would begin too late for BEGIN IMMEDIATE.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "wal_autocheckpoint=16000",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def do_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
