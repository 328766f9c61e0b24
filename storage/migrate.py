"""Brings a database to this version's schema."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from storage.database import reaching_database

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 7_238_140  # any number of our own, the same on every node


def configuration(connection: Connection) -> Config:
    """An Alembic configuration for this connection, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Run what is missing, in one transaction. Several nodes may start at once: one migrates, the others wait.

    Raises `DatabaseUnavailable`.
    """
    with reaching_database(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # However long another node migrates; the tables' own locks are waited for as long as everywhere.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        command.upgrade(configuration(connection), "head")
