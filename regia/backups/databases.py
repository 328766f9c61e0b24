"""Looking into a database without being its gateway: a file of SQLite is only read, and a copy is left as it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from regia.backups.manifest import BadBackup
from storage.database import Database, reaching_database


@contextmanager
def looking(url: URL) -> Iterator[Connection]:
    """A transaction that only reads. Raises `DatabaseUnavailable`."""
    file = Path(str(url.database))
    if url.get_backend_name() == "sqlite":
        engine = create_engine("sqlite://", creator=lambda: _opened(file, "mode=ro"), poolclass=NullPool)
    else:
        engine = Database(url.render_as_string(hide_password=False)).engine
    try:
        with reaching_database(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def looking_into_copy(file: Path) -> Iterator[Connection]:
    """The same, of a file that nobody writes: nothing is made beside it."""
    engine = create_engine("sqlite://", creator=lambda: _opened(file, "mode=ro&immutable=1"), poolclass=NullPool)
    try:
        with reaching_database(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def revision(connection: Connection) -> str:
    """The schema of a database. Raises `BadBackup` where it has none."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise BadBackup("the database has no tables: to back up, start the gateway on it once; to restore, load its dump first")
    return found


def _opened(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=30)
