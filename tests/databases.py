"""The fixture `database`: an empty, migrated database, once on SQLite and once on a real PostgreSQL.

A folder's `conftest.py` imports the fixtures. PostgreSQL keeps one database for the run and empties its tables
before each test; SQLite copies a migrated file.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from storage.database import Database
from storage.migrate import upgrade
from storage.schema import metadata
from tests.servers.postgresql import PostgreSQLServer


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "regia.sqlite"
    engine = Database(f"sqlite:///{path}").engine
    upgrade(engine)
    engine.dispose()  # the last connection writes the log into the file
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQLServer) -> Iterator[str]:
    name = postgresql.create_database()
    engine = create_engine(postgresql.url_of(name))
    upgrade(engine)
    engine.dispose()
    yield postgresql.url_of(name)
    postgresql.drop_database(name)


@pytest.fixture
def postgresql_url(migrated_postgresql: str) -> str:
    """The address of a PostgreSQL database with all tables, empty."""
    engine = create_engine(migrated_postgresql)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:  # TRUNCATE makes new files, and takes ten times as long
            connection.execute(table.delete())
    engine.dispose()
    return migrated_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def filled_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with all tables, empty."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return url
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "regia.sqlite")
    return f"sqlite:///{tmp_path / 'regia.sqlite'}"


@pytest.fixture
async def database(filled_url: str) -> AsyncIterator[Database]:
    opened = Database(filled_url)
    yield opened
    await opened.close()
