"""What is done to those who use the console: added, given a role or a password, disabled. Each is part of a transaction."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import Connection

from desk.staff.roles import Role
from storage import staff
from storage.staff import Staff

Refusal = Literal[
    "bad_name",
    "name_taken",
    "bad_role",
    "last_admin",
    "unknown_user",
    "too_short",
    "too_long",
    "is_name",
    "too_common",
    "not_the_same",
    "wrong_password",
    "no_new_one",
    "ended",
]
"""Why something was not done, for whoever asked."""

Change = Callable[[Connection, str], object]
"""Something that is done to the person of an id."""

FIRST: Final = "admin"
"""The log-in name of the first one."""
_NAME: Final = re.compile(r"[\w.@+-]{1,80}")
_LONGEST: Final = 120


class NotDone(Exception):
    """It was refused and nothing was changed."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """`password` is a hash. `must_change`: whoever has it did not choose it, and it lets in once, before `until_ms`."""

    name: str
    display: str
    role: Role
    password: str
    must_change: bool = True
    until_ms: int | None = None


def add(connection: Connection, new: NewPerson) -> Staff:
    """Somebody new. Raises `NotDone`: `bad_name`, `name_taken`."""
    name, display = folded(new.name), " ".join(new.display.split())[:_LONGEST]
    if not _NAME.fullmatch(name):
        raise NotDone("bad_name")
    at_ms = now_ms()
    person = Staff(
        id=f"stf_{uuid4().hex}",
        name=name,
        display=display or new.name.strip(),
        password=new.password,
        role=new.role,
        must_change=new.must_change,
        password_until_ms=new.until_ms,
        created_ms=at_ms,
        changed_ms=at_ms,
    )
    if not staff.add(connection, person):
        raise NotDone("name_taken")
    return person


def add_first(connection: Connection, hashed: str, until_ms: int) -> Staff | None:
    """The first admin, where there never was anybody; None where there is. Of several nodes that try at once one adds it.
    With the password, given as its hash, they can log in once, before `until_ms`."""
    if not staff.is_empty(connection):
        return None
    try:
        return add(connection, NewPerson(name=FIRST, display="Admin", role="admin", password=hashed, until_ms=until_ms))
    except NotDone:
        return None


def folded(name: str) -> str:
    """A log-in name as it is compared."""
    return name.strip().casefold()


def give_role(connection: Connection, id_: str, role: Role) -> Staff:
    """Raises `NotDone`: `unknown_user`, `last_admin`. What they see changes with their next request."""
    person = _known(connection, id_)
    if role != "admin":
        _keep_an_admin(connection, person)
    return _changed(connection, person, role=role)


def disable(connection: Connection, id_: str) -> Staff:
    """Log them out everywhere, and let them in no more. Raises `NotDone`: `unknown_user`, `last_admin`."""
    person = _known(connection, id_)
    _keep_an_admin(connection, person)
    staff.close_all(connection, id_)
    return _changed(connection, person, disabled=True)


def enable(connection: Connection, id_: str) -> Staff:
    """Raises `NotDone("unknown_user")`."""
    return _changed(connection, _known(connection, id_), disabled=False)


def choose_password(connection: Connection, id_: str, hashed: str, *, keep: str) -> Staff:
    """One that its owner chose; their logins end but `keep` (the hash of its token). Raises `NotDone("unknown_user")`."""
    person = _known(connection, id_)
    staff.close_all(connection, id_, but=keep)
    return _changed(connection, person, password=hashed, must_change=False, password_until_ms=None)


def give_password(connection: Connection, id_: str, hashed: str, *, until_ms: int) -> Staff:
    """A one-time password, good for one log-in before `until_ms`; all logins end. Raises `NotDone("unknown_user")`."""
    person = _known(connection, id_)
    staff.close_all(connection, id_)
    return _changed(connection, person, password=hashed, must_change=True, password_until_ms=until_ms)


def name_for_customers(person: Staff) -> str | None:
    """What customers read of who answers them; None where that would be the name they log in with, which is nobody's business:
    whoever was given no name of their own is called by that."""
    display = person.display.strip()
    return None if not display or folded(display) == person.name else display


def is_over(person: Staff, at_ms: int) -> bool:
    """Whether somebody has a one-time password that was used or has ended: nobody can log in with it."""
    return person.must_change and (person.password_until_ms is None or at_ms >= person.password_until_ms)


def _known(connection: Connection, id_: str) -> Staff:
    person = staff.find(connection, id_)
    if person is None:
        raise NotDone("unknown_user")
    return person


def _keep_an_admin(connection: Connection, person: Staff) -> None:
    """Whoever takes the last admin away locks everybody out of the page that makes admins."""
    if person.role == "admin" and not person.disabled and not staff.others_with(connection, "admin", person.id):
        raise NotDone("last_admin")


def _changed(connection: Connection, person: Staff, **columns: object) -> Staff:
    staff.change(connection, person.id, changed_ms=now_ms(), **columns)
    return staff.find(connection, person.id) or person


def now_ms() -> int:
    return time.time_ns() // 1_000_000
