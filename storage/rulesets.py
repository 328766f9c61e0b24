"""Versions of the rules: every one that ever decided is kept, so that its decisions can be explained."""

import time

from sqlalchemy import Connection, insert, select

from storage.schema import rulesets


def keep(connection: Connection, ruleset: str, sources: str) -> None:
    """Store a version under its hash; one that is there already stays as it is."""
    if sources_of(connection, ruleset) is None:
        row = {"hash": ruleset, "sources": sources, "created_ms": time.time_ns() // 1_000_000}
        connection.execute(insert(rulesets), [row])


def sources_of(connection: Connection, ruleset: str) -> str | None:
    """The sources of a version as they were stored, or None when there is no such version."""
    return connection.execute(select(rulesets.c.sources).where(rulesets.c.hash == ruleset)).scalar_one_or_none()
