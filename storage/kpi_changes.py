"""What has changed since figures were counted last: units named by triggers, and new contacts by the numbers of their journals.

A commit is one of the few things that must stay fast, so it writes nothing for figures. It enters each event into `event_ids`
with the number that the event had in its journal; these have no holes but for what is not committed yet. So all numbers up to
one, without some gaps, say exactly what was counted, in whatever order nodes commit.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import cursors, event_ids, kpi_changes, kpi_seen, messages, repeats

AT_ONCE: Final = 2_000
"""Changes, and contacts of a journal, that one step looks at."""
_REACH: Final = 100_000
"""Numbers before the last one among which gaps are looked for, of a journal that is seen for the first time."""
_GAPS: Final = 2_000
_NAME: Final = "kpi"


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a journal is counted: up to a number, but for those in `gaps`."""

    journal: str
    upto: int
    gaps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Units to be counted anew, and what is to be noted once they are. `more`: these are not all."""

    units: frozenset[str]
    positions: tuple[int, ...]
    seen: tuple[Seen, ...]
    more: bool


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
    """What is to be counted anew: at most `limit` changes and as many contacts of each journal, or all."""
    query = select(kpi_changes.c.position, kpi_changes.c.unit).order_by(kpi_changes.c.position)
    rows = connection.execute(query if limit is None else query.limit(limit)).all()
    units = {row.unit for row in rows}
    known = {
        row.journal: Seen(row.journal, row.upto, tuple(orjson.loads(row.gaps))) for row in connection.execute(select(kpi_seen))
    }
    seen, more = [], limit is not None and len(rows) == limit
    for journal, last in _journals(connection):
        before = known.get(journal, Seen(journal, 0))
        if last > before.upto or before.gaps:
            after, ids = _new(connection, before, limit)
            units |= _talks(connection, ids)
            more = more or (limit is not None and len(ids) >= limit)
            if after != before:
                seen.append(after)
    positions = tuple(row.position for row in rows)
    return Changes(frozenset(units), positions, tuple(seen), more)


def note(connection: Connection, changes: Changes) -> None:
    """These were counted."""
    connection.execute(delete(kpi_changes).where(kpi_changes.c.position.in_(changes.positions)))
    save(connection, changes.seen)


def again(connection: Connection, units: Collection[str]) -> None:
    """Let units be counted anew."""
    if units:
        connection.execute(kpi_changes.insert(), [{"unit": unit} for unit in sorted(units)])


def save(connection: Connection, seen: Iterable[Seen]) -> None:
    """Note how far journals are counted."""
    rows: list[dict[str, Any]] = [
        {"journal": one.journal, "upto": one.upto, "gaps": orjson.dumps(one.gaps).decode()} for one in seen
    ]
    if rows:
        connection.execute(delete(kpi_seen).where(kpi_seen.c.journal.in_([row["journal"] for row in rows])))
        insert_rows(connection, kpi_seen, rows)


def everything(connection: Connection) -> tuple[Seen, ...]:
    """All journals, as far as they are committed now."""
    return tuple(_last(connection, *journal) for journal in _journals(connection))


def clear(connection: Connection) -> None:
    """Forget what was seen and what has changed: all is to be counted."""
    connection.execute(delete(kpi_changes))
    connection.execute(delete(kpi_seen))


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
    """How far a journal is by now, and the ids of what came."""
    mine = select(event_ids.c.seq, event_ids.c.id).where(event_ids.c.journal == before.journal)
    # Two statements: with an OR, SQLite goes through the whole journal.
    late = connection.execute(mine.where(event_ids.c.seq.in_(before.gaps))).all() if before.gaps else []
    query = mine.where(event_ids.c.seq > before.upto).order_by(event_ids.c.seq)
    rows = connection.execute(query if limit is None else query.limit(limit)).all()
    upto = rows[-1].seq if rows else before.upto
    passed = set(range(max(before.upto, upto - _REACH) + 1, upto + 1)) | set(before.gaps)
    missing = passed - {row.seq for row in (*late, *rows)}
    return Seen(before.journal, upto, _not_repeats(connection, before.journal, missing)), [row.id for row in (*late, *rows)]


def _last(connection: Connection, journal: str, upto: int) -> Seen:
    begin = max(0, upto - _REACH)
    there = select(event_ids.c.seq).where(event_ids.c.journal == journal, event_ids.c.seq > begin)
    missing = set(range(begin + 1, upto + 1)).difference(connection.execute(there).scalars())
    return Seen(journal, upto, _not_repeats(connection, journal, missing))


def _not_repeats(connection: Connection, journal: str, seqs: set[int]) -> tuple[int, ...]:
    """Gaps: what is not committed, and not many, since what was removed long ago leaves some too that nothing ever fills."""
    if not seqs:
        return ()
    within = (repeats.c.seq >= min(seqs), repeats.c.seq <= max(seqs))
    known = connection.execute(select(repeats.c.seq).where(repeats.c.journal == journal, *within)).scalars()
    return tuple(sorted(seqs.difference(known))[-_GAPS:])


def _talks(connection: Connection, ids: Sequence[str]) -> set[str]:
    if not ids:
        return set()
    query = select(messages.c.conversation_id).where(among(connection, messages.c.id)).distinct()
    return {f"c/{id_}" for id_ in connection.execute(query, ids_parameter(connection, ids)).scalars()}
