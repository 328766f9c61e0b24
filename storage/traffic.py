"""New contacts of each connector by the hour, added up over all nodes, and in which minutes somebody was there to take them.

An hour is counted since 1970 in UTC. A transaction that was repeated because its end was not heard counts twice: it is
statistics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Connection, case, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import traffic

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a connector. `minutes` has one bit a minute, see `storage.schema_watch`."""

    hour: int
    contacts: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Counted(Hour):
    """What a node saw of one hour of a connector. `last_ms` is 0 without contacts."""

    connector: str
    last_ms: int


def add(connection: Connection, counted: Sequence[Counted]) -> None:
    """Add what a node saw to what is there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(traffic)
    later = {
        "contacts": traffic.c.contacts + new.excluded.contacts,
        "minutes": traffic.c.minutes.op("|")(new.excluded.minutes),
        "last_ms": case((new.excluded.last_ms > traffic.c.last_ms, new.excluded.last_ms), else_=traffic.c.last_ms),
    }
    statement = new.on_conflict_do_update(index_elements=[traffic.c.connector, traffic.c.hour], set_=later)
    # Two nodes that add at the same time take their rows in one order, so that neither waits for the other for ever.
    for one in sorted(counted, key=lambda one: (one.connector, one.hour)):
        row = {column.name: getattr(one, column.name) for column in traffic.columns}
        connection.execute(statement, [row])


def last(connection: Connection, until_ms: int) -> dict[str, int]:
    """Connector to the time of its last contact, for those that had any. What is later than `until_ms` was written by a
    clock that was wrong: later hours are left out, and in the same hour it counts as `until_ms`."""
    until = literal(until_ms, BigInteger)
    latest = func.max(case((traffic.c.last_ms > until, until), else_=traffic.c.last_ms))
    query = select(traffic.c.connector, latest).where(traffic.c.hour <= until_ms // HOUR_MS)
    return dict(connection.execute(query.group_by(traffic.c.connector).having(latest > 0)).all())


def hours(connection: Connection, connector: str, first: int, end: int | None = None) -> list[Hour]:
    """The hours of a connector from `first` on, without `end` and what is later, in their order."""
    query = select(traffic.c.hour, traffic.c.contacts, traffic.c.minutes)
    query = query.where(traffic.c.connector == connector, traffic.c.hour >= first)
    if end is not None:
        query = query.where(traffic.c.hour < end)
    return [Hour(*row) for row in connection.execute(query.order_by(traffic.c.hour))]


def forget(connection: Connection, before: int, after: int) -> int:
    """Delete the hours before `before`, which are old, and after `after`, which have yet to come; how many rows."""
    out = or_(traffic.c.hour < before, traffic.c.hour > after)
    return connection.execute(traffic.delete().where(out)).rowcount
