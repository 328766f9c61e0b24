"""What is told to whoever follows: events, each with a number of its own, in the order of the feed.

An event is added in the transaction of what it tells, and **numbered** afterwards, when it is committed. A position given
while inserting would not do: of two transactions on PostgreSQL the one with the higher position may be committed first,
and whoever goes on after that position would never see the other. Numbers are given by one transaction at a time, to
rows that it can see, so that a number that is visible has all lower ones beside it, for ever. The row of `cursors` that
holds the last number is what these transactions wait for; it also outlives the events that are deleted.

Compared with the alternatives: a lock that writers hold until they commit would put all of them in one line; snapshots
(`pg_snapshot_xmin`) need transaction ids beside the positions, and these begin anew when a database is restored
elsewhere. The price is one more update of each row, and that an event is seen when it is numbered, not at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from storage.bulk import insert_rows
from storage.schema import events


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it is added. `body` is what is published, byte for byte; the other columns are what it says of itself."""

    id: str
    type: str
    subject: str
    at_ms: int
    body: bytes


def add(connection: Connection, rows: Sequence[NewEvent]) -> None:
    """Add events, in their order, to be told once the caller's transaction is committed. One statement; an id that is
    there already changes nothing."""
    insert_rows(connection, events, [_row(one) for one in rows], ignore=True)


def _row(one: NewEvent) -> dict[str, Any]:
    return {"id": one.id, "type": one.type, "subject": one.subject, "at_ms": one.at_ms, "body": one.body}
