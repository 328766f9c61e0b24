"""Logging in and out."""

import re
import secrets
from dataclasses import replace
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.staff import logins, people
from desk.staff.logins import Opened
from desk.staff.passwords import LONGEST, TooMany
from desk.staff.people import NotDone
from regia.http.console.cookies import ENTRY, KNOWN, LOGIN
from regia.http.console.visit import Visit
from regia.http.visitors import address
from storage import staff
from storage.staff import Staff
from web.console.saying import lasting
from web.console.texts.login import LOGIN as TEXTS

_NEXT: Final = re.compile(r"/console/(?![./])(?:[A-Za-z0-9_~%?&=+,:@-]|[./](?![./]))*")
"""An address of the console: neither `//`, which names another host, nor `..`, nor `\\`, which browsers take for `/`."""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/login?next=`: the form to log in. Whoever is logged in goes on."""
    if visit.login is not None:
        return visit.to(_next(visit.word("next")))
    return _form(visit, next_=visit.word("next"))


async def enter(visit: Visit) -> web.StreamResponse:
    """`POST /console/login`: log in with name and password. The audit log has who it was, where the name is somebody's."""
    name, next_ = people.folded(visit.form.text("name")), visit.form.text("next")
    known = visit.parts.cookies.get(visit.request, KNOWN)
    wait = await visit.parts.throttle.wait(name, address(visit.request), known)
    if wait is not None:
        return await _refused(visit, "throttled", next_, wait)
    person = await visit.read(lambda connection: staff.named(connection, name))
    visit.what = "" if person is None else person.id
    try:
        right = await _is_right(visit, person)
    except TooMany:
        return await _refused(visit, "throttled", next_, 5)
    if person is None or not right:
        return await _refused(visit, "wrong", next_)
    # Only whoever has the password is told that it is over: to all others it is a wrong one.
    opened = None if people.is_over(person, people.now_ms()) else await _open(visit, person)
    if opened is None:
        return await _refused(visit, "ended", next_)
    return _welcomed(visit, opened, next_)


async def leave(visit: Visit) -> web.StreamResponse:
    """`POST /console/logout`: end this login."""
    token = visit.me.token
    await visit.write(lambda connection: staff.close_login(connection, token))
    response = visit.to("/login")
    visit.parts.cookies.drop(response, LOGIN)
    return response


async def _is_right(visit: Visit, person: Staff | None) -> bool:
    """Takes as long for a name that is nobody's. Whoever is disabled is told the same as one whose password is wrong."""
    password = visit.form.secret("password")
    hashed = None if person is None or person.disabled or len(password) > LONGEST else person.password
    return await visit.parts.passwords.is_right(password[:LONGEST], hashed)


async def _open(visit: Visit, person: Staff) -> Opened | None:
    """A new login; None where another one used the one-time password up meanwhile. The hash is made anew where its parameters
    are no longer ours."""
    passwords = visit.parts.passwords
    stale = passwords.is_stale(person.password)
    newer = await passwords.hash(visit.form.secret("password")) if stale else None
    lasting = visit.gateway.configured.settings.console.lasting
    family = "ipv6" if ":" in address(visit.request) else "ipv4"

    def work(connection: Connection) -> Opened:
        if person.must_change and not staff.use_up(connection, person.id, people.now_ms()):
            raise NotDone("ended")
        now = staff.named(connection, person.name)
        if now is None or now.disabled or now.password != person.password:  # changed while the password was looked at
            raise Rejected("handshake_refused", "the password was changed meanwhile")
        if newer is not None:
            staff.change(connection, person.id, password=newer)
        if visit.login is not None:  # in this browser: nobody would see it again, and whoever knew its cookie could go on
            staff.close_login(connection, visit.login.token)
        opened = logins.open_login(connection, person, family=family, lasting=lasting)
        visit.login = opened.login  # from here on it is them: so the audit log has it
        return opened

    try:
        return await visit.write(work)
    except NotDone:
        return None


def _welcomed(visit: Visit, opened: Opened, next_: str) -> web.Response:
    response = visit.to("/account" if opened.login.person.must_change else _next(next_))
    cookies = visit.parts.cookies
    cookies.set(response, LOGIN, opened.secret)
    cookies.set(response, KNOWN, visit.parts.throttle.cookie(opened.login.person.name), lasting=True)
    cookies.drop(response, ENTRY)
    return response


async def _refused(visit: Visit, why: str, next_: str, wait: int | None = None) -> web.Response:
    if why == "throttled":
        visit.noted = True  # a stranger must not be able to fill the log
    await visit.note(why)
    response = _form(visit, next_=next_, why=why, wait=wait, status=429 if why == "throttled" else 401)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def _form(visit: Visit, *, next_: str, why: str = "", wait: int | None = None, status: int = 200) -> web.Response:
    """The form carries the token of the browser's own cookie, which it gets with its first look."""
    token = visit.frame.csrf or secrets.token_urlsafe(32)
    visit.frame = replace(visit.frame, csrf=token)
    name = visit.form.text("name")
    language = visit.frame.language
    waits = lasting((wait or 0) * 1000, language, units=1)
    said = TEXTS[language].wrong[why].format(wait=waits) if why else ""
    response = visit.page("login.html", TEXTS, status=status, next=next_ if _is_safe(next_) else "", wrong=said, name=name)
    visit.parts.cookies.set(response, ENTRY, token)
    return response


def _is_safe(next_: str) -> bool:
    return _NEXT.fullmatch(next_) is not None


def _next(next_: str) -> str:
    """Where to go on, within the console; its first page where the address is none of ours."""
    return next_.removeprefix("/console") if _is_safe(next_) else "/"
