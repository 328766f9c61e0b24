"""Who wrote and got no answer: customers with contacts that nobody has answered, whoever waits longest first."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from identity.store import rows_among
from identity.views.paging import Page, cursor_of, parts_of
from identity.views.tops import Who
from storage.schema import customers, handles, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which contacts count. All that is given holds: of a brand, channel or category, written before `until_ms` (milliseconds
    since 1970). `least`: customers with so many of them."""

    brand: str | None = None
    channel: str | None = None
    category: str | None = None
    until_ms: int | None = None
    least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A customer and the contacts that wait: how many, since when, how many on which channel and in which category; `envelope`
    is the newest."""

    customer: Who
    waiting: int
    since_ms: int
    last_ms: int
    channels: Mapping[str, int]
    categories: Mapping[str, int]
    envelope: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all who wait."""

    customers: int
    contacts: int
    since_ms: int | None


def unheard(connection: Connection, wanted: Wanted, *, cursor: str | None = None, limit: int = 50) -> Page[Unheard]:
    """A page of them. Raises `BadCursor`."""
    found = connection.execute(_waiting(wanted, cursor).limit(limit + 1)).all()
    shown = found[:limit]
    who = _who(connection, [row.customer_id for row in shown])
    where = _where(connection, wanted, [row.customer_id for row in shown])
    last = shown[-1] if len(found) > limit else None
    items = tuple(_unheard(row, who[row.customer_id], where[row.customer_id]) for row in shown if row.customer_id in who)
    return Page(items, None if last is None else cursor_of(last.since_ms, last.customer_id))


def totals(connection: Connection, wanted: Wanted) -> Totals:
    """How many there are."""
    each = _waiting(wanted, None).order_by(None).subquery()
    count, contacts, since = connection.execute(
        select(func.count(), func.coalesce(func.sum(each.c.waiting), 0), func.min(each.c.since_ms))
    ).one()
    return Totals(customers=int(count), contacts=int(contacts), since_ms=since)


def _waiting(wanted: Wanted, cursor: str | None) -> Select[Any]:
    since, waiting = func.min(messages.c.at_ms), func.count()
    query = _contacts(
        wanted,
        handles.c.customer_id,
        waiting.label("waiting"),
        since.label("since_ms"),
        func.max(messages.c.at_ms).label("last_ms"),
    ).group_by(handles.c.customer_id)
    if wanted.least > 1:
        query = query.having(waiting >= wanted.least)
    if cursor is not None:
        at, id_ = parts_of(cursor, (int, str))
        query = query.having(or_(since > at, and_(since == at, handles.c.customer_id > id_)))
    return query.order_by(since, handles.c.customer_id)


def _contacts(wanted: Wanted, *what: Any) -> Select[Any]:
    query = select(*what).join_from(messages, handles, handles.c.id == messages.c.handle_id).where(messages.c.awaits_answer)
    given = ((handles.c.space, wanted.brand), (messages.c.channel, wanted.channel), (messages.c.category, wanted.category))
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    return query if wanted.until_ms is None else query.where(messages.c.at_ms < wanted.until_ms)


def _where(connection: Connection, wanted: Wanted, ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """The contacts of some customers that wait."""
    columns = (handles.c.customer_id, messages.c.id, messages.c.at_ms, messages.c.channel, messages.c.category)
    found: dict[str, list[Row[Any]]] = {}
    for row in rows_among(connection, _contacts(wanted, *columns), handles.c.customer_id, ids):
        found.setdefault(row.customer_id, []).append(row)
    return found


def _who(connection: Connection, ids: Collection[str]) -> dict[str, Who]:
    query = select(customers.c.id, customers.c.space, customers.c.standing, customers.c.name)
    return {
        row.id: Who(row.id, row.space, row.standing, row.name) for row in rows_among(connection, query, customers.c.id, ids)
    }


def _unheard(row: Row[Any], who: Who, contacts: Collection[Row[Any]]) -> Unheard:
    return Unheard(
        customer=who,
        waiting=row.waiting,
        since_ms=row.since_ms,
        last_ms=row.last_ms,
        channels=dict(Counter(one.channel for one in contacts).most_common()),
        categories=dict(Counter(one.category for one in contacts).most_common()),
        envelope=max(contacts, key=lambda one: (one.at_ms, one.id)).id,
    )
