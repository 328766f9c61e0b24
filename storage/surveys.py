"""Rows of surveys: planned when a ticket is closed, asked when they are due, closed when all is answered or time is over.

The states are `planned`, `asked`, and four ends: `answered`, `partly`, `expired`, `skipped`.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, Select, and_, delete, exists, or_, select, update

from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import handles, surveys

PLANNED: Final = "planned"
ASKED: Final = "asked"
SKIPPED: Final = "skipped"
OPEN: Final = (PLANNED, ASKED)
STATES: Final = (PLANNED, ASKED, "answered", "partly", "expired", SKIPPED)


def add(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Enter a survey; False where one is there for the same event of a ticket."""
    return insert_rows(connection, surveys, [row], ignore=True) == 1


def change(connection: Connection, id_: str, values: Mapping[str, Any]) -> None:
    """Set columns of one survey."""
    connection.execute(update(surveys).where(surveys.c.id == id_).values(**values))


def find(connection: Connection, id_: str, *, lock: bool = False) -> dict[str, Any] | None:
    """One survey with its answers, or None. `lock`: until the transaction ends."""
    query = select(surveys).where(surveys.c.id == id_)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else as_read(row)


def of_contacts(
    connection: Connection, handle_ids: Collection[str], named: Collection[str], since_ms: int
) -> list[dict[str, Any]]:
    """Surveys that were asked of these links and are open, or were answered since then, and those of these ids whatever they
    are; locked in the order of their ids."""
    lately = and_(surveys.c.state == "answered", surveys.c.closed_ms >= since_ms)
    query = select(surveys).where(or_(surveys.c.state == ASKED, lately), among(connection, surveys.c.handle_id))
    found = {row["id"]: as_read(row) for row in _locked(connection, query, handle_ids)}
    if others := set(named) - found.keys():
        by_id = select(surveys).where(among(connection, surveys.c.id))
        found |= {row["id"]: as_read(row) for row in _locked(connection, by_id, others)}
    return list(found.values())


def due(connection: Connection, now_ms: int, limit: int) -> list[tuple[str, str]]:
    """Id and state of what is to be asked, or to be closed, by now; what has waited longest first."""
    states = [
        select(surveys.c.id, surveys.c.state, surveys.c.due_ms).where(surveys.c.state == state, surveys.c.due_ms <= now_ms)
        for state in OPEN
    ]
    found = [row for query in states for row in connection.execute(query.order_by(surveys.c.due_ms).limit(limit))]
    return [(row.id, row.state) for row in sorted(found, key=lambda row: row.due_ms)[:limit]]


def withdraw(connection: Connection, told: Mapping[str, Any], reason: str, now_ms: int) -> list[str]:
    """Skip what is planned for a ticket of which this was told, and was not asked yet; the names of these surveys."""
    same = (surveys.c.brand == told["space"], surveys.c.ticket == told["ticket"])
    ours = and_(*same, surveys.c.conversation_id == told["conversation_id"])
    values = {"state": SKIPPED, "skipped": reason, "closed_ms": now_ms}
    gone = update(surveys).where(ours, surveys.c.state == PLANNED).values(**values).returning(surveys.c.name)
    return list(connection.execute(gone).scalars())


def open_for(connection: Connection, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was asked about a ticket in its conversation before this was told of it, and is open; locked in the order of their
    ids."""
    same = (surveys.c.brand == told["space"], surveys.c.ticket == told["ticket"], surveys.c.state == ASKED)
    query = select(surveys).where(surveys.c.conversation_id == told["conversation_id"], *same)
    before = query.where(surveys.c.asked_ms <= told["received_ms"]).order_by(surveys.c.id).with_for_update()
    return [as_read(row) for row in connection.execute(before).mappings()]


def asked_since(connection: Connection, customer_id: str, since_ms: int, *, or_planned: bool) -> bool:
    """Whether a customer, by the links that are theirs now, was asked anything since then, or is about to be."""
    lately = surveys.c.asked_ms > since_ms
    counts = or_(lately, surveys.c.state == PLANNED) if or_planned else lately
    query = select(surveys.c.id).join(handles, handles.c.id == surveys.c.handle_id)
    found = query.where(handles.c.customer_id == customer_id, counts).exists()
    return bool(connection.execute(select(found)).scalar_one())


def remove(connection: Connection, link_ids: Collection[str], customer_ids: Collection[str]) -> int:
    """Everything that was asked of these links; and what was never asked of anybody, of these customers. How many."""
    gone = 0
    for column, ids in ((surveys.c.handle_id, link_ids), (surveys.c.customer_id, customer_ids)):
        theirs = among(connection, column)
        which = theirs if column is surveys.c.handle_id else and_(theirs, _nobodys())
        gone += connection.execute(delete(surveys).where(which), ids_parameter(connection, ids)).rowcount
    return gone


def forget_reasons(connection: Connection, conversation_ids: Collection[str]) -> None:
    """Leave nothing of what tickets of these conversations were about."""
    about = update(surveys).where(among(connection, surveys.c.conversation_id)).values(reason=None)
    connection.execute(about, ids_parameter(connection, conversation_ids))


def theirs(connection: Connection, link_ids: Collection[str], customer_ids: Collection[str]) -> list[dict[str, Any]]:
    """What `remove` would remove, oldest first."""
    by_link = select(surveys).where(among(connection, surveys.c.handle_id))
    by_customer = select(surveys).where(among(connection, surveys.c.customer_id), _nobodys())
    rows = [
        *connection.execute(by_link, ids_parameter(connection, link_ids)).mappings(),
        *connection.execute(by_customer, ids_parameter(connection, customer_ids)).mappings(),
    ]
    found = {str(row["id"]): {str(name): value for name, value in row.items()} for row in rows}
    return [found[id_] for id_ in sorted(found)]


def as_read(row: RowMapping) -> dict[str, Any]:
    """A row with its answers as a mapping."""
    return {str(name): value for name, value in row.items()} | {"answers": orjson.loads(row["answers"])}


def written(answers: Mapping[str, Any]) -> str:
    """Answers as the column has them."""
    return orjson.dumps(answers).decode()


def _nobodys() -> Any:
    return ~exists().where(handles.c.id == surveys.c.handle_id)


def _locked(connection: Connection, query: Select[Any], ids: Collection[str]) -> list[RowMapping]:
    ordered = query.order_by(surveys.c.id).with_for_update()
    return list(connection.execute(ordered, ids_parameter(connection, ids)).mappings())
