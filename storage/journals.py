"""Journals that were emptied: what each had accepted, for the books."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import journals


def close(connection: Connection, journal: str, accepted: int, now_ms: int) -> None:
    """Enter a journal that is about to be deleted. Again for the same journal changes nothing."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = {"id": journal, "accepted": accepted, "closed_ms": now_ms}
    connection.execute(dialect.insert(journals).on_conflict_do_nothing(), [row])


def closed(connection: Connection) -> set[str]:
    """The journals that were entered; a file of one of them is only not deleted yet."""
    return set(connection.execute(select(journals.c.id)).scalars())
