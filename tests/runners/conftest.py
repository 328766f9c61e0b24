"""Gateways of several names over one embedded database."""

from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]
