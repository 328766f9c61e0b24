"""What has changed since figures were counted last: units named by triggers, and new contacts by the numbers of their journals.

A commit is one of the few things that must stay fast, so it writes nothing for figures. It enters each event into `event_ids`
with the number that the event had in its journal; these have no holes but for what is not committed yet. So all numbers up to
one, without some gaps, say exactly what was counted, in whatever order nodes commit.

A gap is kept until its number is there, however long that takes and however many there are: nothing else says that a node that
was off for a month still has contacts to commit. That costs little, since gaps are spans, and hardly any of them never fill:
only what was forgotten before it was ever counted, and what a journal had when its disk was lost. What is removed or forgotten
after it was counted makes none, also where all is counted anew: how far journals were seen stays as it is then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.bulk import among, ids_parameter, insert_rows
from storage.kpi_gaps import Gaps, joined, read, without, written
from storage.schema import cursors, event_ids, kpi_changes, kpi_seen, messages

_NAME: Final = "kpi"


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a journal is counted: up to a number, but for those in `gaps`."""

    journal: str
    upto: int
    gaps: Gaps = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Units to be counted anew: first those that are named, by the positions of the rows that name them, in the order in which
    they wait; then those of new contacts. What is to be noted once they are counted, and whether there is more."""

    units: tuple[str, ...]
    named: Mapping[str, Sequence[int]]
    seen: tuple[Seen, ...]
    more: bool
    later: tuple[str, ...] = ()
    """To be named: their contacts are not new any more, and they are not counted yet."""

    def first(self, number: int) -> "Changes":
        """Only so many of the units. Others stay named; new contacts are none until all that was named is counted."""
        units, left = self.units[:number], self.units[number:]
        if number < len(self.named):
            return Changes(units, {unit: self.named[unit] for unit in units}, (), more=True)
        return replace(self, units=units, more=self.more or bool(left), later=left)


@dataclass(frozen=True, slots=True)
class State:
    """How far figures are, in the words of whoever counts, and how often anything was written of them."""

    place: str = ""
    turn: int = 0


def hold(connection: Connection, now_ms: int) -> State:
    """Be the only one who writes figures, until the end of the transaction; the state before."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(cursors).values(name=_NAME, place="", token=1, updated_ms=now_ms)
    again = {"token": cursors.c.token + 1, "updated_ms": now_ms}
    held = enter.on_conflict_do_update(index_elements=[cursors.c.name], set_=again)
    row = connection.execute(held.returning(cursors.c.place, cursors.c.token)).one()
    return State(row.place, row.token - 1)


def state(connection: Connection) -> State:
    """Without holding them."""
    row = connection.execute(select(cursors.c.place, cursors.c.token).where(cursors.c.name == _NAME)).one_or_none()
    return State() if row is None else State(row.place, row.token)


def set_place(connection: Connection, place: str) -> None:
    """After `hold`."""
    connection.execute(update(cursors).where(cursors.c.name == _NAME).values(place=place))


def waiting(connection: Connection, limit: int | None = None) -> Changes:
    """What is to be counted anew, all of it; or at most so many changes, and where these are all, as many contacts of each
    journal."""
    query = select(kpi_changes.c.position, kpi_changes.c.unit).order_by(kpi_changes.c.position)
    rows = connection.execute(query if limit is None else query.limit(limit)).all()
    named: dict[str, list[int]] = {}
    for row in rows:
        named.setdefault(row.unit, []).append(row.position)
    if limit is not None and len(rows) == limit:
        return Changes(tuple(named), named, (), more=True)
    units, seen, more = dict.fromkeys(named), [], False
    known = _known(connection)
    for journal, last in _journals(connection):
        before = known.get(journal, Seen(journal, 0))
        if last > before.upto or before.gaps:
            after, ids = _new(connection, before, limit)
            units |= dict.fromkeys(_talks(connection, ids))
            more = more or (limit is not None and len(ids) >= limit)
            if after != before:
                seen.append(after)
    return Changes(tuple(units), named, tuple(seen), more)


def note(connection: Connection, changes: Changes) -> None:
    """These were counted."""
    positions = [position for several in changes.named.values() for position in several]
    connection.execute(delete(kpi_changes).where(kpi_changes.c.position.in_(positions)))
    save(connection, changes.seen)
    again(connection, changes.later)


def last_named(connection: Connection) -> int:
    """The position of the last row that names a unit, or 0."""
    last: int = connection.execute(select(func.coalesce(func.max(kpi_changes.c.position), 0))).scalar_one()
    return last


def is_named(connection: Connection, last: int) -> bool:
    """Whether a row up to a position names a unit."""
    return connection.execute(select(kpi_changes.c.position).where(kpi_changes.c.position <= last).limit(1)).first() is not None


def again(connection: Connection, units: Collection[str]) -> None:
    """Let units be counted anew."""
    if units:
        connection.execute(kpi_changes.insert(), [{"unit": unit} for unit in dict.fromkeys(units)])


def save(connection: Connection, seen: Iterable[Seen]) -> None:
    """Note how far journals are counted."""
    rows: list[dict[str, Any]] = [{"journal": one.journal, "upto": one.upto, "gaps": written(one.gaps)} for one in seen]
    if rows:
        connection.execute(delete(kpi_seen).where(kpi_seen.c.journal.in_([row["journal"] for row in rows])))
        insert_rows(connection, kpi_seen, rows)


def everything(connection: Connection) -> tuple[Seen, ...]:
    """All journals, as far as they are committed now. Reads each from where it was seen last."""
    known = _known(connection)
    return tuple(_up_to(connection, known.get(journal, Seen(journal, 0)), last) for journal, last in _journals(connection))


def clear(connection: Connection) -> None:
    """Forget what has changed: all is to be counted. How far journals were seen holds all the same."""
    connection.execute(delete(kpi_changes))


def _known(connection: Connection) -> dict[str, Seen]:
    rows = connection.execute(select(kpi_seen))
    return {row.journal: Seen(row.journal, row.upto, read(row.gaps)) for row in rows}


def _journals(connection: Connection) -> list[tuple[str, int]]:
    """Each with its last number: by two looks into the index for each, since there are few, with a million rows each."""
    rows = connection.execute(
        text("""
        WITH RECURSIVE one(journal) AS (
            SELECT min(journal) FROM event_ids
            UNION ALL SELECT (SELECT min(e.journal) FROM event_ids e WHERE e.journal > one.journal) FROM one
            WHERE one.journal IS NOT NULL)
        SELECT journal, (SELECT max(e.seq) FROM event_ids e WHERE e.journal = one.journal) FROM one WHERE journal IS NOT NULL
        """)
    )
    return [(journal, last) for journal, last in rows]


def _new(connection: Connection, before: Seen, limit: int | None) -> tuple[Seen, Sequence[str]]:
    """How far a journal is by now, and the ids of what came: at most `limit` late ones, and as many others."""
    late = _among_gaps(connection, "item.seq, item.id", "event_ids", before, limit)
    query = select(event_ids.c.seq, event_ids.c.id).where(event_ids.c.journal == before.journal, event_ids.c.seq > before.upto)
    rows = connection.execute(query.order_by(event_ids.c.seq).limit(limit)).all()
    upto = rows[-1].seq if rows else before.upto
    passed: Gaps = ((before.upto + 1, upto),) if rows else ()
    came = [*late, *rows]
    left = Seen(before.journal, upto, without(joined(before.gaps, passed), [row.seq for row in came]))
    return _without_repeats(connection, left), [row.id for row in came]


def _up_to(connection: Connection, before: Seen, last: int) -> Seen:
    """A journal as far as a number that is committed, whatever came. One statement finds what is missing: there may be millions
    of others."""
    late = [row.seq for row in _among_gaps(connection, "item.seq", "event_ids", before)]
    old = _without_repeats(connection, Seen(before.journal, before.upto, without(before.gaps, late)))
    rows = connection.execute(
        text("""
        SELECT seq + 1, following - 1 FROM (
            SELECT seq, lead(seq) OVER (ORDER BY seq) AS following FROM (
                SELECT CAST(:after AS BIGINT) AS seq
                UNION ALL SELECT seq FROM event_ids WHERE journal = :journal AND seq > :after AND seq <= :last
                UNION ALL SELECT seq FROM repeats WHERE journal = :journal AND seq > :after AND seq <= :last) AS committed
            ) AS pairs WHERE following > seq + 1 ORDER BY seq
        """),
        {"journal": before.journal, "after": before.upto, "last": last},
    )
    missing = tuple((first, end) for first, end in rows)
    return Seen(before.journal, max(before.upto, last), joined(old.gaps, missing))


def _without_repeats(connection: Connection, seen: Seen) -> Seen:
    """Numbers of repeats are no gaps."""
    repeated = [row.seq for row in _among_gaps(connection, "item.seq", "repeats", seen)]
    return Seen(seen.journal, seen.upto, without(seen.gaps, repeated)) if repeated else seen


def _among_gaps(connection: Connection, columns: str, table: str, seen: Seen, limit: int | None = None) -> Sequence[Row[Any]]:
    """The rows of a journal whose numbers are in its gaps: a look into the index for each span."""
    if not seen.gaps:
        return []
    if connection.dialect.name == "sqlite":
        # Not JOIN: SQLite would be free to begin with the whole journal.
        spans, first, last = "json_each(:gaps) AS gap CROSS JOIN", "json_extract(value, '$[0]')", "json_extract(value, '$[1]')"
    else:
        spans = "jsonb_array_elements(CAST(:gaps AS jsonb)) AS gap(span) CROSS JOIN"
        first, last = "CAST(span ->> 0 AS BIGINT)", "CAST(span ->> 1 AS BIGINT)"
    query = f"SELECT {columns} FROM {spans} {table} AS item WHERE journal = :journal AND item.seq BETWEEN {first} AND {last}"  # noqa: S608 - our own names
    values = {"gaps": written(seen.gaps), "journal": seen.journal}
    if limit is None:
        return connection.execute(text(query), values).all()
    return connection.execute(text(f"{query} LIMIT :limit"), {**values, "limit": limit}).all()


def _talks(connection: Connection, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    query = select(messages.c.conversation_id).where(among(connection, messages.c.id)).distinct()
    return sorted(f"c/{id_}" for id_ in connection.execute(query, ids_parameter(connection, ids)).scalars())
