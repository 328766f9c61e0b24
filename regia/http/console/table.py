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
from regia.http.console import (
    account,
    audit,
    calls,
    customer,
    customer_acts,
    customer_leaving,
    customer_merges,
    customer_reply,
    customers,
    dead,
    kpi,
    live,
    login,
    message,
    message_acts,
    new,
    playground,
    quarantine,
    queues,
    rules,
    rules_compare,
    rules_marked,
    users,
)
from regia.http.console.entry import Entry
from regia.http.console.static import static
from regia.http.console.visit import Visit
from regia.http.console.wrap import wrapped
from web.console.texts import audit as audit_texts
from web.console.texts import customers as customers_texts
from web.console.texts import kpi as kpi_texts
from web.console.texts import live as live_texts
from web.console.texts import new as new_texts
from web.console.texts import queues as queues_texts
from web.console.texts import rules as rules_texts
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
    Entry("GET", "/live", "viewer", live.stream, quiet=True),
    Entry("GET", "/customers", "viewer", customers.page, nav=customers_texts.NAV),
    Entry("GET", "/customers/{id}", "viewer", customer.page, "customer.look"),
    Entry("GET", "/customers/{id}/audit", "viewer", customer.audit, "customer.look"),
    Entry("POST", "/customers/{id}/profile", "agent", customer_acts.change, "customer.profile"),
    Entry("POST", "/customers/{id}/links/{link}/release", "agent", customer_acts.release, "customer.release"),
    Entry("GET", "/customers/{id}/reply", "agent", customer_reply.words),
    Entry("POST", "/customers/{id}/reply", "agent", customer_reply.send, "customer.reply", largest=customer_reply.LARGEST),
    Entry("GET", "/customers/{id}/replies/{reply}", "agent", customer_reply.state, quiet=True),
    Entry("GET", "/customers/{id}/merge", "agent", customer_merges.merge_page, "customer.look"),
    Entry("POST", "/customers/{id}/merge", "agent", customer_merges.merge, "customer.merge"),
    Entry("GET", "/customers/{id}/unmerge", "agent", customer_merges.unmerge_page, "customer.look"),
    Entry("POST", "/customers/{id}/unmerge", "agent", customer_merges.unmerge, "customer.unmerge"),
    Entry("POST", "/customers/{id}/export", "agent", customer_leaving.export, "customer.export"),
    Entry("GET", "/customers/{id}/erase", "admin", customer_leaving.erase_page, "customer.look"),
    Entry("POST", "/customers/{id}/erase", "admin", customer_leaving.erase, "customer.erase"),
    Entry("POST", "/suggestions/{id}/accept", "agent", customer_acts.accept, "suggestion.accept"),
    Entry("POST", "/suggestions/{id}/reject", "agent", customer_acts.reject, "suggestion.reject"),
    Entry("GET", "/messages/{id}", "viewer", message.page, "message.view", frames=True),
    Entry("GET", "/messages/{id}/mail", "viewer", message.mail_frame, "message.view"),
    Entry("GET", "/messages/{id}/files/{file}", "viewer", message.file, "message.file"),
    Entry("GET", "/messages/{id}/raw", "admin", message.raw, "message.raw"),
    Entry("POST", "/messages/{id}/mark", "agent", message_acts.mark, "message.mark", frames=True),
    Entry("POST", "/messages/{id}/reroute", "agent", message_acts.send_again, "message.reroute", frames=True),
    Entry("POST", "/messages/{id}/letters", "agent", message_acts.drive_letter, "message.redrive"),
    Entry("POST", "/messages/{id}/held", "agent", message_acts.drive_held, "message.redrive"),
    Entry("GET", "/new", "agent", new.page, nav=new_texts.NAV),
    Entry("POST", "/new", "agent", new.accept, "contact.new", largest=512 * 1024),
    Entry("GET", "/new/customers", "agent", new.customers, quiet=True),
    Entry("GET", "/new/live", "agent", calls.stream, quiet=True),
    Entry("GET", "/new/caller", "agent", calls.caller, "customer.look", quiet=True),
    Entry("GET", "/queues", "viewer", queues.page, nav=queues_texts.NAV),
    Entry("GET", "/queues/figures", "viewer", queues.figures, quiet=True),
    Entry("GET", "/queues/dead", "viewer", dead.page),
    Entry("POST", "/queues/dead/redrive", "agent", dead.redrive, "dead.redrive"),
    Entry("POST", "/queues/dead/discard", "admin", dead.discard, "dead.discard"),
    Entry("GET", "/queues/dead/{id}", "agent", dead.show, "dead.view"),
    Entry("POST", "/queues/dead/{id}/edit", "admin", dead.change, "dead.edit", largest=dead.LARGEST),
    Entry("GET", "/queues/quarantine", "viewer", quarantine.page),
    Entry("POST", "/queues/quarantine/redrive", "agent", quarantine.redrive, "quarantine.redrive"),
    Entry("POST", "/queues/quarantine/discard", "admin", quarantine.discard, "quarantine.discard"),
    Entry("GET", "/queues/quarantine/{id}", "agent", quarantine.show, "quarantine.view"),
    Entry("POST", "/queues/quarantine/{id}/edit", "admin", quarantine.change, "quarantine.edit", largest=quarantine.LARGEST),
    Entry("GET", "/rules", "viewer", rules.page, nav=rules_texts.NAV),
    Entry("GET", "/rules/check", "viewer", rules.check),
    Entry("GET", "/rules/show", "viewer", rules.show),
    Entry("GET", "/rules/version", "viewer", rules.source),
    Entry("GET", "/rules/marked.yaml", "admin", rules_marked.tests, "rules.marked"),
    Entry("GET", "/rules/compare", "agent", rules_compare.page),
    Entry("POST", "/rules/activate", "admin", rules_compare.activate, "rules.activate"),
    Entry("GET", "/rules/playground", "agent", playground.page),
    Entry("POST", "/rules/playground/try", "agent", playground.try_, "rules.try", largest=playground.BODY),
    Entry("POST", "/rules/playground/test", "agent", playground.test, "rules.test", largest=playground.BODY),
    Entry("POST", "/rules/playground/take", "agent", playground.take, "rules.take", largest=playground.BODY),
    Entry("POST", "/rules/playground/compare", "agent", playground.compare, "rules.compare", largest=playground.BODY),
    Entry("POST", "/rules/playground/reset", "agent", playground.reset, "rules.reset", largest=playground.BODY),
    Entry("GET", "/kpi", "viewer", kpi.page, nav=kpi_texts.NAV),
    Entry("GET", "/kpi/part", "viewer", kpi.part),
    Entry("GET", "/kpi.csv", "viewer", kpi.table),
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
