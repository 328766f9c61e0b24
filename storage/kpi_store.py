"""Facts as they are stored: fresh ones as rows, the others in chunks; and what is read of them for a question.

Whoever writes holds the figures first (`storage.kpi_changes.hold`).
"""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from storage import kpi_changes as changes
from storage.bulk import among, ids_parameter, insert_rows
from storage.kpi_bits import bits_of, to_bytes
from storage.kpi_chunk import TIMES, Chunk, Fact, pack, read, swept
from storage.schema import kpi_chunks, kpi_columns, kpi_fresh, kpi_places

SIZE: Final = 4_096
"""Facts of a chunk: places are written in 16 bits."""
_DISSOLVE: Final = 2
"""A chunk of which no more than one in so many facts holds is given up."""

_WITH_DEAD: Final = (
    select(kpi_chunks.c.id).where(kpi_chunks.c.size - kpi_chunks.c.live > kpi_chunks.c.swept).order_by(kpi_chunks.c.id).limit(1)
)

Facts = Mapping[str, Sequence[Fact]]
"""By unit."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Facts of a kind, from a time on and before another, with these columns; a chunk has its times where they are named, or
    not all of it is wanted."""

    kind: str
    since_ms: int
    until_ms: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pack:
    """Facts of one kind as a chunk will have them: each by its unit and time, in that order, and their columns."""

    kind: str
    facts: Sequence[tuple[str, int]]
    columns: Mapping[str, bytes]


def put(connection: Connection, facts: Facts) -> None:
    """Let these units have these facts, and no others."""
    _clear(connection, facts.keys())
    rows = [{"unit": unit, "kind": fact.kind, "body": fact.written()} for unit, several in facts.items() for fact in several]
    insert_rows(connection, kpi_fresh, rows)


def clear(connection: Connection) -> None:
    """Leave nothing at all."""
    for table in (kpi_fresh, kpi_places, kpi_columns, kpi_chunks):
        connection.execute(delete(table))


def ripe(connection: Connection) -> str | None:
    """A kind of which there are enough fresh facts for a chunk."""
    query = select(kpi_fresh.c.kind).group_by(kpi_fresh.c.kind).having(func.count() >= SIZE)
    return connection.execute(query.limit(1)).scalar_one_or_none()


def oldest(connection: Connection, kind: str) -> tuple[list[int], Pack]:
    """The fresh facts of a kind that came first, as many as a chunk has or all: the ids of their rows, and the chunk."""
    query = select(kpi_fresh).where(kpi_fresh.c.kind == kind).order_by(kpi_fresh.c.id).limit(SIZE)
    rows = connection.execute(query).all()
    return [row.id for row in rows], _pack(kind, [(row.unit, read(row.kind, row.body)) for row in rows])


def bundled(facts: Facts) -> tuple[dict[str, list[Fact]], list[Pack]]:
    """The same facts, those of which there are enough as chunks."""
    kinds: dict[str, list[tuple[str, Fact]]] = defaultdict(list)
    for unit, several in facts.items():
        for fact in several:
            kinds[fact.kind].append((unit, fact))
    rest: dict[str, list[Fact]] = {unit: [] for unit in facts}
    packs = []
    for kind, some in kinds.items():
        whole = len(some) - len(some) % SIZE
        packs += [_pack(kind, some[begin : begin + SIZE]) for begin in range(0, whole, SIZE)]
        for unit, fact in some[whole:]:
            rest[unit].append(fact)
    return rest, packs


def seal(connection: Connection, ids: Sequence[int], made: Pack) -> bool:
    """Put fresh facts into a chunk; False where some of their rows are not there any more, and nothing is done."""
    there = select(func.count()).select_from(kpi_fresh).where(kpi_fresh.c.id.in_(ids))
    if connection.execute(there).scalar_one() != len(ids):
        return False
    connection.execute(delete(kpi_fresh).where(kpi_fresh.c.id.in_(ids)))
    add(connection, made)
    return True


def add(connection: Connection, made: Pack) -> None:
    """A new chunk."""
    size, (first, *_, last) = len(made.facts), (made.facts[0], *made.facts)
    row = {"kind": made.kind, "first_ms": first[1], "last_ms": last[1], "size": size, "live": size, "swept": 0, "dead": b""}
    chunk = connection.execute(kpi_chunks.insert().values(**row).returning(kpi_chunks.c.id)).scalar_one()
    columns = [{"chunk": chunk, "name": name, "body": body} for name, body in made.columns.items()]
    insert_rows(connection, kpi_columns, columns)
    places: dict[str, list[int]] = defaultdict(list)
    for place, (unit, _) in enumerate(made.facts):
        places[unit].append(place)
    rows = [{"unit": unit, "chunk": chunk, "places": _written(several)} for unit, several in places.items()]
    insert_rows(connection, kpi_places, rows)


def has_dead(connection: Connection) -> bool:
    """Whether `sweep` has something to do."""
    return connection.execute(_WITH_DEAD).first() is not None


def sweep(connection: Connection) -> bool:
    """Take what is dead out of the columns of one chunk; whether there was any. A chunk that is mostly dead is given up: what
    holds of it is counted anew."""
    chunk = connection.execute(_WITH_DEAD).scalar_one_or_none()
    if chunk is not None:
        _sweep(connection, chunk)
    return chunk is not None


def chunks(connection: Connection, wanted: Wanted, hidden: Collection[str]) -> Iterator[Chunk]:
    """Those that may have what is wanted, without the facts of `hidden` units."""
    since_ms, until_ms, names = wanted.since_ms, wanted.until_ms, wanted.names
    mine = and_(kpi_chunks.c.kind == wanted.kind, kpi_chunks.c.last_ms >= since_ms, kpi_chunks.c.first_ms < until_ms)
    outside = or_(kpi_chunks.c.first_ms < since_ms, kpi_chunks.c.last_ms >= until_ms)
    columns = or_(kpi_columns.c.name.in_(names), and_(kpi_columns.c.name == TIMES, outside))
    over = _places(connection, hidden)
    made = {row.id: _chunk(row, over.get(row.id, 0)) for row in connection.execute(select(kpi_chunks).where(mine))}
    query = select(kpi_columns).join(kpi_chunks, kpi_chunks.c.id == kpi_columns.c.chunk).where(mine, columns)
    for row in connection.execute(query):
        made[row.chunk].add(row.name, row.body)
    yield from made.values()


def fresh(connection: Connection, kind: str, hidden: Collection[str]) -> list[Fact]:
    """Facts of a kind that are in no chunk, without those of `hidden` units."""
    rows = connection.execute(select(kpi_fresh.c.unit, kpi_fresh.c.body).where(kpi_fresh.c.kind == kind))
    return [read(kind, row.body) for row in rows if row.unit not in hidden]


def _pack(kind: str, facts: Sequence[tuple[str, Fact]]) -> Pack:
    ordered = sorted(facts, key=lambda one: one[1].at_ms)
    columns = pack([fact for _, fact in ordered])
    return Pack(kind, [(unit, fact.at_ms) for unit, fact in ordered], columns)


def _clear(connection: Connection, units: Collection[str]) -> None:
    """Let nothing of these units hold."""
    parameter = ids_parameter(connection, sorted(units))
    over = _places(connection, units)
    connection.execute(delete(kpi_places).where(among(connection, kpi_places.c.unit)), parameter)
    connection.execute(delete(kpi_fresh).where(among(connection, kpi_fresh.c.unit)), parameter)
    for chunk, bits in sorted(over.items()):
        row = connection.execute(select(kpi_chunks).where(kpi_chunks.c.id == chunk)).one()
        dead = int.from_bytes(row.dead, "little") | bits
        values = {"dead": to_bytes(dead), "live": row.size - dead.bit_count()}
        connection.execute(update(kpi_chunks).where(kpi_chunks.c.id == chunk).values(**values))


def _sweep(connection: Connection, chunk: int) -> None:
    row = connection.execute(select(kpi_chunks).where(kpi_chunks.c.id == chunk)).one()
    dead = int.from_bytes(row.dead, "little")
    if not row.live:
        connection.execute(delete(kpi_columns).where(kpi_columns.c.chunk == chunk))
        connection.execute(delete(kpi_chunks).where(kpi_chunks.c.id == chunk))
        return
    for column in connection.execute(select(kpi_columns).where(kpi_columns.c.chunk == chunk)).all():
        this = and_(kpi_columns.c.chunk == chunk, kpi_columns.c.name == column.name)
        left = swept(column.name, column.body, dead)
        if left is None:
            connection.execute(delete(kpi_columns).where(this))
        elif left != column.body:
            connection.execute(update(kpi_columns).where(this).values(body=left))
    connection.execute(update(kpi_chunks).where(kpi_chunks.c.id == chunk).values(swept=row.size - row.live))
    if row.live * _DISSOLVE <= row.size:
        query = select(kpi_places.c.unit).where(kpi_places.c.chunk == chunk)
        changes.again(connection, connection.execute(query).scalars().all())


def _places(connection: Connection, units: Collection[str]) -> dict[int, int]:
    """Where the facts of units are: bits, by chunk."""
    found: dict[int, int] = defaultdict(int)
    if units:
        query = select(kpi_places.c.chunk, kpi_places.c.places).where(among(connection, kpi_places.c.unit))
        for row in connection.execute(query, ids_parameter(connection, sorted(units))):
            found[row.chunk] |= bits_of(struct.unpack(f"<{len(row.places) // 2}H", row.places))
    return found


def _chunk(row: Row[Any], hidden: int) -> Chunk:
    live = ((1 << row.size) - 1) & ~(int.from_bytes(row.dead, "little") | hidden)
    return Chunk(row.first_ms, row.last_ms, row.size, live)


def _written(places: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(places)}H", *places)
