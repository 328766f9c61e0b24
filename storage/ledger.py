"""Who is a repeat: the ids of everything ever committed, and the journal row each came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, func, select, text

from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import event_ids, repeats

Standing = Literal["new", "committed", "repeat", "conflict"]
"""`committed`: this very journal row was committed before, and only its done mark was lost. `conflict`: the id is taken
by another content."""


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event by its id and the journal row it stands in."""

    id: str
    journal: str
    seq: int
    received_ms: int
    digest: bytes | None = None
    """Of the content, where a repeat must have the same."""


_Origin: TypeAlias = tuple[str, int, bytes | None]
"""Journal, number and digest of the row that has an id."""
_KNOWN = select(event_ids.c.id, event_ids.c.journal, event_ids.c.seq, event_ids.c.digest)


def enter(connection: Connection, events: Sequence[Event]) -> list[Standing]:
    """Enter a batch; for each event whether it is new. Of two nodes that enter one id at once the database lets one win."""
    known = _known(connection, events)
    # Sorted, so that two nodes with the same ids wait for each other in one direction only.
    fresh = sorted((event for event in events if event.id not in known), key=attrgetter("id"))
    if insert_rows(connection, event_ids, list(map(_row, fresh)), ignore=True) == len(fresh):
        known |= {event.id: _origin(event) for event in fresh}
    else:
        known = _known(connection, events)
    seen = {event for event in fresh if _same_row(event, known[event.id])}
    return [_standing(event, known[event.id], new=event in seen) for event in events]


def enter_repeats(connection: Connection, rows: Sequence[Event]) -> None:
    """Count repeats, each journal row once."""
    values = [{"journal": row.journal, "seq": row.seq, "event_id": row.id, "received_ms": row.received_ms} for row in rows]
    insert_rows(connection, repeats, values, ignore=True)


def _standing(event: Event, origin: _Origin, *, new: bool) -> Standing:
    if _same_row(event, origin):
        return "new" if new else "committed"
    digest = origin[2]
    return "conflict" if None not in (event.digest, digest) and event.digest != digest else "repeat"


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("id", "journal", "seq", "received_ms", "digest")}


def _origin(event: Event) -> _Origin:
    return event.journal, event.seq, event.digest


def _same_row(event: Event, origin: _Origin) -> bool:
    return (event.journal, event.seq) == origin[:2]


def _known(connection: Connection, events: Sequence[Event]) -> dict[str, _Origin]:
    query = _KNOWN.where(among(connection, event_ids.c.id))
    rows = connection.execute(query, ids_parameter(connection, [event.id for event in events]))
    return {row.id: (row.journal, row.seq, row.digest) for row in rows}


def repeats_of(connection: Connection, journal: str) -> int:
    """How many events of a journal had been accepted before."""
    query = select(func.count()).select_from(repeats).where(repeats.c.journal == journal)
    return connection.execute(query).scalar_one()


def hold_commits(connection: Connection) -> None:
    """Let every commit that has begun finish, and no other begin, until the caller's transaction ends. To be its first
    statement: a commit enters its events before it reads or writes anything else, and this lock is that entry's opposite.
    SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE event_ids IN SHARE ROW EXCLUSIVE MODE"))


def join_commits(connection: Connection) -> None:
    """Be one of the commits that `hold_commits` waits for, without an event of one's own: for what names blobs. To be the first
    statement."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE event_ids IN ROW EXCLUSIVE MODE"))
