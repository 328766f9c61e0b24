"""Who is a repeat: the ids of everything ever committed, and the journal row each came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from sqlalchemy import Connection, select

from storage.bulk import among, ids_parameter, insert_rows
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


_KNOWN = select(event_ids.c.id, event_ids.c.journal, event_ids.c.seq)


def enter(connection: Connection, events: Sequence[Event]) -> list[Standing]:
    """Enter a batch; for each event whether it is new. Of two nodes that enter one id at once the database lets one win."""
    known = _known(connection, events)
    # Sorted, so that two nodes with the same ids wait for each other in one direction only.
    fresh = sorted((event for event in events if event.id not in known), key=attrgetter("id"))
    rows = [{"id": one.id, "journal": one.journal, "seq": one.seq, "received_ms": one.received_ms} for one in fresh]
    if insert_rows(connection, event_ids, rows, ignore=True) == len(fresh):
        known |= {event.id: (event.journal, event.seq) for event in fresh}
    else:
        known = _known(connection, events)
    seen = {origin for event in fresh if (origin := known[event.id]) == (event.journal, event.seq)}
    return [_standing(event, known[event.id], seen) for event in events]


def enter_repeats(connection: Connection, rows: Sequence[Event]) -> None:
    """Count repeats, each journal row once."""
    values = [{"journal": row.journal, "seq": row.seq, "event_id": row.id, "received_ms": row.received_ms} for row in rows]
    insert_rows(connection, repeats, values, ignore=True)


def _standing(event: Event, origin: tuple[str, int], seen: set[tuple[str, int]]) -> Standing:
    if origin != (event.journal, event.seq):
        return "repeat"
    return "new" if origin in seen else "committed"


def _known(connection: Connection, events: Sequence[Event]) -> dict[str, tuple[str, int]]:
    query = _KNOWN.where(among(connection, event_ids.c.id))
    rows = connection.execute(query, ids_parameter(connection, [event.id for event in events]))
    return {row.id: (row.journal, row.seq) for row in rows}
