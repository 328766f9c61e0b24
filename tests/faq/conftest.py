"""Databases for the tests of FAQs, and a shop that works."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.faq.shop import Shop
from tests.faq.shop import shop as a_shop

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    async with a_shop(tmp_path, migrated_sqlite) as opened:
        yield opened
