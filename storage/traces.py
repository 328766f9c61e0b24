"""Rows that no key leads to: what is held in quarantine, and what providers told. They are found by their bytes."""

from collections.abc import Callable, Collection
from typing import Final, Literal

from sqlalchemy import Connection, null, select

from storage.schema import quarantine, signals

Where = Literal["quarantine", "signals"]

_TABLES: Final = {"quarantine": quarantine, "signals": signals}
_IN_MEMORY: Final = 8
"""Rows that are read from the database at once: what is held may be many megabytes."""

Holds = Callable[[bytes, int], bool]
"""Whether raw bytes that came in at a time, in milliseconds since 1970, are looked for."""


def search(
    connection: Connection, where: Where, holds: Holds, *, after: str, limit: int, leave: Collection[str] = ()
) -> tuple[list[str], str | None]:
    """Look at `limit` rows above the id `after`; the ids of those that are wanted, and the id to go on after, or None at the
    end. Rows of the connectors `leave` are left alone."""
    table = _TABLES[where]
    edited = table.c.edited if where == "quarantine" else null().label("edited")
    query = select(table.c.id, table.c.received_ms, table.c.raw, edited).where(table.c.id > after)
    if leave:
        query = query.where(table.c.connector.not_in(leave))
    rows = connection.execute(query.order_by(table.c.id).limit(limit).execution_options(yield_per=_IN_MEMORY))
    found, last, seen = [], after, 0
    for row in rows:
        seen, last = seen + 1, row.id
        if any(holds(bytes(raw), row.received_ms) for raw in (row.raw, row.edited) if raw is not None):
            found.append(row.id)
    return found, last if seen == limit else None
