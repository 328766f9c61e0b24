"""Freshdesk: tickets, conversations and contacts over `/api/v2`.

Source: developers.freshdesk.com/api ("Authentication", "Rate Limit", "Pagination", "Errors", "Create a Ticket", "Create a
Ticket With Attachments", "View a Ticket", "List All Tickets", "Filter Tickets", "Update a Ticket", "List All Conversations of
a Ticket", "Reply to a Ticket", "Create a Note", "Contacts", "Ticket Fields"); ktsaou/freshdesk_mcp FRESHDESK_API_REFERENCE.md
for the limits of lists.
The documentation gives status and priority defaults, but its examples send them always; here they are required.

Search is fed from an index that lags behind: `indexing_s`, off at first.
"""

from collections.abc import Iterable, Mapping

from aiohttp import web

from tests.providers.base import PATH, Route, basic
from tests.trackers.base import Part, parse_time
from tests.trackers.freshdesk_desk import Row
from tests.trackers.freshdesk_fields import CREATE, NOTE, REPLY, UPDATE, Table, fault
from tests.trackers.freshdesk_people import PAGES, People
from tests.trackers.freshdesk_search import BadQuery, compiled

ID = r"/(?P<id>\d+)"
MONTH_MS = 30 * 24 * 60 * 60 * 1000
LISTED = (
    "filter",
    "requester_id",
    "email",
    "unique_external_id",
    "company_id",
    "updated_since",
    "order_by",
    "order_type",
    "include",
)


class FakeFreshdesk(People):
    """One account behind one agent's API key."""

    def __init__(self, key: str = "freshdesk-key") -> None:
        super().__init__()
        self.key = key
        self.indexing_s = 0.0

    def routes(self) -> Iterable[Route]:
        api = "/api/v2"
        return (
            Route("POST", f"{api}/tickets", self._create),
            Route("GET", f"{api}/tickets", self._list),
            Route("GET", f"{api}/tickets{ID}", self._show),
            Route("PUT", f"{api}/tickets{ID}", self._update),
            Route("POST", f"{api}/tickets{ID}/reply", self._reply),
            Route("POST", f"{api}/tickets{ID}/notes", self._note),
            Route("GET", f"{api}/tickets{ID}/conversations", self._conversations),
            Route("GET", f"{api}/search/tickets", self._search),
            Route("GET", f"{api}/contacts", self.list_contacts),
            Route("POST", f"{api}/contacts", self.new_contact),
            Route("GET", f"{api}/contacts{ID}", self.show_contact),
            Route("GET", f"{api}/ticket_fields", self.list_fields),
            Route("GET", f"{api}/agents/me", self.show_me),
            Route("GET", f"{api}/groups", self.list_groups),
            Route("GET", f"/attachments{ID}", self._content),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        if status == 405:
            return web.json_response({"message": f"{reason}. It should be one of these method(s)"}, status=405)
        if status == 400:
            return web.json_response({"code": "invalid_json", "message": "Request body has invalid json format"}, status=400)
        return self.problem(status, reason)

    def admit(self, request: web.Request) -> None:
        if request.path.startswith("/attachments/"):
            return
        given = basic(request)
        if given is None or given[0] != self.key:
            self.refuse(401, "wrong or missing key")

    # the agent

    def agent_answers(self, ticket: int, text: str, files: Mapping[str, bytes] | None = None) -> Row:
        """A reply, after which the agent waits for the customer."""
        row = self.says(self.tickets[ticket], {"body": f"<div>{text}</div>", "user_id": self.agent}, _parts(files), reply=True)
        self.change(self.tickets[ticket], {"status": 3})
        return row

    def agent_notes(self, ticket: int, text: str, files: Mapping[str, bytes] | None = None) -> Row:
        return self.says(
            self.tickets[ticket], {"body": f"<div>{text}</div>", "user_id": self.agent}, _parts(files), reply=False
        )

    def closes(self, ticket: int, status: int = 5) -> None:
        self.change(self.tickets[ticket], {"status": status})

    def reopens(self, ticket: int) -> None:
        self.change(self.tickets[ticket], {"status": 2})

    def assigns(self, ticket: int, agent: int | None = None) -> None:
        self.change(self.tickets[ticket], {"responder_id": agent or self.agent})

    # tickets

    async def _create(self, request: web.Request) -> web.StreamResponse:
        given, files = await self.given(request, CREATE, ("subject", "description", "status", "priority"))
        ticket = self.new_ticket(given, files)
        return web.json_response(ticket, status=201, headers={"Location": f"{self.url}/api/v2/tickets/{ticket['id']}"})

    async def _update(self, request: web.Request) -> web.StreamResponse:
        given, files = await self.given(request, UPDATE, ())
        ticket = self.find(request[PATH]["id"])
        if not given and not files:
            self.invalid([fault("request", "missing_field", "nothing to update")])
        ticket["attachments"] += self.attach(files)
        self.change(ticket, given)
        return web.json_response(ticket)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        query = self.strict_query(request, "include")
        ticket = dict(self.find(request[PATH]["id"]))
        wanted = set(filter(None, query.get("include", "").split(",")))
        if wanted - {"conversations", "requester", "company", "stats"}:
            self.invalid([fault("include", "invalid_value", "It should be one of: conversations,requester,company,stats")])
        if "conversations" in wanted:
            ticket["conversations"] = self._of(ticket)[:10]
        if "requester" in wanted:
            ticket["requester"] = self.contacts.get(ticket["requester_id"])
        return web.json_response(ticket)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        query = self.strict_query(request, *LISTED, *PAGES)
        since = parse_time(query["updated_since"]) if "updated_since" in query else None
        key = query.get("order_by", "created_at")
        if ("updated_since" in query and since is None) or key not in ("created_at", "due_by", "updated_at", "status"):
            self.invalid([fault("updated_since", "invalid_value", "updated_since or order_by is not valid")])
        oldest = since if since is not None else self.clock() * 1000 - MONTH_MS
        by = "updated_at" if since is not None else "created_at"
        rows = [row for row in self.tickets.values() if (parse_time(row[by]) or 0) >= oldest and self._of_person(row, query)]
        rows.sort(key=lambda row: (row[key] or "", row["id"]), reverse=query.get("order_type", "desc") == "desc")
        hidden = (
            {"attachments"} if "description" in query.get("include", "") else {"attachments", "description", "description_text"}
        )
        return self.page(request, query, [{k: v for k, v in row.items() if k not in hidden} for row in rows])

    def _of_person(self, row: Row, query: dict[str, str]) -> bool:
        person = self.contacts.get(row["requester_id"], {})
        if query.get("requester_id", str(row["requester_id"])) != str(row["requester_id"]):
            return False
        return all(query.get(name) in (None, person.get(name)) for name in ("email", "unique_external_id"))

    async def _search(self, request: web.Request) -> web.StreamResponse:
        query = self.strict_query(request, "query", "page")
        try:
            test = compiled(query.get("query", ""), frozenset(self.ticket_fields))
        except BadQuery as wrong:
            self.invalid([fault("query", "invalid_value", str(wrong))])
        until = (self.clock() - self.indexing_s) * 1000 if self.indexing_s else float("inf")
        flat = [
            (row, {**row, **row["custom_fields"], "tag": row["tags"], "agent_id": row["responder_id"]})
            for row in self.tickets.values()
        ]
        found = [row for row, fields in flat if (parse_time(row["updated_at"]) or 0) <= until and test(fields)]
        page = int(query.get("page", 1))
        if not 0 < page <= 10:
            self.invalid([fault("page", "invalid_value", "It should be between 1 and 10")])
        return web.json_response({"total": len(found), "results": found[30 * (page - 1) : 30 * page]})

    # conversations

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        return await self._says(request, REPLY, reply=True)

    async def _note(self, request: web.Request) -> web.StreamResponse:
        return await self._says(request, NOTE, reply=False)

    async def _says(self, request: web.Request, table: Table, *, reply: bool) -> web.StreamResponse:
        given, files = await self.given(request, table, ("body",))
        row = self.says(self.find(request[PATH]["id"]), given, files, reply=reply)
        return web.json_response(row, status=201)

    async def _conversations(self, request: web.Request) -> web.StreamResponse:
        query = self.strict_query(request, *PAGES)
        return self.page(request, query, self._of(self.find(request[PATH]["id"])))

    def _of(self, ticket: Row) -> list[Row]:
        return [row for row in self.conversations.values() if row["ticket_id"] == ticket["id"]]

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.contents[int(request[PATH]["id"])], content_type="application/octet-stream")


def _parts(files: Mapping[str, bytes] | None) -> list[Part]:
    return [Part("attachments[]", name, "application/octet-stream", content) for name, content in (files or {}).items()]
