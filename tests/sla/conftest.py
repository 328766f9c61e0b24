"""A database of each kind."""

from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]
