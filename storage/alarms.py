"""What is wrong with connectors now: one row for each, entered once whichever node finds it, until its end is told.

A row is there before its event and until after its end's, and both events carry `raised_ms`. So whoever is killed in
between, whoever goes on tells the same again, which is a repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong, see `storage.schema_watch`."""

    connector: str
    name: str
    kind: str
    since_ms: int
    raised_ms: int
    detail: str
    told: bool = False
    cleared_ms: int | None = None
    ending: str = ""


def enter(connection: Connection, alarm: Alarm) -> bool:
    """False: there is one of its connector, name and kind already, and it stays as it is."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(alarms).values(asdict(alarm)).on_conflict_do_nothing()
    return connection.execute(statement.returning(alarms.c.kind)).one_or_none() is not None


def everything(connection: Connection) -> list[Alarm]:
    """All alarms, those that are over and not told included, in the order they were raised."""
    query = select(alarms).order_by(alarms.c.raised_ms, alarms.c.connector, alarms.c.name, alarms.c.kind)
    return [Alarm(**row) for row in connection.execute(query).mappings()]


def tell(connection: Connection, alarm: Alarm) -> None:
    """Its event is accepted."""
    connection.execute(update(alarms).where(_this(alarm)).values(told=True))


def clear(connection: Connection, alarm: Alarm, now_ms: int, ending: str) -> bool:
    """It is over. False: it was before, or it is another one by now."""
    this = and_(_this(alarm), alarms.c.cleared_ms.is_(None))
    return bool(connection.execute(update(alarms).where(this).values(cleared_ms=now_ms, ending=ending)).rowcount)


def drop(connection: Connection, alarm: Alarm) -> None:
    """Its end is told."""
    connection.execute(delete(alarms).where(_this(alarm), alarms.c.cleared_ms.is_not(None)))


def _this(alarm: Alarm) -> ColumnElement[bool]:
    """The same row, and not one that was raised later under the same key."""
    return and_(
        alarms.c.connector == alarm.connector,
        alarms.c.name == alarm.name,
        alarms.c.kind == alarm.kind,
        alarms.c.raised_ms == alarm.raised_ms,
    )
