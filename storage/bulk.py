"""Statements over a whole batch, written by hand for both databases: the hot ones.

SQLAlchemy's own executemany and `IN` handle each value of each row in Python; for a batch of 256 contacts that costs
more than the databases do. Here rows go to the driver as tuples, and a list of ids as one parameter.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Select, Table, any_, bindparam, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

Rows = Sequence[Mapping[str, Any]]


def insert_rows(connection: Connection, table: Table, rows: Rows, *, ignore: bool = False) -> int:
    """Insert rows that all have the same columns, at least two; how many were inserted. With `ignore` a row that exists
    stays as it is."""
    if not rows:
        return 0
    columns = tuple(rows[0])
    statement = _insert(table.name, columns, _marker(connection), ignore=ignore)
    return connection.exec_driver_sql(statement, list(map(itemgetter(*columns), rows))).rowcount


def update_rows(connection: Connection, table: Table, key: str, rows: Rows) -> None:
    """Set the columns of the rows found by `key`. All rows have the same columns, the key among them."""
    if not rows:
        return
    columns = tuple(column for column in rows[0] if column != key)
    statement = _update(table.name, columns, key, _marker(connection))
    connection.exec_driver_sql(statement, list(map(itemgetter(*columns, key), rows)))


def among(connection: Connection, column: Column[str]) -> ColumnElement[bool]:
    """`column` is one of the ids bound as `ids`, which `ids_parameter` makes: one parameter whatever their number."""
    return _among(column, connection.dialect.name)


def ids_parameter(connection: Connection, ids: Collection[str]) -> dict[str, Any]:
    """The parameter for `among`."""
    return {"ids": orjson.dumps(list(ids)).decode() if connection.dialect.name == "sqlite" else list(ids)}


@lru_cache
def _among(column: Column[str], dialect: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        values: Select[Any] = select(literal_column("value")).select_from(
            text("json_each(:ids)").bindparams(bindparam("ids", type_=Text))
        )
        return column.in_(values)
    return column == any_(bindparam("ids", type_=ARRAY(Text)))


def _marker(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


@lru_cache
def _insert(table: str, columns: tuple[str, ...], marker: str, *, ignore: bool) -> str:
    values = ", ".join([marker] * len(columns))
    end = " ON CONFLICT DO NOTHING" if ignore else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}){end}"  # noqa: S608  # names of our own schema


@lru_cache
def _update(table: str, columns: tuple[str, ...], key: str, marker: str) -> str:
    pairs = ", ".join(f"{column} = {marker}" for column in columns)
    return f"UPDATE {table} SET {pairs} WHERE {key} = {marker}"  # noqa: S608  # names of our own schema
