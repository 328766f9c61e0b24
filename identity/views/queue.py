"""Suggestions as people decide them: one entry a pair of customers, with every reason there is for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Label, Row, Select, and_, case, func, or_, select, union

from identity.store import rows_among
from identity.suggestions import Reason
from identity.views.paging import Page, cursor_of, parts_of
from identity.views.tops import Who
from storage.schema import customers, suggestions

State = Literal["open", "accepted", "rejected"]

REASONS: Final[tuple[Reason, ...]] = tuple(one for some in get_args(Reason) for one in get_args(some))
STATES: Final[tuple[State, ...]] = get_args(State)
_ONE, _OTHER = customers.alias("one"), customers.alias("other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One suggestion of a pair. `id` is what is accepted or rejected, `evidence` the message that named them both."""

    id: str
    reason: Reason
    score: int
    evidence: str
    created_ms: int
    decided_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Two customers who may be one: `customer` is the claimed one where one is. `id` and `score` are those of the best of
    `why`; `since_ms` is when the first was made."""

    id: str
    score: int
    state: State
    since_ms: int
    customer: Who
    owner: Who
    why: tuple[Why, ...]


def queue(
    connection: Connection,
    *,
    space: str | None = None,
    reason: str | None = None,
    state: State = "open",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Entry]:
    """The pairs, the most likely first, and of those the oldest. Open ones who are one customer by now are left out; a pair has
    all its reasons, also where one of them was asked for. Raises `BadCursor`."""
    found = connection.execute(_pairs(space, reason, state, cursor).limit(limit + 1)).all()
    shown = [(row.first, row.second) for row in found[:limit]]
    ids = {id_ for pair in shown for id_ in pair}
    below = select(customers.c.id).where(customers.c.merged_into.is_not(None))
    tree = {*ids, *(row.id for row in rows_among(connection, below, customers.c.root_id, ids))}
    entries = _entries(connection, state, _touching(tree))
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        tuple(entries[pair] for pair in shown),
        None if last is None else cursor_of(last.score, last.since_ms, last.first, last.second),
    )


def of_customers(connection: Connection, tree: Collection[str]) -> tuple[Entry, ...]:
    """The open suggestions between the customers of a tree and all others, the most likely first."""
    entries = _entries(connection, "open", _touching(tree)).values()
    return tuple(sorted(entries, key=lambda entry: (-entry.score, entry.since_ms, entry.id)))


def _pairs(space: str | None, reason: str | None, state: State, cursor: str | None) -> Select[Any]:
    first, second = _sides(state)
    score, since = func.max(suggestions.c.score), func.min(suggestions.c.created_ms)
    what = (first.label("first"), second.label("second"), score.label("score"), since.label("since_ms"))
    query = _joined(*what).where(suggestions.c.state == state, first != second).group_by(first, second)
    if space is not None:
        query = query.where(suggestions.c.space == space)
    if reason is not None:
        query = query.having(func.max(case((suggestions.c.reason == reason, 1), else_=0)) == 1)
    if cursor is not None:
        at_score, at_since, at_first, at_second = parts_of(cursor, (int, int, str, str))
        later = or_(first > at_first, and_(first == at_first, second > at_second))
        later = or_(since > at_since, and_(since == at_since, later))
        query = query.having(or_(score < at_score, and_(score == at_score, later)))
    return query.order_by(score.desc(), since, first, second)


def _touching(ids: Collection[str]) -> ColumnElement[bool]:
    """Suggestions that name one of these, by the indexes of both columns."""
    named = (select(suggestions.c.id).where(column.in_(ids)) for column in (suggestions.c.customer_id, suggestions.c.owner_id))
    return suggestions.c.id.in_(union(*named))


def _entries(connection: Connection, state: State, which: ColumnElement[bool]) -> dict[tuple[str, str], Entry]:
    """By pair, its sides in the order of `_sides`."""
    first, second = _sides(state)
    query = _joined(first.label("first"), second.label("second"), *suggestions.c, *_sides_as_named(state))
    # By its state SQLite would look at all there are.
    rows = [row for row in connection.execute(query.where(which, first != second)) if row.state == state]
    who = _who(connection, {id_ for row in rows for id_ in (row.first, row.second)})
    pairs: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (-row.score, row.created_ms, row.id)):
        pairs.setdefault((row.first, row.second), []).append(row)
    return {pair: _entry(reasons, state, who) for pair, reasons in pairs.items()}


def _entry(rows: Sequence[Row[Any]], state: State, who: Mapping[str, Who]) -> Entry:
    best = rows[0]
    return Entry(
        id=best.id,
        score=best.score,
        state=state,
        since_ms=min(row.created_ms for row in rows),
        customer=who[best.named],
        owner=who[best.beside],
        why=tuple(
            Why(
                id=row.id,
                reason=row.reason,
                score=row.score,
                evidence=row.evidence,
                created_ms=row.created_ms,
                decided_ms=row.decided_ms,
            )
            for row in rows
        ),
    )


def _who(connection: Connection, ids: Collection[str]) -> dict[str, Who]:
    query = select(customers.c.id, customers.c.space, customers.c.standing, customers.c.name)
    return {
        row.id: Who(row.id, row.space, row.standing, row.name) for row in rows_among(connection, query, customers.c.id, ids)
    }


def _joined(*what: Any) -> Select[Any]:
    """Suggestions with the rows of both customers, so that those of somebody erased are left out."""
    return (
        select(*what)
        .join_from(suggestions, _ONE, _ONE.c.id == suggestions.c.customer_id)
        .join(_OTHER, _OTHER.c.id == suggestions.c.owner_id)
    )


def _sides_as_named(state: State) -> tuple[Label[str], Label[str]]:
    """Of those at the top while it is open, since these would be merged; afterwards as it was decided."""
    if state == "open":
        return _ONE.c.root_id.label("named"), _OTHER.c.root_id.label("beside")
    return suggestions.c.customer_id.label("named"), suggestions.c.owner_id.label("beside")


def _sides(state: State) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The two ids of a pair, in one order whichever was named first."""
    one, other = (side.element for side in _sides_as_named(state))
    return case((one < other, one), else_=other), case((one < other, other), else_=one)
