"""A whole line from the journal to the relay, on both databases, to try rules on."""

from tests.pipeline.conftest import database, filled_url, line, migrated_postgresql, migrated_sqlite, postgresql_url, quick

__all__ = ["database", "filled_url", "line", "migrated_postgresql", "migrated_sqlite", "postgresql_url", "quick"]
