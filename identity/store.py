"""Reads and writes of customers and their links, each one statement for a whole batch."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any, Final, cast

import orjson
from sqlalchemy import Column, Connection, Row, Select, select
from sqlalchemy.exc import IntegrityError

from identity.people import Customer, Interaction, Link
from storage.bulk import among, ids_parameter, insert_rows, update_rows
from storage.database import DatabaseUnavailable
from storage.schema import customers, handles

_LINK_COLUMNS: Final = tuple(one.name for one in fields(Link))
_LINKS: Final = select(*(handles.c[name] for name in _LINK_COLUMNS))
_CURRENT: Final = _LINKS.where(handles.c.key.is_not(None)).order_by(handles.c.since_ms, handles.c.id)
_PLAIN: Final = (
    *("id", "space", "standing", "root_id", "merged_into", "name", "language", "tier", "first_seen_ms"),
    *("last_seen_ms", "sequence", "messages", "unanswered", "conversation_id"),
)
"""Columns of a customer that are stored as they are."""
_PACKED: Final = ("tags", "facts", "own_facts", "history")
_CUSTOMERS: Final = select(*(customers.c[name] for name in (*_PLAIN, *_PACKED))).order_by(customers.c.id).with_for_update()


def links(connection: Connection, keys: Collection[str]) -> dict[str, Link]:
    """The current link of each key that has one."""
    return {row.key: _link(row) for row in rows_among(connection, _LINKS, handles.c.key, keys)}


def links_of(connection: Connection, customer_ids: Collection[str]) -> list[Link]:
    """The current links that customers own, oldest first."""
    return [_link(row) for row in rows_among(connection, _CURRENT, handles.c.customer_id, customer_ids)]


def add_links(connection: Connection, new: Iterable[Link], ended: Collection[tuple[str, str, int]] = ()) -> int:
    """Insert links; how many. One whose key another node inserted first stays out. Sorted, so that two nodes cannot deadlock.
    `ended`: what ended already, as for `end_links`: it has no key any more."""
    ends = {id_: {"key": None, "ended_by": why, "ended_ms": at_ms} for id_, why, at_ms in ended}
    none = {"ended_by": None, "ended_ms": None}
    rows = [_link_row(link) | none | ends.get(link.id, {}) for link in sorted(new, key=attrgetter("key"))]
    return insert_rows(connection, handles, rows, ignore=True)


def see_links(connection: Connection, seen: Iterable[Link]) -> None:
    """Write when links were seen, and nothing that stands in an index."""
    rows = [{"id": link.id, "since_ms": link.since_ms, "seen_ms": link.seen_ms} for link in sorted(seen, key=attrgetter("id"))]
    update_rows(connection, handles, "id", rows)


def give_links(connection: Connection, given: Iterable[Link]) -> None:
    """Write whose links are that were inserted for somebody else."""
    columns = ("id", "customer_id", "home_id")
    rows = [{name: getattr(link, name) for name in columns} for link in sorted(given, key=attrgetter("id"))]
    update_rows(connection, handles, "id", rows)


def end_links(connection: Connection, ended: Sequence[tuple[str, str, int]]) -> None:
    """End links: (id, why, when). Their keys are free afterwards."""
    rows = [{"id": id_, "key": None, "ended_by": why, "ended_ms": at_ms} for id_, why, at_ms in sorted(ended)]
    update_rows(connection, handles, "id", rows)


def begin_links_again(connection: Connection, begun: Sequence[tuple[str, str]]) -> None:
    """Let ended links go on: (id, key). Raises `DatabaseUnavailable` where another node has given one of the keys away since it
    was looked for: only who waits for that node's transaction hears of it."""
    rows = [{"id": id_, "key": key, "ended_by": None, "ended_ms": None} for id_, key in sorted(begun)]
    try:
        update_rows(connection, handles, "id", rows)
    except IntegrityError:
        raise DatabaseUnavailable("somebody claims one of these addresses at this moment") from None


def move(connection: Connection, moved: Sequence[tuple[str, str]]) -> None:
    """Give everything that is owned by one customer to another, in the given order: links, and who stands below it."""
    if not moved:
        return
    marker = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    pairs = [(top, below) for below, top in moved]
    for table, column in (("handles", "customer_id"), ("customers", "root_id")):
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = {marker} WHERE {column} = {marker}", pairs)  # noqa: S608  # our own names


def load_customers(connection: Connection, ids: Iterable[str]) -> dict[str, Customer]:
    """The customers with the links they own, locked until the transaction ends."""
    wanted = sorted(set(ids))
    found = {row.id: _customer(row) for row in rows_among(connection, _CUSTOMERS, customers.c.id, wanted)}
    for link in links_of(connection, wanted):
        if link.customer_id in found:
            found[link.customer_id].links.append(link)
    return found


def save_customers(connection: Connection, changed: Iterable[Customer], new: Collection[str]) -> None:
    """Insert the new ones, update the others."""
    # In the order of their ids, as they were locked: two nodes that write the same rows must not wait for each other.
    rows = sorted(map(_customer_row, changed), key=itemgetter("id"))
    insert_rows(connection, customers, [row for row in rows if row["id"] in new])
    update_rows(connection, customers, "id", [row for row in rows if row["id"] not in new])


def rows_among(connection: Connection, query: Select[Any], column: Column[Any], ids: Collection[str]) -> Iterable[Row[Any]]:
    """The rows of a query whose column is one of `ids`; none, without asking, where there are no ids."""
    if not ids:
        return ()
    return connection.execute(query.where(among(connection, column)), ids_parameter(connection, ids))


def _link(row: Row[Any]) -> Link:
    return Link(*cast("tuple[Any, ...]", row))


def _link_row(link: Link) -> dict[str, Any]:
    return {name: getattr(link, name) for name in _LINK_COLUMNS}


def _customer(row: Row[Any]) -> Customer:
    *plain, tags, facts, own_facts, history = cast("tuple[Any, ...]", row)
    return Customer(
        **dict(zip(_PLAIN, plain, strict=True)),
        tags=orjson.loads(tags),
        facts=_facts(facts),
        own_facts=None if own_facts is None else _facts(own_facts),
        history=[Interaction(**item) for item in orjson.loads(history)],
    )


def _facts(text: str) -> dict[str, Any]:
    return {field: {source: tuple(said) for source, said in each.items()} for field, each in orjson.loads(text).items()}


def _customer_row(customer: Customer) -> dict[str, Any]:
    return {
        **{name: getattr(customer, name) for name in _PLAIN},
        "crm_id": customer.crm_id,
        "tags": orjson.dumps(customer.tags).decode(),
        "facts": orjson.dumps(customer.facts).decode(),
        "own_facts": None if customer.own_facts is None else orjson.dumps(customer.own_facts).decode(),
        "history": orjson.dumps(customer.history).decode(),
    }
