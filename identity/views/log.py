"""What was done to a customer, newest first: ids only, as the audit log has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, or_, select

from identity.views.paging import Page, cursor_of, parts_of
from identity.views.tops import top_of
from storage.schema import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`customer` is who it was done to, `other` the other side of a merge, `handle` a link."""

    id: str
    at_ms: int
    action: str
    actor: str
    customer: str
    other: str | None
    handle: str | None
    detail: Mapping[str, Any] | None


def log(connection: Connection, customer_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Act]:
    """The acts of a customer at the top, of everybody below, and those of others in which one of them is the other side.

    Raises `NotPossible` (`unknown_customer`) and `BadCursor`.
    """
    tree = top_of(connection, customer_id).tree
    query = select(audit).where(or_(audit.c.customer_id.in_(tree), audit.c.other_id.in_(tree)))
    if cursor is not None:
        (position,) = parts_of(cursor, (int,))
        query = query.where(audit.c.position < position)
    found = connection.execute(query.order_by(audit.c.position.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    return Page(tuple(map(act, shown)), cursor_of(shown[-1].position) if len(found) > limit else None)


def act(row: Row[Any]) -> Act:
    """A row of the log."""
    return Act(
        id=row.id,
        at_ms=row.at_ms,
        action=row.action,
        actor=row.actor,
        customer=row.customer_id,
        other=row.other_id,
        handle=row.handle_id,
        detail=orjson.loads(row.detail) if row.detail else None,
    )
