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

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import cursors
from storage.bulk import insert_rows
from storage.schema import cursors as cursor_table
from storage.schema import events

WINDOW: Final = 5_000
"""Events that one page looks at for those of some types."""
AT_ONCE: Final = 5_000
"""Events that one transaction numbers, or deletes, at most."""

_NAME: Final = "events"
"""The row of `cursors` whose place is the last number given."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it is added. `body` is what is published, byte for byte; the other columns are what it says of itself."""

    id: str
    type: str
    subject: str
    at_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with its place in the feed."""

    number: int
    id: str
    type: str
    at_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the feed. `next` is where the following page begins; `more` says that there may be one already."""

    bodies: list[bytes]
    next: int
    more: bool


class CursorGone(Exception):
    """What came after this number is not there any more, or the number was never given. `first` is the number of the
    oldest event that is kept, `last` the last one given."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"the events that are kept are {first} to {last}")
        self.first = first
        self.last = last


def add(connection: Connection, rows: Sequence[NewEvent]) -> None:
    """Add events, in their order, to be told once the caller's transaction is committed. One statement; an id that is
    there already changes nothing."""
    insert_rows(connection, events, [_row(one) for one in rows], ignore=True)


def wait_for_numbers(connection: Connection) -> bool:
    """Whether committed events wait for `number`."""
    return bool(connection.execute(select(exists().where(events.c.number.is_(None)))).scalar_one())


def number(connection: Connection, now_ms: int) -> int:
    """Number committed events in the order in which they were added, `AT_ONCE` at most; the last number given. Waits for
    another transaction that does the same, until that is committed."""
    # The first statement takes the lock; only the next one's snapshot has what the transaction before this has numbered.
    last = _lock(connection, now_ms)
    rank = func.row_number().over(order_by=events.c.position).label("rank")
    new = select(events.c.position, rank).where(events.c.number.is_(None)).order_by(events.c.position).limit(AT_ONCE).subquery()
    connection.execute(update(events).where(events.c.position == new.c.position).values(number=last + new.c.rank))
    # Not the number of rows: one that was deleted meanwhile has left a gap.
    highest = connection.execute(select(func.max(events.c.number))).scalar_one() or 0
    if highest > last:
        connection.execute(update(cursor_table).where(cursor_table.c.name == _NAME).values(place=str(highest)))
    return max(last, highest)


def last_number(connection: Connection) -> int:
    """The last number given, 0 where none was."""
    found = cursors.read(connection, _NAME)
    return 0 if found is None else int(found.place)


def unpublished(connection: Connection, limit: int) -> list[Numbered]:
    """Numbered events that are not marked as published, in order."""
    columns = (events.c.number, events.c.id, events.c.type, events.c.at_ms, events.c.body)
    query = select(*columns).where(events.c.published_ms.is_(None), events.c.number.is_not(None))
    rows = connection.execute(query.order_by(events.c.number).limit(limit))
    return [Numbered(row.number, row.id, row.type, row.at_ms, bytes(row.body)) for row in rows]


def mark(connection: Connection, upto: int, now_ms: int) -> None:
    """Everything up to this number is published."""
    open_ = (events.c.published_ms.is_(None), events.c.number <= upto)
    connection.execute(update(events).where(*open_).values(published_ms=now_ms))


def after(connection: Connection, cursor: int | None, *, limit: int, types: Collection[str] = ()) -> Page:
    """What follows the number `cursor`, from the beginning where it is None; of some types only, if any are named, of which
    a page may have none though `more` come. To be read in one snapshot. Raises `CursorGone`."""
    last = last_number(connection)
    first = connection.execute(select(func.min(events.c.number))).scalar_one() or last + 1
    if cursor is None:
        cursor = first - 1
    elif not first - 1 <= cursor <= last:
        raise CursorGone(first, last)
    end = min(last, cursor + WINDOW) if types else last
    query = select(events.c.number, events.c.body).where(events.c.number > cursor, events.c.number <= end)
    if types:
        query = query.where(events.c.type.in_(types))
    rows = connection.execute(query.order_by(events.c.number).limit(limit)).all()
    following = rows[-1].number if len(rows) == limit else end
    return Page([bytes(row.body) for row in rows], following, following < last)


def forget(connection: Connection, before_ms: int) -> int:
    """Delete published events that are older than `before_ms`, `AT_ONCE` numbers at most; how many. Only from the
    beginning of the feed, so that what is kept has no holes."""
    kept = or_(events.c.published_ms.is_(None), events.c.at_ms >= before_ms)
    numbers = select(events.c.number).where(events.c.number.is_not(None)).order_by(events.c.number)
    oldest = connection.execute(numbers.limit(1)).scalar_one_or_none()
    if oldest is None:
        return 0
    within = numbers.where(events.c.number < oldest + AT_ONCE)
    first_kept = connection.execute(within.where(kept).limit(1)).scalar_one_or_none()
    end = oldest + AT_ONCE if first_kept is None else first_kept
    return connection.execute(delete(events).where(events.c.number < end)).rowcount


def _lock(connection: Connection, now_ms: int) -> int:
    """Be the only one who numbers, until the end of the transaction; the last number given."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(cursor_table).values(name=_NAME, place="0", token=0, updated_ms=now_ms)
    locked = enter.on_conflict_do_update(index_elements=[cursor_table.c.name], set_={"updated_ms": now_ms})
    return int(connection.execute(locked.returning(cursor_table.c.place)).scalar_one())


def _row(one: NewEvent) -> dict[str, Any]:
    return {"id": one.id, "type": one.type, "subject": one.subject, "at_ms": one.at_ms, "body": one.body}
