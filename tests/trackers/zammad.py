"""Zammad: tickets, articles, users, groups, states and custom attributes over `/api/v1`.

Sources: zammad/zammad-documentation api/intro.rst (authentication, content type, expand, pagination), api/ticket/index.rst,
api/ticket/articles.rst, api/ticket/states.rst, api/user.rst, api/group.rst, api/object.rst; what these leave open is from
zammad/zammad: tickets_controller.rb, ticket_articles_controller.rb, users_controller.rb, authenticates.rb, handles_errors.rb
(statuses and the error body), creates_ticket_articles.rb, can_cleanup_param.rb, renders_models.rb.

Rails answers 404 also to a wrong method. Search is Elasticsearch's and lags behind: `indexing_s`, off at first.
"""

import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from tests.providers.base import PATH, Route
from tests.trackers.zammad_desk import ADDRESS, PRIORITIES, STATES, TICKET_FIELDS, Row
from tests.trackers.zammad_search import BadQuery, compiled
from tests.trackers.zammad_tickets import PAGES, Tickets

ID = r"/(?P<id>\d+)"
ATTRIBUTE_TYPES = ("input", "textarea", "boolean", "integer", "select", "date", "datetime", "tree_select", "multiselect")


class FakeZammad(Tickets):
    """One instance. The token's user is an agent in `agent_groups`; `admin` lets it manage objects."""

    def __init__(self, token: str = "zammad-token", *, admin: bool = False) -> None:
        super().__init__()
        self.token = token
        self.admin = admin

    def routes(self) -> Iterable[Route]:
        api = "/api/v1"
        return (
            Route("POST", f"{api}/tickets", self.create_ticket),
            Route("GET", f"{api}/tickets", self.list_tickets),
            Route("GET", f"{api}/tickets/search", self.search),
            Route("GET", f"{api}/tickets{ID}", self.show_ticket),
            Route("PUT", f"{api}/tickets{ID}", self.update_ticket),
            Route("POST", f"{api}/ticket_articles", self.create_article),
            Route("GET", f"{api}/ticket_articles/by_ticket{ID}", self.articles_of),
            Route("GET", f"{api}/ticket_articles{ID}", self.show_article),
            Route("GET", rf"{api}/ticket_attachment/(?P<ticket>\d+)/(?P<article>\d+){ID}", self.attachment_of),
            Route("GET", f"{api}/users/me", self._me),
            Route("GET", f"{api}/users/search", self._search_users),
            Route("GET", f"{api}/users{ID}", self._show_user),
            Route("POST", f"{api}/users", self._create_user),
            Route("GET", f"{api}/groups", self._groups),
            Route("GET", f"{api}/ticket_states", self._states),
            Route("GET", f"{api}/ticket_priorities", self._priorities),
            Route("GET", f"{api}/object_manager_attributes", self._attributes),
            Route("POST", f"{api}/object_manager_attributes", self._new_attribute),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        return self.problem(404, "No route matches") if status == 405 else self.problem(status, reason)

    def admit(self, request: web.Request) -> None:
        given = request.headers.get("Authorization")
        if given is None:
            self.refuse(403, "Authentication required")
        match = re.fullmatch(r"(?:Token token=\"?|Bearer )([^\s\"]+)\"?", given)
        if match is None or match[1] != self.token:
            self.refuse(401, "Can't find User for Token")

    # the agent

    def agent_answers(self, ticket: int, text: str, kind: str = "email", files: Mapping[str, bytes] | None = None) -> Row:
        """An answer that the customer is to see; Zammad itself mails it when it is an e-mail."""
        customer = self.users[self.tickets[ticket]["customer_id"]]["email"]
        return self._says(
            ticket, {"body": text, "type": kind, "internal": False, "to": customer, "content_type": "text/html"}, files
        )

    def agent_notes(self, ticket: int, text: str, files: Mapping[str, bytes] | None = None) -> Row:
        return self._says(ticket, {"body": text, "type": "note", "internal": True, "content_type": "text/html"}, files)

    def _says(self, ticket: int, given: Row, files: Mapping[str, bytes] | None) -> Row:
        row = self.new_article(self.tickets[ticket], given, self.agent)
        row["attachments"] += [self.keep(name, "application/octet-stream", content) for name, content in (files or {}).items()]
        return row

    def closes(self, ticket: int) -> None:
        self.change_ticket(self.tickets[ticket], {"state": "closed"}, self.agent)

    def reopens(self, ticket: int) -> None:
        self.change_ticket(self.tickets[ticket], {"state": "open"}, self.agent)

    def assigns(self, ticket: int, user: int | None = None) -> None:
        self.change_ticket(self.tickets[ticket], {"owner_id": user or self.agent}, self.agent)

    def add_attribute(self, name: str, kind: str = "input") -> None:
        """A custom attribute of tickets, as an administrator adds and migrates one."""
        self.attributes[name] = kind

    # the rest

    async def _me(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.users[self.api_user])

    async def _show_user(self, request: web.Request) -> web.StreamResponse:
        id_ = int(request[PATH]["id"])
        if id_ not in self.users:
            self.refuse(404, f"Couldn't find User with 'id'={id_}")
        return web.json_response(self.users[id_])

    async def _search_users(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, *PAGES, "query", "role_ids", "permissions")
        try:
            test = compiled(re.sub(r"^(?!\w+:)(.*)$", r"email:\1", query.get("query", "")) if query.get("query") else "")
        except BadQuery as wrong:
            self.violate(500, f"Unable to process GET request to elasticsearch: {wrong}")
        return web.json_response(self.page(query, [user for user in self.users.values() if test(user)], 50, 500))

    async def _create_user(self, request: web.Request) -> web.StreamResponse:
        known = {
            "firstname",
            "lastname",
            "email",
            "login",
            "phone",
            "mobile",
            "organization",
            "roles",
            "role_ids",
            "note",
            "active",
            "web",
        }
        body = await self.body(request, known)
        email = body.get("email", "")
        if not any(body.get(name) for name in ("firstname", "lastname", "email", "login", "phone")):
            self.violate(422, "At least one identifier (firstname, lastname, phone, mobile or email) for user is required.")
        if email and not ADDRESS.fullmatch(email):
            self.refuse(422, f"Invalid email '{email}'")
        if email and self.user_by_email(email):
            self.refuse(422, f"Email address '{email}' is already used for another user.")
        phones = {name: body.get(name, "") for name in ("phone", "mobile", "note")}
        return web.json_response(
            self.add_user(email, body.get("firstname", ""), body.get("lastname", ""), **phones), status=201
        )

    async def _groups(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            [{"id": id_, "name": name, "active": True, "follow_up_possible": "yes"} for id_, name in self.groups.items()]
        )

    async def _states(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            [{"id": id_, "name": name, "state_type_id": id_, "active": True} for id_, name in STATES.items()]
        )

    async def _priorities(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"id": id_, "name": name, "active": True} for id_, name in PRIORITIES.items()])

    async def _attributes(self, request: web.Request) -> web.StreamResponse:
        self._administrator()
        shown = {"object": "Ticket", "editable": True, "active": True, "to_create": False, "to_migrate": False}
        rows = [
            {"id": 100 + place, "name": name, "data_type": kind, **shown}
            for place, (name, kind) in enumerate(self.attributes.items())
        ]
        return web.json_response([{"id": 1, "name": "title", "data_type": "input", **shown, "editable": False}, *rows])

    async def _new_attribute(self, request: web.Request) -> web.StreamResponse:
        """Usable only after the migration, which this API does not show; here it is at once."""
        self._administrator()
        needed = {"name", "object", "display", "active", "position", "data_type", "data_option"}
        body = await self.body(request, needed | {"screens"})
        if missing := needed - {"active"} - body.keys():
            self.violate(422, f"missing {missing}")
        if (
            body["object"] != "Ticket"
            or body["data_type"] not in ATTRIBUTE_TYPES
            or not re.fullmatch(r"[a-z][a-z0-9_]+", body["name"])
        ):
            self.violate(422, "object, data_type or name is not valid")
        if body["name"] in self.attributes or body["name"] in TICKET_FIELDS:
            self.refuse(422, f"{body['name']} already exists")
        self.attributes[body["name"]] = body["data_type"]
        return web.json_response({**body, "id": 100 + len(self.attributes), "to_create": True, "to_migrate": True}, status=201)

    def _administrator(self) -> None:
        if not self.admin:
            self.refuse(403, "Not authorized (token)!")
