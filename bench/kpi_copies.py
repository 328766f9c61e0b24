"""Many times the same weeks: what was written and counted of some is copied by SQL, each copy moved in time.

So a million contacts and their figures are there in a minute, byte for byte as the gateway would have them: only the first
copy was counted by it, and the others are that one's rows with other ids and times.
"""

from array import array
from collections.abc import Sequence
from typing import Any, Final

from msgspec import msgpack
from sqlalchemy import Connection, Engine, Table, delete, select

from storage import kpi_store as store
from storage.bulk import insert_rows
from storage.kpi_chunk import TIMES
from storage.schema import (
    event_ids,
    handles,
    kpi_changes,
    kpi_chunks,
    kpi_columns,
    kpi_fresh,
    kpi_places,
    kpi_seen,
    marks,
    messages,
    outgoing,
    sla_timers,
    surveys,
    ticket_events,
)

_BASE: Final = (event_ids, messages, outgoing, ticket_events, sla_timers, surveys, handles, marks)
_IDS: Final = frozenset({"conversation_id", "message_id", "handle_id", "customer_id", "ticket", "ticket_event"})
_PRAGMAS: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000")


def multiply(engine: Engine, copies: int, apart_ms: int) -> None:
    """Have everything `copies` times in all, `apart_ms` one behind the other."""
    with engine.connect() as connection:
        for pragma in _PRAGMAS if engine.dialect.name == "sqlite" else ("session_replication_role",):
            connection.exec_driver_sql(f"PRAGMA {pragma}" if engine.dialect.name == "sqlite" else f"SET {pragma} = replica")
        connection.commit()
        last = connection.exec_driver_sql("SELECT max(seq) FROM event_ids").scalar_one()
        for kind in connection.execute(select(kpi_fresh.c.kind).distinct()).scalars().all():
            store.seal(connection, *store.oldest(connection, kind))
        later = _take_apart(connection) if engine.dialect.name == "sqlite" else []
        for table in _BASE:
            _copy(connection, table, copies, apart_ms, last)
        for statement in later:
            connection.exec_driver_sql(statement)
        _copy_chunks(connection, copies, apart_ms)
        connection.execute(delete(kpi_changes))  # the copies are counted
        connection.execute(kpi_seen.update().values(upto=last * copies))
        connection.commit()


def _take_apart(connection: Connection) -> list[str]:
    """Drop indexes and triggers of SQLite, which are sooner made at the end; the statements that make them again."""
    mine = ", ".join(f"'{table.name}'" for table in _BASE)
    query = f"SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table' AND tbl_name IN ({mine})"  # noqa: S608 - our own names
    found = connection.exec_driver_sql(query).all()
    for type_, name, _ in found:
        connection.exec_driver_sql(f"DROP {type_} {name}")
    return [sql for _, _, sql in found]


def _copy(connection: Connection, table: Table, copies: int, apart_ms: int, last: int) -> None:
    names = [column.name for column in table.columns if column.name != "position"]
    values = ", ".join(_moved(table, name, apart_ms, last) for name in names)
    connection.exec_driver_sql(  # names of our own schema, and numbers
        f"INSERT INTO {table.name} ({', '.join(names)}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"  # noqa: S608
        f" WHERE i < {copies - 1}) SELECT {values} FROM n, {table.name} WHERE n.i < {copies}"
    )


def _moved(table: Table, name: str, apart_ms: int, last: int) -> str:
    if name.endswith("_ms") and name not in ("taken_ms", "promised_ms", "ahead_ms"):
        return f"{name} + CAST(i AS BIGINT) * {apart_ms}"
    if name in _IDS or (name == "id" and table is not handles) or (table is handles and name == "id"):
        return f"(10 + i) || '_' || {name}"
    return f"seq + CAST(i AS BIGINT) * {last}" if name == "seq" else name


def _copy_chunks(connection: Connection, copies: int, apart_ms: int) -> None:
    for chunk in connection.execute(select(kpi_chunks)).mappings().all():
        own = kpi_columns.c.chunk == chunk["id"]
        columns = connection.execute(select(kpi_columns).where(own)).all()
        places = connection.execute(select(kpi_places).where(kpi_places.c.chunk == chunk["id"])).all()
        for copy in range(1, copies):
            moved = {name: chunk[name] + copy * apart_ms for name in ("first_ms", "last_ms")}
            row = {name: value for name, value in chunk.items() if name != "id"} | moved
            new = connection.execute(kpi_chunks.insert().values(row).returning(kpi_chunks.c.id)).scalar_one()
            _insert(connection, kpi_columns, columns, new, lambda one, by=copy: {"body": _later(one, by, apart_ms)})
            _insert(
                connection, kpi_places, places, new, lambda one, by=copy: {"unit": f"{one.unit[:2]}{10 + by}_{one.unit[2:]}"}
            )


def _insert(connection: Connection, table: Table, rows: Sequence[Any], chunk: int, change: Any) -> None:
    insert_rows(connection, table, [{**row._mapping, "chunk": chunk, **change(row)} for row in rows])


def _later(column: Any, copy: int, apart_ms: int) -> bytes:
    body: bytes = column.body
    if column.name == TIMES:
        return array("q", [one + copy * apart_ms for one in array("q", body)]).tobytes()
    if column.name.startswith("d:handle"):
        return msgpack.encode({f"{10 + copy}_{link}": bits for link, bits in msgpack.decode(body).items()})
    return body
