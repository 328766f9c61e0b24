"""What people see of surveys: which were planned and asked, what was answered, and what it comes to."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, Select, select, tuple_

from desk.surveys.survey import Value
from identity.views.paging import MOST, Page, cursor_of, parts_of
from storage.schema import handles, surveys
from storage.surveys import as_read

By = Literal["agent", "category", "product", "channel", "brand", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which surveys; all that is given holds. Times in milliseconds since 1970 are those at which their tickets were closed."""

    name: str | None = None
    state: str | None = None
    brand: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """An answer; of words what was written."""

    question: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One survey. `customer` is whose the address is now; `closed_ms` when the survey came to its end."""

    id: str
    name: str
    state: str
    skipped: str | None
    brand: str
    ticket: str
    agent: str | None
    category: str | None
    product: str | None
    reason: str | None
    conversation: str
    customer: str | None
    channel: str | None
    language: str | None
    form: str | None
    planned_ms: int
    asked_ms: int | None
    closed_ms: int | None
    answers: tuple[Given, ...]


@dataclass(slots=True, kw_only=True)
class Sum:
    """What the surveys of one group come to: how many were asked and how many answered anything; by question, how often each
    value was given. Words are counted only (`words`)."""

    group: str | None
    asked: int = 0
    answered: int = 0
    words: int = 0
    values: dict[str, Counter[Value]] = field(default_factory=dict)

    def average(self, question: str) -> float | None:
        """Of the numbers that were given; None where none was."""
        numbers = {value: count for value, count in self.values[question].items() if isinstance(value, int)}
        count = sum(numbers.values())
        return round(sum(value * times for value, times in numbers.items()) / count, 2) if count else None


_SAME: Final = ("id", "name", "state", "skipped", "brand", "ticket", "agent", "category", "product", "reason")
_ALSO: Final = ("channel", "language", "form", "asked_ms", "closed_ms")


def listed(connection: Connection, wanted: Wanted, *, cursor: str | None = None, limit: int = 50) -> Page[Shown]:
    """A page of surveys, newest first. Raises `BadCursor`."""
    query = _of(wanted, _query())
    if cursor is not None:
        place = parts_of(cursor, (int, str))
        query = query.where(tuple_(surveys.c.received_ms, surveys.c.id) < tuple_(*place))
    rows = connection.execute(query.order_by(surveys.c.received_ms.desc(), surveys.c.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    items = tuple(_shown(row) for row in rows[:limit])
    return Page(items, None if last is None else cursor_of(last.received_ms, last.id))


def one(connection: Connection, id_: str) -> Shown | None:
    """The survey of this id, or None."""
    row = connection.execute(_query().where(surveys.c.id == id_)).one_or_none()
    return None if row is None else _shown(row)


def report(connection: Connection, wanted: Wanted, by: By, words: Collection[tuple[str, str]]) -> list[Sum]:
    """Sums by group, in the order of their names; who has none comes last. `words` are the (survey, question) that are
    answered in words."""
    sums: dict[str | None, Sum] = {}
    for row in _asked(connection, wanted):
        found = sums.setdefault(getattr(row, by), Sum(group=getattr(row, by)))
        answers: Mapping[str, Value] = as_read(row._mapping)["answers"]
        found.asked += 1
        found.answered += bool(answers)
        for question, value in answers.items():
            if (row.name, question) in words:
                found.words += 1
            else:
                found.values.setdefault(question, Counter())[value] += 1
    return sorted(sums.values(), key=lambda one: (one.group is None, one.group or ""))


def _asked(connection: Connection, wanted: Wanted) -> Iterator[Row[Any]]:
    """Those that were asked, a page at a time."""
    place: tuple[int, str] = (-1, "")
    while True:
        later = tuple_(surveys.c.received_ms, surveys.c.id) > tuple_(*place)
        query = _of(wanted, select(surveys)).where(surveys.c.asked_ms.is_not(None), later)
        rows = connection.execute(query.order_by(surveys.c.received_ms, surveys.c.id).limit(MOST)).all()
        yield from rows
        if len(rows) < MOST:
            return
        place = (rows[-1].received_ms, rows[-1].id)


def _query() -> Select[Any]:
    whose = handles.c.customer_id.label("customer")
    return select(surveys, whose).join(handles, handles.c.id == surveys.c.handle_id, isouter=True)


def _of(wanted: Wanted, query: Select[Any]) -> Select[Any]:
    for column, value in ((surveys.c.name, wanted.name), (surveys.c.state, wanted.state), (surveys.c.brand, wanted.brand)):
        if value is not None:
            query = query.where(column == value)
    if wanted.since_ms is not None:
        query = query.where(surveys.c.received_ms >= wanted.since_ms)
    return query if wanted.until_ms is None else query.where(surveys.c.received_ms < wanted.until_ms)


def _shown(row: Row[Any]) -> Shown:
    read = as_read(row._mapping)
    return Shown(
        **{name: read[name] for name in (*_SAME, *_ALSO)},
        conversation=read["conversation_id"],
        customer=read["customer"],
        planned_ms=read["received_ms"],
        answers=tuple(Given(question, value) for question, value in read["answers"].items()),
    )
