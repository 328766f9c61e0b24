"""The log of what was done and looked at in the console. Rows are only ever appended, and removed by age alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from storage.retention import PAGE, Before, Done, Place
from storage.schema_staff import staff_audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row. `position` numbers them."""

    position: int
    at_ms: int
    staff_id: str | None
    act: str
    what: str
    result: str


def note(connection: Connection, *, at_ms: int, staff_id: str | None, act: str, what: str, result: str) -> None:
    """Append a row. `what` holds ids, and no value of a customer."""
    row = {"at_ms": at_ms, "staff_id": staff_id, "act": act, "what": what, "result": result}
    connection.execute(insert(staff_audit).values(row))


def listed(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    staff_id: str | None = None,
    act: str | None = None,
    what: str | None = None,
) -> Sequence[Entry]:
    """The last rows, newest first; `before`: those above this position are left out."""
    query = select(staff_audit).order_by(staff_audit.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(staff_audit.c.position < before)
    for column, value in ((staff_audit.c.staff_id, staff_id), (staff_audit.c.act, act), (staff_audit.c.what, what)):
        if value:
            query = query.where(column == value)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def old(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """A step of `storage.retention`: remove the oldest rows."""
    found = select(staff_audit.c.position).where(staff_audit.c.at_ms < (before.others or 0)).limit(PAGE)
    removed = connection.execute(delete(staff_audit).where(staff_audit.c.position.in_(found))).rowcount
    return Done(removed, () if removed else None)
