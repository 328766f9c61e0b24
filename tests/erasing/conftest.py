"""Makes the fixture `database`, and those it is made of, known to these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatcher.base import Topology
from dispatcher.local import LocalQueues
from regia.erasing.reach import Reach
from storage.blobs import Blobs
from storage.database import Database
from storage.journal import Journal
from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

TOPOLOGY = Topology(targets={"demo": frozenset({"returns", "partners"})})


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal.open(tmp_path / "journal" / "worker-0.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
async def reach(database: Database, journal: Journal, tmp_path: Path) -> Reach:
    """Stores with everything embedded, but for the database."""
    queues = LocalQueues(database)
    await queues.open(TOPOLOGY)
    brands = {"mail": frozenset({"demo"}), "theirs": frozenset({"other"})}
    blobs = Blobs.local(tmp_path / "blobs")
    return Reach(database=database, queues=queues, blobs=blobs, journals=journal.path.parent, brands=brands)
