"""Who may use the console: rows of `staff`, and of `logins`, the browsers they use."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema_staff import logins, staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One row of `staff`."""

    id: str
    name: str
    display: str
    password: str
    role: str
    language: str | None = None
    theme: str = "auto"
    disabled: bool = False
    must_change: bool = False
    password_until_ms: int | None = None
    created_ms: int
    changed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRow:
    """One row of `logins`."""

    token: str
    staff_id: str
    csrf: str
    family: str
    created_ms: int
    seen_ms: int
    expires_ms: int


def add(connection: Connection, person: Staff) -> bool:
    """False: somebody has this name already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(staff).values(asdict(person)).on_conflict_do_nothing(index_elements=[staff.c.name])
    return connection.execute(statement.returning(staff.c.id)).one_or_none() is not None


def named(connection: Connection, name: str) -> Staff | None:
    """Whoever logs in with this name."""
    return _one(connection, staff.c.name == name)


def find(connection: Connection, id_: str) -> Staff | None:
    return _one(connection, staff.c.id == id_)


def _one(connection: Connection, which: Any) -> Staff | None:
    row = connection.execute(select(staff).where(which)).mappings().one_or_none()
    return None if row is None else Staff(**row)


def everybody(connection: Connection) -> list[Staff]:
    """In the order of their names."""
    return [Staff(**row) for row in connection.execute(select(staff).order_by(staff.c.name)).mappings()]


def is_empty(connection: Connection) -> bool:
    """Whether there never was anybody: nobody is ever deleted."""
    return connection.execute(select(staff.c.id).limit(1)).one_or_none() is None


def others_with(connection: Connection, role: str, but: str) -> int:
    """How many enabled people beside `but` have the role; those rows stay as they are until the transaction ends."""
    query = select(staff.c.id).where(staff.c.role == role, staff.c.disabled.is_(False), staff.c.id != but)
    return len(connection.execute(query.with_for_update()).all())


def change(connection: Connection, id_: str, **columns: Any) -> bool:
    """Whether there is somebody with this id."""
    return bool(connection.execute(update(staff).where(staff.c.id == id_).values(**columns)).rowcount)


def use_up(connection: Connection, id_: str, now_ms: int) -> bool:
    """Whether a one-time password still let its owner in, which it never does again: of several at once one is let in."""
    holds = (staff.c.id == id_) & staff.c.must_change & (staff.c.password_until_ms > now_ms)
    return bool(connection.execute(update(staff).where(holds).values(password_until_ms=now_ms)).rowcount)


def open_login(connection: Connection, login: LoginRow) -> None:
    connection.execute(insert(logins).values(asdict(login)))


def by_token(connection: Connection, token: str) -> tuple[LoginRow, Staff] | None:
    """The login of this hash, whether it has expired or not, and whose it is."""
    row = connection.execute(select(logins).where(logins.c.token == token)).mappings().one_or_none()
    person = None if row is None else find(connection, row["staff_id"])
    return None if row is None or person is None else (LoginRow(**row), person)


def seen(connection: Connection, token: str, now_ms: int) -> None:
    """It was used now."""
    connection.execute(update(logins).where(logins.c.token == token, logins.c.seen_ms < now_ms).values(seen_ms=now_ms))


def close_login(connection: Connection, token: str) -> None:
    connection.execute(delete(logins).where(logins.c.token == token))


def close_all(connection: Connection, staff_id: str, *, but: str = "") -> int:
    """End all logins of a person, of which the one with the hash `but` may stay; how many ended."""
    return connection.execute(delete(logins).where(logins.c.staff_id == staff_id, logins.c.token != but)).rowcount


def forget_ended(connection: Connection, now_ms: int, idle_ms: int) -> int:
    """Delete the logins that are over; how many."""
    over = (logins.c.expires_ms < now_ms) | (logins.c.seen_ms < now_ms - idle_ms)
    return connection.execute(delete(logins).where(over)).rowcount


def logged_in(connection: Connection, since_ms: int) -> dict[str, tuple[int, int]]:
    """Person to the number of their logins, and when one was used last; of those used since."""
    query = select(logins.c.staff_id, func.count(), func.max(logins.c.seen_ms)).where(logins.c.seen_ms >= since_ms)
    return {id_: (number, last) for id_, number, last in connection.execute(query.group_by(logins.c.staff_id))}


def logins_of(connection: Connection, staff_id: str) -> Sequence[LoginRow]:
    """Newest first."""
    query = select(logins).where(logins.c.staff_id == staff_id).order_by(logins.c.seen_ms.desc())
    return [LoginRow(**row) for row in connection.execute(query).mappings()]
