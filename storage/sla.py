"""Promised times as they are stored: what was promised for a conversation, how far it is, and what is to be told next.

What several transactions may change at once carries a version: whoever changes a timer names the one it read, and changes
nothing where another was faster.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, tuple_, update

from storage import schema_sla
from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import sla_timers

State = Literal["waiting", "running", "paused", "ended"]
Ended = Literal["reply", "ticket", "closed", "replaced"]
OPEN: Final = ("running", "paused")
OPEN_TIMERS: Final = schema_sla.OPEN
"""As a condition: in the words of the index."""
WAITING_TIMERS: Final = schema_sla.WAITING
"""The same of those that wait."""


@dataclass(slots=True, kw_only=True)
class Timer:
    """A row of `sla_timers`."""

    id: str
    conversation_id: str
    message_id: str
    brand: str
    category: str
    promise: str
    state: State
    version: int = 0
    started_ms: int
    promised_ms: int
    ahead_ms: int
    since_ms: int
    taken_ms: int = 0
    warn_ms: int
    due_ms: int
    next_ms: int | None = None
    warned: bool = False
    breached: bool = False
    ended_ms: int | None = None
    ended_by: Ended | None = None
    heard_ms: int = 0
    heard_ticket: str | None = None
    calendar: str | None
    ruleset: str
    priority: int
    escalation: str

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


_NAMES: Final = tuple(field.name for field in fields(Timer))
_COLUMNS: Final = tuple(sla_timers.c[name] for name in _NAMES)
_VALUES: Final = attrgetter(*_NAMES)


def of_conversations(connection: Connection, ids: Collection[str]) -> list[Timer]:
    """All timers of some conversations."""
    query = select(*_COLUMNS).where(among(connection, sla_timers.c.conversation_id))
    return _timers(connection, query, ids_parameter(connection, ids))


def hold(connection: Connection, conversation_id: str) -> list[Timer]:
    """All timers of a conversation, those that wait too, in the order of their beginnings; nobody else changes them until the
    end of the transaction."""
    query = select(*_COLUMNS).where(sla_timers.c.conversation_id == conversation_id)
    return _timers(connection, query.order_by(sla_timers.c.started_ms, sla_timers.c.id).with_for_update())


def stranded(connection: Connection, limit: int) -> list[str]:
    """Conversations with timers that wait behind none."""
    other = sla_timers.alias()
    is_open = (
        other.c.conversation_id == sla_timers.c.conversation_id,
        other.c.state == "running",
        other.c.promise != "resolution",
    )
    query = select(sla_timers.c.conversation_id).distinct().where(WAITING_TIMERS, ~exists().where(*is_open))
    return list(connection.execute(query.order_by(sla_timers.c.conversation_id).limit(limit)).scalars())


def due(connection: Connection, before_ms: int, limit: int) -> list[Timer]:
    """Of which something is to be told, what has waited longest first; nobody else tells it meanwhile."""
    query = select(*_COLUMNS).where(sla_timers.c.next_ms.is_not(None), sla_timers.c.next_ms <= before_ms)
    return _timers(connection, query.order_by(sla_timers.c.next_ms, sla_timers.c.id).limit(limit).with_for_update())


def add(connection: Connection, timers: Sequence[Timer]) -> None:
    """One statement. A conversation that has such a promise by now keeps that one."""
    insert_rows(connection, sla_timers, [_row(one) for one in timers], ignore=True)


def save(connection: Connection, timer: Timer) -> bool:
    """Write a timer that was read before; whether nobody else has changed it since."""
    values = _row(timer) | {"version": timer.version + 1}
    this = (sla_timers.c.id == timer.id, sla_timers.c.version == timer.version)
    if connection.execute(update(sla_timers).where(*this).values(values)).rowcount == 0:
        return False
    timer.version += 1
    return True


def drop(connection: Connection, ids: Collection[str]) -> None:
    """Timers that turned out not to begin."""
    if ids:
        connection.execute(delete(sla_timers).where(among(connection, sla_timers.c.id)), ids_parameter(connection, ids))


def overdue(connection: Connection, now_ms: int) -> dict[tuple[str, str], int]:
    """How many that run are over their time, by category and promise."""
    late = (OPEN_TIMERS, sla_timers.c.state == "running", sla_timers.c.due_ms < now_ms)
    by = (sla_timers.c.category, sla_timers.c.promise)
    rows = connection.execute(select(*by, func.count()).where(*late).group_by(*by))
    return {(category, promise): number for category, promise, number in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which timers: all that is given holds. `late_ms`: running ones that are over at that time; `since_ms`: begun from then
    on."""

    brand: str | None = None
    category: str | None = None
    promise: str | None = None
    late_ms: int | None = None
    since_ms: int | None = None


def running(connection: Connection, wanted: Wanted, after: tuple[int, str] | None, limit: int) -> list[Timer]:
    """Those that hold now, what is due first before the others and what stands at its last time, behind a place."""
    query = select(*_COLUMNS).where(OPEN_TIMERS, *_where(wanted))
    place = (sla_timers.c.due_ms, sla_timers.c.id)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return _timers(connection, query.order_by(*place).limit(limit))


@dataclass(frozen=True, slots=True)
class Course:
    """How a promise went, or goes."""

    category: str
    promise: str
    state: str
    promised_ms: int
    taken_ms: int
    due_ms: int
    ended_by: str | None


def courses(connection: Connection, wanted: Wanted) -> Iterator[Course]:
    """Of all that were begun, one after the other, in no order."""
    query = select(*(sla_timers.c[field.name] for field in fields(Course)))
    query = query.where(sla_timers.c.state != "waiting", *_where(wanted))
    for row in connection.execution_options(yield_per=5_000).execute(query):
        yield Course(*row)


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    named = {name: getattr(wanted, name) for name in ("brand", "category", "promise")}
    found: list[ColumnElement[bool]] = [sla_timers.c[name] == value for name, value in named.items() if value is not None]
    if wanted.late_ms is not None:
        found += [sla_timers.c.state == "running", sla_timers.c.due_ms < wanted.late_ms]
    if wanted.since_ms is not None:
        found.append(sla_timers.c.started_ms >= wanted.since_ms)
    return found


def _row(timer: Timer) -> dict[str, Any]:
    return dict(zip(_NAMES, _VALUES(timer), strict=True))  # a tenth of the time that `asdict` takes


def _timers(connection: Connection, query: Select[Any], parameter: dict[str, Any] | None = None) -> list[Timer]:
    rows = connection.execute(query, parameter or {})
    return [Timer(**dict(zip(_NAMES, row, strict=True))) for row in rows]
