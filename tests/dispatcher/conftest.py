"""Makes the fixture `database` known to these tests."""

from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite"]
