"""Brings a database to this version's schema."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from storage.database import MIGRATING, OtherSchema, reaching_database

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def configuration(connection: Connection | None = None) -> Config:
    """An Alembic configuration for this connection, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def schema() -> str:
    """The revision that this version writes."""
    return _scripts().as_revision_number("head")  # type: ignore[return-value]  # one head: a string


def knows(revision: str) -> bool:
    """Whether this version can read a database of that revision, or bring it forward."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def upgrade(engine: Engine) -> None:
    """Run what is missing, in one transaction. Several nodes may start at once: one migrates, the others wait, and those that
    run already write nothing meanwhile (`Database.expect`).

    Raises `DatabaseUnavailable`, and `OtherSchema` where a newer version was here before.
    """
    with reaching_database(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # However long another node migrates; the tables' own locks are waited for as long as everywhere.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        require_known(connection)
        command.upgrade(configuration(connection), "head")


def require_known(connection: Connection) -> None:
    """Raises `OtherSchema` where a newer version has migrated this database: there is no way back but a backup."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and not knows(found):
        told = (
            f"a newer version of Regia has brought the database to schema {found}, and this one knows {schema()} at the latest"
        )
        raise OtherSchema(f"{told}: install that version, or restore the backup from before the update")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
