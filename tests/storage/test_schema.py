"""The migrations build exactly the schema, on both databases, however many processes start at once."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, select, text

from storage.database import Database, DatabaseUnavailable
from storage.migrate import configuration, upgrade
from storage.schema import metadata, rulesets
from tests.servers.process import free_port

UPGRADE = textwrap.dedent("""
    import sys
    from storage.database import Database
    from storage.migrate import upgrade
    database = Database(sys.argv[1])
    upgrade(database.engine)
    database.engine.dispose()
""")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'regia.sqlite'}"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    engine = Database(empty_url).engine
    yield engine
    engine.dispose()


def test_migrations_and_metadata_are_the_same(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_metadata_and_migrations_have_the_same_keys_and_indexes(engine: Engine, tmp_path: Path) -> None:
    """Partial indexes and primary keys, which the comparison leaves out."""
    upgrade(engine)
    other = create_engine(f"sqlite:///{tmp_path / 'metadata.sqlite'}")
    metadata.create_all(other)
    one, two = inspect(engine), inspect(other)
    for table in metadata.tables:
        assert one.get_pk_constraint(table)["constrained_columns"] == two.get_pk_constraint(table)["constrained_columns"], table
        indexes = [{(i["name"], tuple(i["column_names"]), bool(i["unique"])) for i in x.get_indexes(table)} for x in (one, two)]
        assert indexes[0] == indexes[1], table
    other.dispose()


def test_a_second_upgrade_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(rulesets.insert(), [{"hash": "a", "sources": "", "created_ms": 0}])
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(select(rulesets.c.hash)).scalars().all() == ["a"]


def test_processes_that_start_at_once(empty_url: str, engine: Engine) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, empty_url], stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [(process.returncode, error) for process, error in zip(started, errors, strict=True)] == [(0, "")] * 3
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        assert versions == [ScriptDirectory.from_config(configuration(connection)).get_current_head()]


def test_an_upgrade_that_fails_leaves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def broken(*arguments: object, **more: object) -> None:
        raise LookupError("the power is gone")

    monkeypatch.setattr(op, "create_index", broken, raising=True)
    real = op.create_table
    made: list[str] = []

    def create(name: str, *columns: object, **more: object) -> object:
        if len(made) == 5:
            broken()
        made.append(name)
        return real(name, *columns, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_table", create)
    with pytest.raises(LookupError):
        upgrade(engine)
    monkeypatch.undo()
    assert len(made) == 5
    assert inspect(engine).get_table_names() == []
    upgrade(engine)


def test_a_server_that_is_away_is_said_to_be_away() -> None:
    database = Database(f"postgresql://regia@127.0.0.1:{free_port()}/regia")
    with pytest.raises(DatabaseUnavailable):
        upgrade(database.engine)
    database.engine.dispose()
