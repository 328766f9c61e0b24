"""What stands before every address of the console: who it is, whether they may, and whether the request is theirs."""

import hmac
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from connectors.errors import Rejected
from desk.staff import logins
from desk.staff.logins import Login
from desk.staff.roles import may
from regia.http.console.cookies import ENTRY
from regia.http.console.visit import Visit
from regia.http.requests import GATEWAY
from storage import staff
from storage.database import DatabaseUnavailable

_HEADER: Final = "X-CSRF"
_FIELD: Final = "csrf"
_OWN: Final = frozenset({"same-origin", "none"})
"""`Sec-Fetch-Site` of requests from our own pages, and of what somebody types into the address bar."""


async def login_of(request: web.Request, cookie: str) -> Login | None:
    """Whose cookie came. Raises `DatabaseUnavailable`."""
    if not cookie:
        return None
    gateway = request.app[GATEWAY]
    lasting = gateway.configured.settings.console.lasting
    return await gateway.stores.database.read(lambda connection: logins.find(connection, cookie, lasting))


async def keep_alive(visit: Visit, now_ms: int) -> None:
    """Note that the login was used. That it cannot be noted keeps nobody from working."""
    login = visit.login
    if login is None or not login.is_to_note or visit.entry.quiet:
        return
    try:
        await visit.gateway.stores.database.write_beside(lambda connection: staff.seen(connection, login.token, now_ms))
    except DatabaseUnavailable:
        return


def turned_away(visit: Visit) -> web.Response | None:
    """The way to the log-in page, or to the choice of a password, for whoever has to go there first."""
    if visit.entry.role == "anyone":
        return None
    if visit.login is None:
        return _to_log_in(visit)
    if visit.login.person.must_change and not visit.entry.first:
        return visit.to("/account")
    return None


def _to_log_in(visit: Visit) -> web.Response:
    request = visit.request
    back = request.path_qs if visit.entry.method == "GET" else _referring(visit)
    where = "/login" if visit.entry.quiet or not back else f"/login?next={quote(back, safe='/')}"
    if visit.is_fragment:  # its answer would be put into the page it came from
        return web.Response(status=401, headers={"HX-Redirect": visit.frame.link(where.partition("?")[0])})
    return visit.to(where)


def _referring(visit: Visit) -> str:
    """The page from which something was posted, which then says that nothing came of it: what was typed is kept there. Only
    where it goes is looked at after the log-in (`login.page`)."""
    request = visit.request
    base = request.app[GATEWAY].configured.settings.server.base_path
    path = urlsplit(request.headers.get("Referer", "")).path.removeprefix(base)
    return f"{path}?said=login_ended" if path and visit.entry.path != "/logout" else path


def require(visit: Visit) -> None:
    """Raises `Rejected`: `scope_missing` for a role that is not enough."""
    needed = visit.entry.role
    if needed != "anyone" and not may(visit.me.role, needed):
        raise Rejected("scope_missing", f"this needs the role {needed}")


def from_our_page(visit: Visit) -> None:
    """Whether a change was asked for by one of our own pages: by the token in it, and by what the browser says
    where the request comes from. Raises `Rejected("handshake_refused")`."""
    request = visit.request
    expected = visit.frame.csrf
    given = request.headers.get(_HEADER) or visit.form.secret(_FIELD)
    same = bool(expected) and hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
    if not (same and _is_ours(request)):
        raise Rejected("handshake_refused", "this request did not come from a page of the console")


def _is_ours(request: web.Request) -> bool:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    own = {request.app[GATEWAY].configured.settings.server.origin, f"{request.scheme}://{request.host}"}
    return (origin is None or origin in own) and (site is None or site in _OWN)


def with_token(visit: Visit) -> Visit:
    """With the token that its forms carry: that of the login, else that of the browser's own cookie."""
    token = visit.parts.cookies.get(visit.request, ENTRY) if visit.login is None else visit.login.csrf
    visit.frame = replace(visit.frame, csrf=token)
    return visit
