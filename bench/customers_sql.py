"""Many rows made of one, inside the database: SQL for SQLite and PostgreSQL, in which `i` counts from 1."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, text

DIGITS = "0123456789"
LETTERS = "abcdefghij"


class Copies:
    """Copies rows `number` times. The methods that give expressions are for the columns in which the copies differ."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._sqlite = connection.dialect.name == "sqlite"

    def copy(self, row: Mapping[str, Any], table: Table, own: Mapping[str, str], *, order: str | None = None) -> None:
        """Insert copies of a row, with the expressions of `own` in their columns. `order`: the column by which the copies are
        inserted; a table that is kept in the order of its key is filled far faster from one side."""
        columns = {column.name: own.get(column.name, self.same(column)) for column in table.columns}
        series, source = self._series()
        ordered = f" ORDER BY {1 + list(columns).index(order)}" if order else ""
        names, values = ", ".join(columns), ", ".join(columns.values())
        statement = f"{series} INSERT INTO {table.name} ({names}) SELECT {values} FROM {source}{ordered}"  # noqa: S608  # names of our own schema
        self._connection.execute(text(statement), dict(row))

    def same(self, column: Column[Any]) -> str:
        """What the row has there. PostgreSQL takes a parameter for a text unless it is told."""
        return f"CAST(:{column.name} AS {column.type.compile(dialect=self._connection.dialect)})"

    def replaced(self, column: Column[Any], old: str, new: str) -> str:
        """What the row has there, with an expression in the place of some words."""
        return f"replace({self.same(column)}, '{old}', {new})"

    def digits(self, number: str, width: int) -> str:
        """An expression as digits, with zeros in front."""
        return f"printf('%0{width}d', {number})" if self._sqlite else f"lpad(({number})::text, {width}, '0')"

    def letters(self, number: str, width: int) -> str:
        """The same with letters for digits."""
        found = self.digits(number, width)
        if not self._sqlite:
            return f"translate({found}, '{DIGITS}', '{LETTERS}')"
        for digit, letter in zip(DIGITS, LETTERS, strict=True):
            found = f"replace({found}, '{digit}', '{letter}')"
        return found

    def chance(self) -> str:
        """32 hexadecimal digits, others in each row."""
        return "lower(hex(randomblob(16)))" if self._sqlite else "md5(random()::text)"

    def size(self) -> int:
        """Bytes of the database so far, indexes and all."""
        ask = self._connection.exec_driver_sql
        if self._sqlite:
            return int(ask("PRAGMA page_count").scalar_one() * ask("PRAGMA page_size").scalar_one())
        return int(ask("SELECT pg_database_size(current_database())").scalar_one())

    def _series(self) -> tuple[str, str]:
        if self._sqlite:
            return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {self._number})", "n"  # noqa: S608
        return "", f"generate_series(1, {self._number}) AS n(i)"
