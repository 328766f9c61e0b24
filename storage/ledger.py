"""Who is a repeat: the ids of everything ever committed, and the journal row each came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import event_ids, repeats

Standing = Literal["new", "committed", "repeat"]
"""`committed`: this very journal row was committed before, and only its done mark was lost."""


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event by its id and the journal row it stands in."""

    id: str
    journal: str
    seq: int
    received_ms: int


_KNOWN = select(event_ids.c.id, event_ids.c.journal, event_ids.c.seq).where(
    event_ids.c.id.in_(bindparam("ids", expanding=True))
)


def enter(connection: Connection, events: Sequence[Event]) -> list[Standing]:
    """Enter a batch; for each event whether it is new. Of two nodes that enter one id at once the database lets one win."""
    known = _known(connection, events)
    fresh = [event for event in events if event.id not in known]
    if fresh:
        _insert(connection, fresh)
        known = _known(connection, events)
    seen = {origin for event in fresh if (origin := known[event.id]) == (event.journal, event.seq)}
    return [_standing(event, known[event.id], seen) for event in events]


def enter_repeats(connection: Connection, rows: Sequence[Event]) -> None:
    """Count repeats, each journal row once."""
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        values = [{"journal": row.journal, "seq": row.seq, "event_id": row.id, "received_ms": row.received_ms} for row in rows]
        connection.execute(dialect.insert(repeats).on_conflict_do_nothing(), values)


def _standing(event: Event, origin: tuple[str, int], seen: set[tuple[str, int]]) -> Standing:
    if origin != (event.journal, event.seq):
        return "repeat"
    return "new" if origin in seen else "committed"


def _known(connection: Connection, events: Sequence[Event]) -> dict[str, tuple[str, int]]:
    rows = connection.execute(_KNOWN, {"ids": [event.id for event in events]})
    return {row.id: (row.journal, row.seq) for row in rows}


def _insert(connection: Connection, events: Sequence[Event]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    # Sorted, so that two nodes with the same ids wait for each other in one direction only.
    values = [
        {"id": event.id, "journal": event.journal, "seq": event.seq, "received_ms": event.received_ms}
        for event in sorted(events, key=lambda event: event.id)
    ]
    connection.execute(dialect.insert(event_ids).on_conflict_do_nothing(), values)
