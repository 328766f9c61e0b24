"""A shop with surveys: contacts through the real pipeline, tickets, and what follows them, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.database import Database
from tests.pipeline.conftest import (
    Line,
    database,
    filled_url,
    line,
    migrated_postgresql,
    migrated_sqlite,
    postgresql_url,
    quick,
)
from tests.surveys.shop import Shop

__all__ = [
    "database",
    "filled_url",
    "line",
    "migrated_postgresql",
    "migrated_sqlite",
    "postgresql_url",
    "quick",
]

Open = Callable[..., Shop]


@pytest.fixture
async def shop(line: Line) -> Open:
    """`shop(every_days=3, …)`: one with a survey that is set like this."""

    def opened(**settings: object) -> Shop:
        return Shop(line, **settings)

    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def other(database: Database) -> Database:
    """The same database as another node sees it."""
    return Database(database.engine.url.render_as_string(hide_password=False))
