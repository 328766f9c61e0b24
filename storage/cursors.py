"""How far a source was read: one place a name, moved forward only by who owns the source."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import cursors


@dataclass(frozen=True, slots=True)
class Cursor:
    """`place` is the source's own text; `token` the fencing token it was moved under."""

    place: str
    token: int


def read(connection: Connection, name: str) -> Cursor | None:
    """Where `name` stands, or None when it was never moved."""
    row = connection.execute(select(cursors.c.place, cursors.c.token).where(cursors.c.name == name)).one_or_none()
    return None if row is None else Cursor(row.place, row.token)


def move(connection: Connection, name: str, place: str, token: int) -> bool:
    """Put `name` at `place`. False: it was moved under a higher token before, so `token`'s owner owns it no more, and
    nothing changed."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(cursors)
    later = {column: enter.excluded[column] for column in ("place", "token", "updated_ms")}
    row = {"name": name, "place": place, "token": token, "updated_ms": time.time_ns() // 1_000_000}
    statement = enter.values(row).on_conflict_do_update(
        index_elements=[cursors.c.name], set_=later, where=cursors.c.token <= enter.excluded.token
    )
    return connection.execute(statement.returning(cursors.c.name)).one_or_none() is not None


def forget(connection: Connection, name: str) -> None:
    """Let `name` begin anew."""
    connection.execute(cursors.delete().where(cursors.c.name == name))
