"""One's own account: password, language, theme, and where one is logged in."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.staff import people
from desk.staff.passwords import LONGEST, TooMany, weakness
from desk.staff.people import Refusal
from normalizer.advice import LANGUAGES
from regia.http.console.cookies import KNOWN
from regia.http.console.visit import Visit
from regia.http.visitors import address
from storage import staff
from web.console.frame import THEMES
from web.console.texts.account import ACCOUNT

_FIELDS: Mapping[Refusal, str] = {"wrong_password": "old", "not_the_same": "again"}
"""Where the words of a refusal stand; all others are about the new password."""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/account`: one's own password, language and theme, and where one is logged in."""
    return await _page(visit, {})


async def change_password(visit: Visit) -> web.StreamResponse:
    """`POST /console/account/password`: a new password, for whoever knows the old one. Their other logins end."""
    visit.what = visit.me.person.id
    try:
        refusal = await _refusal(visit)
        if refusal is not None:
            await visit.note(refusal)
            return await _page(visit, {_FIELDS.get(refusal, "new"): refusal}, status=422)
        hashed = await visit.parts.passwords.hash(visit.form.secret("new"))
    except TooMany:
        raise Rejected("rate_limited", "too many passwords are looked at now", retry_after=5) from None
    person, token = visit.me.person, visit.me.token
    await visit.write(lambda one: people.choose_password(one, person.id, hashed, keep=token))
    return visit.to("/account" if not person.must_change else "/", said="password_changed")


async def choose_look(visit: Visit) -> web.StreamResponse:
    """`POST /console/account/look`: choose language and theme."""
    id_ = visit.what = visit.me.person.id
    language, theme = visit.form.text("language"), visit.form.text("theme")
    if language not in LANGUAGES or theme not in THEMES:
        raise Rejected("malformed", "there is no such language or theme")
    await visit.write(lambda connection: staff.change(connection, id_, language=language, theme=theme))
    return visit.to("/account", said="saved")


async def log_out_elsewhere(visit: Visit) -> web.StreamResponse:
    """`POST /console/account/logins`: end all logins but this one."""
    id_, token = visit.me.person.id, visit.me.token
    visit.what = id_
    await visit.write(lambda connection: staff.close_all(connection, id_, but=token))
    return visit.to("/account", said="logged_out_elsewhere")


async def _refusal(visit: Visit) -> Refusal | None:
    """Why the new password is not taken. Raises `Rejected("rate_limited")`, and `TooMany`."""
    person, form = visit.me.person, visit.form
    old, new = form.secret("old"), form.secret("new")
    known = visit.parts.cookies.get(visit.request, KNOWN)
    wait = await visit.parts.throttle.wait(person.name, address(visit.request), known)
    if wait is not None:
        raise Rejected("rate_limited", "too many tries", retry_after=wait)
    if not await visit.parts.passwords.is_right(old[:LONGEST], person.password):
        return "wrong_password"
    if new != form.secret("again"):
        return "not_the_same"
    if new == old:
        return "no_new_one"
    return weakness(new, names=(person.name, person.display))


async def _page(visit: Visit, wrong: Mapping[str, Refusal], *, status: int = 200) -> web.Response:
    person, words = visit.me.person, ACCOUNT[visit.frame.language].refusals

    def work(connection: Connection) -> list[staff.LoginRow]:
        return list(staff.logins_of(connection, person.id))

    return visit.page(
        "account.html",
        ACCOUNT,
        status=status,
        person=person,
        logins=await visit.read(work),
        this=visit.me.token,
        wrong={name: words[refusal] for name, refusal in wrong.items()},
        languages=[("it", "Italiano"), ("en", "English")],
        themes=THEMES,
    )
