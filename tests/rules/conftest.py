"""Makes the fixture `database`, and those it is made of, known to these tests."""

from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]
