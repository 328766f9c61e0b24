"""Every address of the console: one line each. Whoever wants to know who may do what reads this table.

A page is four things of its own: what it shows (`web/console/<page>.py`, plain dataclasses), its template
(`web/console/templates/<page>.html`), its texts in every language (`web/console/texts/<page>.py`, with `NAV` where it stands in
the navigation), its handlers (`regia/http/console/<page>.py`: `async def page(visit) -> Response`), and its lines here.

A handler gets a `Visit`: who it is, what was posted, `visit.read` and `visit.write` (with the row of the audit log in the same
transaction; set `visit.what` to the ids first), `visit.page(template, texts, …)` (with `block="…"` only that part, for htmx),
`visit.to(path, said=…)` after a change. It raises `Rejected` from the closed list; everything before it, log-in, role, token,
is done by `wrapped`. Templates write personal data as `{{ value | personal(kind) }}` and links as `frame.link(path)`.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from connectors.errors import Rejected
from regia.http.console import account, audit, live, login, message, message_acts, new, users
from regia.http.console.entry import Entry
from regia.http.console.static import static
from regia.http.console.visit import Visit
from regia.http.console.wrap import wrapped
from web.console.texts import audit as audit_texts
from web.console.texts import live as live_texts
from web.console.texts import new as new_texts
from web.console.texts import users as users_texts

ROOT: Final = "/console"


async def _nothing(_visit: Visit) -> web.StreamResponse:
    raise Rejected("not_found", "there is nothing at this address of the console")


# method, path, the least role, what answers, the act in the audit log (every POST has one; a view where looking is an act)
ENTRIES: Final[Sequence[Entry]] = (
    Entry("GET", "/static/{name:.+}", "anyone", static),
    Entry("GET", "/login", "anyone", login.page),
    Entry("POST", "/login", "anyone", login.enter, "login"),
    Entry("POST", "/logout", "viewer", login.leave, "logout", first=True),
    Entry("GET", "/account", "viewer", account.page, first=True),
    Entry("POST", "/account/password", "viewer", account.change_password, "account.password", first=True),
    Entry("POST", "/account/look", "viewer", account.choose_look, "account.look"),
    Entry("POST", "/account/logins", "viewer", account.log_out_elsewhere, "account.logins"),
    Entry("GET", "/", "viewer", live.page, nav=live_texts.NAV),
    Entry("GET", "/new", "agent", new.page, nav=new_texts.NAV),
    Entry("POST", "/new", "agent", new.accept, "contact.new", largest=512 * 1024),
    Entry("GET", "/new/customers", "agent", new.customers, quiet=True),
    Entry("GET", "/new/calls", "agent", new.calls, quiet=True),
    Entry("GET", "/messages/right.yaml", "agent", message_acts.right, "messages.right"),
    Entry("GET", "/messages/{id}", "viewer", message.page, "message.view", frames=True),
    Entry("GET", "/messages/{id}/mail", "viewer", message.mail_frame),
    Entry("GET", "/messages/{id}/files/{file}", "viewer", message.file, "message.file"),
    Entry("GET", "/messages/{id}/raw", "admin", message.raw, "message.raw"),
    Entry("POST", "/messages/{id}/mark", "agent", message_acts.mark, "message.mark", frames=True),
    Entry("POST", "/messages/{id}/reroute", "agent", message_acts.send_again, "message.reroute", frames=True),
    Entry("POST", "/messages/{id}/letters", "agent", message_acts.drive_letter, "message.redrive"),
    Entry("POST", "/messages/{id}/held", "agent", message_acts.drive_held, "message.redrive"),
    Entry("GET", "/live", "viewer", live.stream, quiet=True),
    Entry("GET", "/users", "admin", users.page, nav=users_texts.NAV),
    Entry("POST", "/users", "admin", users.add, "user.add"),
    Entry("POST", "/users/{id}/role", "admin", users.give_role, "user.role"),
    Entry("POST", "/users/{id}/password", "admin", users.give_password, "user.password"),
    Entry("POST", "/users/{id}/disable", "admin", users.disable, "user.disable"),
    Entry("POST", "/users/{id}/enable", "admin", users.enable, "user.enable"),
    Entry("POST", "/users/{id}/logout", "admin", users.log_out, "user.logout"),
    Entry("GET", "/audit", "admin", audit.page, nav=audit_texts.NAV),
    Entry("GET", "/{rest:.*}", "viewer", _nothing),  # the last one: what no other entry has
)


def routes() -> list[web.RouteDef]:
    """As aiohttp takes them."""
    made = [web.route(entry.method, f"{ROOT}{entry.path}", wrapped(entry, lambda: ENTRIES)) for entry in ENTRIES]
    return [web.get(ROOT, _with_slash), *made]


async def _with_slash(_request: web.Request) -> web.StreamResponse:
    """Relative, since a proxy may have put a path before ours."""
    raise web.HTTPFound("console/")
