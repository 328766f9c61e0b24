"""Fixtures of the console's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.scene import Scene, a_console
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]


@pytest.fixture
async def scene(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """A console behind https://regia.example, with nobody in it."""
    async with a_console(tmp_path, migrated_sqlite) as made:
        yield made
