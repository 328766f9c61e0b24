"""Browsers that somebody is logged in with: opened, found by what their cookie holds, and ended."""

import hashlib
import secrets
import time
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from desk.staff.roles import Role, role_of
from storage import staff
from storage.staff import LoginRow, Staff

SEEN_EVERY_MS: Final = 60_000
"""How exactly it is kept when a login was used last: not every request writes."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How long a login lasts, in milliseconds: without being used, and in all."""

    idle_ms: int
    whole_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that holds now. `token` is the hash; `is_to_note`: it is time to write down that it was used."""

    token: str
    csrf: str
    person: Staff
    role: Role
    is_to_note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new login, with the secret for its cookie, which is kept nowhere."""

    secret: str
    login: Login


def open_login(connection: Connection, person: Staff, *, family: str, lasting: Lasting) -> Opened:
    """Log somebody in. Logins that are over go on the way."""
    now_ms, secret, csrf = _now_ms(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    staff.forget_ended(connection, now_ms, lasting.idle_ms)
    row = LoginRow(
        token=hashed(secret),
        staff_id=person.id,
        csrf=csrf,
        family=family,
        created_ms=now_ms,
        seen_ms=now_ms,
        expires_ms=now_ms + lasting.whole_ms,
    )
    staff.open_login(connection, row)
    return Opened(secret=secret, login=Login(token=row.token, csrf=csrf, person=person, role=_role(person)))


def find(connection: Connection, secret: str, lasting: Lasting) -> Login | None:
    """Whose cookie it is; None where it is nobody's, is over, or whoever it was is disabled."""
    if len(secret) > _LONGEST:
        return None
    found = staff.by_token(connection, hashed(secret))
    if found is None:
        return None
    row, person = found
    now_ms = _now_ms()
    if person.disabled or now_ms >= row.expires_ms or now_ms >= row.seen_ms + lasting.idle_ms:
        return None
    login = Login(token=row.token, csrf=row.csrf, person=person, role=_role(person))
    return replace(login, is_to_note=now_ms >= row.seen_ms + SEEN_EVERY_MS)


def hashed(secret: str) -> str:
    """A random token needs no slow hash: nobody guesses it."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _role(person: Staff) -> Role:
    """A role that this version does not know may do the least."""
    return role_of(person.role) or "viewer"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
