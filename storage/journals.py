"""Journals that were emptied: what each had accepted, for the books."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import journals


def close(connection: Connection, journal: str, accepted: int, now_ms: int) -> None:
    """Enter a journal that is about to be deleted. Again for the same journal, its later count holds: it was not
    deleted the first time and may have accepted more since."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(journals)
    later = {"accepted": enter.excluded.accepted, "closed_ms": enter.excluded.closed_ms}
    row = {"id": journal, "accepted": accepted, "closed_ms": now_ms}
    connection.execute(enter.on_conflict_do_update(index_elements=[journals.c.id], set_=later), [row])


def closed(connection: Connection) -> dict[str, int]:
    """The journals that were entered, with what each had accepted."""
    return {row.id: row.accepted for row in connection.execute(select(journals.c.id, journals.c.accepted))}
