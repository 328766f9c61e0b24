"""How many messages rules matched, by the day, added up over all nodes. A day is counted since 1970 in UTC. What a node had
counted and not written when it was killed is missing, and a transaction that was repeated because its end was not heard counts
twice: it is statistics."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import rule_hits

DAY_MS: Final = 86_400_000
ALL: Final = ""
"""The name under which all messages are counted."""

Key = tuple[str, str, int]
"""Brand, rule and day."""


@dataclass(slots=True)
class Hits:
    """Messages, and the time of the last one."""

    messages: int = 0
    last_ms: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """What a rule matched on one day."""

    rule: str
    day: int
    messages: int
    last_ms: int


def add(connection: Connection, counted: Mapping[Key, Hits]) -> None:
    """Add what a node counted. In one order, so that two nodes wait for each other and do not block each other."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(rule_hits)
    columns = rule_hits.c
    later = {
        "messages": columns.messages + new.excluded.messages,
        "last_ms": case((new.excluded.last_ms > columns.last_ms, new.excluded.last_ms), else_=columns.last_ms),
    }
    statement = new.on_conflict_do_update(index_elements=["brand", "rule", "day"], set_=later)
    rows = [
        {"brand": brand, "rule": rule, "day": day, "messages": one.messages, "last_ms": one.last_ms}
        for (brand, rule, day), one in sorted(counted.items())
    ]
    if rows:
        connection.execute(statement, rows)


def since(connection: Connection, brand: str, first: int) -> list[Day]:
    """What the rules of a brand matched from this day on, by rule and day."""
    columns = rule_hits.c
    query = select(columns.rule, columns.day, columns.messages, columns.last_ms)
    query = query.where(columns.brand == brand, columns.day >= first).order_by(columns.rule, columns.day)
    return [Day(*row) for row in connection.execute(query)]


def lasts(connection: Connection, brand: str, rules: Collection[str]) -> dict[str, int]:
    """When each of these rules matched last, however long ago that is; without those that never did."""
    columns = rule_hits.c
    query = select(columns.rule, func.max(columns.last_ms)).where(columns.brand == brand).group_by(columns.rule)
    return {rule: last for rule, last in connection.execute(query) if rule in rules}


def first_day(connection: Connection, brand: str) -> int | None:
    """The first day that was counted."""
    query = select(func.min(rule_hits.c.day)).where(rule_hits.c.brand == brand, rule_hits.c.rule == ALL)
    return connection.execute(query).scalar_one_or_none()


def forget(connection: Connection, before: int) -> int:
    """Delete the days before this one; how many rows."""
    return connection.execute(delete(rule_hits).where(rule_hits.c.day < before)).rowcount
