"""Who may use the console: for admins."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.staff import passwords, people
from desk.staff.passwords import TooMany
from desk.staff.people import Change, NewPerson, NotDone
from desk.staff.roles import ROLES, role_of
from regia import by_hand
from regia.http.console.visit import Visit
from storage import staff
from storage.staff import Staff
from web.console.saying import lasting
from web.console.texts.users import USERS

_USED: Final = 90 * 86_400_000
"""Milliseconds in which it is looked when somebody used the console last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the page says above the list: a password that was made, or why something was not done."""

    refusal: str = ""
    password: str = ""
    name: str = ""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/users`: who may use the console."""
    return await _page(visit, _Said())


async def add(visit: Visit) -> web.StreamResponse:
    """`POST /console/users`: somebody new, with a one-time password that is shown now and never again."""
    role = role_of(visit.form.text("role"))
    if role is None:
        raise Rejected("malformed", "there is no such role")
    name, password = visit.form.text("name"), passwords.one_time()
    new = NewPerson(
        name=name,
        display=visit.form.text("display"),
        role=role,
        password=await _hashed(visit, password),
        until_ms=_until_ms(visit),
    )

    def work(connection: Connection) -> Staff:
        person = people.add(connection, new)
        visit.what = person.id
        return person

    try:
        person = await visit.write(work)
    except NotDone as refused:
        await visit.note(refused.reason)
        return await _page(visit, _Said(refusal=refused.reason, name=name), status=422)
    return await _page(visit, _Said(password=password, name=person.name))


async def give_role(visit: Visit) -> web.StreamResponse:
    """`POST /console/users/{id}/role`: give somebody another role."""
    role = role_of(visit.form.text("role"))
    if role is None:
        raise Rejected("malformed", "there is no such role")
    return await _change(visit, lambda connection, id_: people.give_role(connection, id_, role))


async def disable(visit: Visit) -> web.StreamResponse:
    """`POST /console/users/{id}/disable`: log somebody out everywhere and let them in no more."""
    return await _change(visit, people.disable)


async def enable(visit: Visit) -> web.StreamResponse:
    """`POST /console/users/{id}/enable`: let somebody in again."""
    return await _change(visit, people.enable)


async def log_out(visit: Visit) -> web.StreamResponse:
    """`POST /console/users/{id}/logout`: end all their logins."""
    return await _change(visit, staff.close_all)


async def give_password(visit: Visit) -> web.StreamResponse:
    """`POST /console/users/{id}/password`: a new one-time password, shown now and never again; their logins end."""
    id_ = visit.what = visit.named("id")
    password = passwords.one_time()
    hashed = await _hashed(visit, password)
    try:
        person = await visit.write(lambda one: people.give_password(one, id_, hashed, until_ms=_until_ms(visit)))
    except NotDone as refused:
        return await _refused(visit, refused)
    if id_ == visit.me.person.id:
        return visit.to("/login")
    return await _page(visit, _Said(password=password, name=person.name))


async def _change(visit: Visit, work: Change) -> web.Response:
    id_ = visit.what = visit.named("id")
    try:
        await visit.write(lambda connection: work(connection, id_))
    except NotDone as refused:
        return await _refused(visit, refused)
    return visit.to("/users", said="done")


async def _refused(visit: Visit, refused: NotDone) -> web.Response:
    await visit.note(refused.reason)
    return await _page(visit, _Said(refusal=refused.reason), status=404 if refused.reason == "unknown_user" else 409)


async def _hashed(visit: Visit, password: str) -> str:
    try:
        return await visit.parts.passwords.hash(password)
    except TooMany:
        raise Rejected("rate_limited", "too many passwords are looked at now", retry_after=5) from None


def _until_ms(visit: Visit) -> int:
    return by_hand.now_ms() + visit.gateway.configured.settings.console.one_time_ms


async def _page(visit: Visit, said: _Said, *, status: int = 200) -> web.Response:
    now_ms = by_hand.now_ms()
    since = now_ms - _USED

    def work(connection: Connection) -> tuple[list[Staff], dict[str, tuple[int, int]]]:
        return staff.everybody(connection), staff.logged_in(connection, since)

    everybody, used = await visit.read(work)
    lasts_ms = visit.gateway.configured.settings.console.one_time_ms
    return visit.page(
        "users.html",
        USERS,
        status=status,
        people=everybody,
        over={person.id for person in everybody if people.is_over(person, now_ms)},
        lasting=lasting(lasts_ms, visit.frame.language, units=1),
        used=used,
        roles=ROLES,
        said=said,
        me=visit.me.person.id,
    )
