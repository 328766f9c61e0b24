"""What people of the shop said of messages: which category was right, and where they sent one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.bulk import among, ids_parameter
from storage.schema import marks, messages, operations, reroutes, staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`by` is who said so, by name; empty where there is no such person any more."""

    category: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reroute:
    """`state` is that of the operation, and `done` how many copies were put into the queue: 0 where it lay there already."""

    id: str
    queue: str
    note: str
    by: str
    at_ms: int
    state: str
    done: int


def mark(connection: Connection, message_id: str, category: str, *, staff_id: str, now_ms: int) -> None:
    """This category is right for the message; what was said before is replaced."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    said = {"category": category, "staff_id": staff_id, "at_ms": now_ms}
    entered = dialect.insert(marks).values(message_id=message_id, **said)
    connection.execute(entered.on_conflict_do_update(index_elements=[marks.c.message_id], set_=said))


def unmark(connection: Connection, message_id: str) -> None:
    """Nobody says any more which category is right."""
    connection.execute(delete(marks).where(marks.c.message_id == message_id))


def mark_of(connection: Connection, message_id: str) -> Mark | None:
    query = select(marks.c.category, marks.c.at_ms, staff.c.display).outerjoin(staff, staff.c.id == marks.c.staff_id)
    row = connection.execute(query.where(marks.c.message_id == message_id)).one_or_none()
    return None if row is None else Mark(category=row.category, by=row.display or "", at_ms=row.at_ms)


def reroute(connection: Connection, row: dict[str, Any]) -> None:
    """Note that a message goes again to a queue: all columns of `reroutes`."""
    connection.execute(insert(reroutes).values(row))


def reroutes_of(connection: Connection, message_id: str) -> Sequence[Reroute]:
    """Where a message was sent again, oldest first."""
    columns = (reroutes.c.id, reroutes.c.queue, reroutes.c.note, reroutes.c.at_ms, staff.c.display)
    query = select(*columns, operations.c.state, operations.c.done).outerjoin(staff, staff.c.id == reroutes.c.staff_id)
    query = query.outerjoin(operations, operations.c.id == reroutes.c.id).where(reroutes.c.message_id == message_id)
    rows = connection.execute(query.order_by(reroutes.c.at_ms, reroutes.c.id))
    return [
        Reroute(
            id=row.id,
            queue=row.queue,
            note=row.note,
            by=row.display or "",
            at_ms=row.at_ms,
            state=row.state or "",
            done=row.done or 0,
        )
        for row in rows
    ]


def marked(
    connection: Connection, limit: int, *, ids: Sequence[str] | None = None, since_ms: int | None = None
) -> list[dict[str, Any]]:
    """The last messages that were marked, newest first, of these ids and marked from a time on: `right`, `said_ms`, and of the
    message its columns."""
    columns = (marks.c.category.label("right"), marks.c.at_ms.label("said_ms"), messages.c.id, messages.c.brand)
    query = select(*columns, messages.c.channel, messages.c.category, messages.c.envelope)
    query = query.join(messages, messages.c.id == marks.c.message_id).order_by(marks.c.at_ms.desc(), marks.c.message_id)
    if since_ms is not None:
        query = query.where(marks.c.at_ms >= since_ms)
    given = {}
    if ids is not None:
        query, given = query.where(among(connection, marks.c.message_id)), ids_parameter(connection, ids)
    return [{**row} for row in connection.execute(query.limit(limit), given).mappings()]
