"""Zendesk Support: tickets, comments, uploads, users and the incremental export of one account.

Sources (developer.zendesk.com/api-reference): /ticketing/tickets/tickets/, /ticketing/tickets/ticket_comments/,
/ticketing/tickets/ticket-attachments/, /ticketing/users/users/, /ticketing/ticket-management/incremental_exports/,
/ticketing/introduction/ (idempotency: the header's two values and two hours), /introduction/requests/ (statuses, errors),
/introduction/security-and-auth/, /introduction/rate-limits/; "Using the Incremental Export API". The refusal of a closed ticket
is quoted in Speedygeek/ZendeskApi_v2#59, the header that names dropped keys in #433.

The export leaves out what changed in the last minute: `export_lag_s`, which a test may set to 0.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from tests.providers.base import PATH, Route, basic, bearer
from tests.trackers.zendesk_desk import Row
from tests.trackers.zendesk_people import People
from tests.trackers.zendesk_shapes import TICKET, UPDATE

ID = r"/(?P<id>\d+)"
JSON = r"(?:\.json)?"
KEY_TTL_MS = 2 * 60 * 60 * 1000


class FakeZendesk(People):
    """One account, its API token used by `email`. `keys` maps idempotency keys to what they created."""

    def __init__(self, email: str = "regia@example.com", token: str = "zendesk-token") -> None:
        super().__init__()
        self.email = email
        self.token = token
        self.export_lag_s = 60.0
        self.keys: dict[str, tuple[int, bytes, Row]] = {}

    def routes(self) -> Iterable[Route]:
        api = "/api/v2"
        return (
            Route("POST", f"{api}/tickets{JSON}", self._create),
            Route("GET", f"{api}/tickets{JSON}", self._list),
            Route("GET", f"{api}/tickets{ID}{JSON}", self._show),
            Route("PUT", f"{api}/tickets{ID}{JSON}", self._update),
            Route("GET", f"{api}/tickets{ID}/comments{JSON}", self._comments),
            Route("POST", f"{api}/uploads{JSON}", self._upload),
            Route("GET", f"{api}/incremental/tickets/cursor{JSON}", self._export),
            Route("GET", f"{api}/users/me{JSON}", self.show_me),
            Route("GET", f"{api}/users/search{JSON}", self.search_users),
            Route("GET", f"{api}/users{ID}{JSON}", self.show_user),
            Route("POST", f"{api}/users{JSON}", self.create_user),
            Route("POST", f"{api}/users/create_or_update{JSON}", self.create_user),
            Route("GET", f"{api}/ticket_fields{JSON}", self.list_fields),
            Route("GET", f"{api}/groups{JSON}", self.list_groups),
            Route("GET", f"/attachments/token{ID}/", self._content),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        if status == 404:
            return web.json_response({"error": "InvalidEndpoint", "description": "Not found"}, status=404)
        return self.problem(status, reason)

    def admit(self, request: web.Request) -> None:
        if request.path.startswith("/attachments/"):
            return
        if basic(request) != (f"{self.email}/token", self.token) and bearer(request) != self.token:
            self.refuse(401, "wrong or missing credentials")

    # the agent

    def agent_answers(self, ticket: int, text: str, files: Mapping[str, bytes] | None = None, status: str = "pending") -> Row:
        return self._says(ticket, {"body": text, "public": True}, files, status)

    def agent_notes(self, ticket: int, text: str, files: Mapping[str, bytes] | None = None) -> Row:
        return self._says(ticket, {"body": text, "public": False}, files, self.tickets[ticket]["status"])

    def _says(self, ticket: int, given: Row, files: Mapping[str, bytes] | None, status: str) -> Row:
        row = self.add_comment(self.tickets[ticket], {**given, "author_id": self.agent}, via="web")
        row["attachments"] += [
            self.attachment(name, "application/octet-stream", content) for name, content in (files or {}).items()
        ]
        self._sets(ticket, status=status)
        return row

    def closes(self, ticket: int, status: str = "solved") -> None:
        """`closed` is final: nothing about the ticket changes any more."""
        self._sets(ticket, status=status)

    def reopens(self, ticket: int) -> None:
        self._sets(ticket, status="open")

    def assigns(self, ticket: int, agent: int | None = None) -> None:
        self._sets(ticket, assignee_id=agent or self.agent, status="open")

    def _sets(self, ticket: int, **values: Any) -> None:
        self.tickets[ticket] |= values
        self.touch(self.tickets[ticket])

    # tickets

    async def _create(self, request: web.Request) -> web.StreamResponse:
        key, raw = request.headers.get("Idempotency-Key"), await request.read()
        if key is not None and (kept := self._kept(key, raw)) is not None:
            return web.json_response({"ticket": kept}, status=201, headers={"x-idempotency-lookup": "hit"})
        given, headers = await self.given(request, "ticket", TICKET)
        ticket = self.new_ticket(given)
        if key is not None:
            self.keys[key] = (self.now_ms(), raw, dict(ticket))
            headers["x-idempotency-lookup"] = "miss"
        headers["Location"] = ticket["url"]
        return web.json_response({"ticket": ticket, "audit": {"ticket_id": ticket["id"]}}, status=201, headers=headers)

    def _kept(self, key: str, raw: bytes) -> Row | None:
        """What the key created in the last two hours; the same key with another request is refused."""
        if len(key) > 255:
            self.violate(400, "Idempotency-Key is longer than 255")
        at_ms, earlier, row = self.keys.get(key, (0, b"", {}))
        if not row or at_ms < self.now_ms() - KEY_TTL_MS:
            return None
        if earlier != raw:
            self.violate(400, "IdempotentRequestError: the request differs from the one that the key was first used with")
        return row

    async def _update(self, request: web.Request) -> web.StreamResponse:
        given, headers = await self.given(request, "ticket", UPDATE)
        ticket = self.find(request[PATH]["id"])
        self.update(ticket, given)
        return web.json_response({"ticket": ticket, "audit": {"ticket_id": ticket["id"]}}, headers=headers)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        self.query(request, "include")
        return web.json_response({"ticket": self.find(request[PATH]["id"])})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        query = self.query(
            request, "external_id", "page", "per_page", "page[size]", "page[after]", "sort_by", "sort_order", "sort"
        )
        rows = [row for row in self.tickets.values() if query.get("external_id", row["external_id"]) == row["external_id"]]
        return web.json_response(self._paged(query, "tickets", rows))

    async def _comments(self, request: web.Request) -> web.StreamResponse:
        paging = ("page", "per_page", "page[size]", "page[after]", "sort_order", "sort")
        query = self.query(request, *paging, "include", "include_inline_images")
        rows = self.comments_of(self.find(request[PATH]["id"]))
        if query.get("sort_order") == "desc" or query.get("sort") == "-created_at":
            rows.reverse()
        users = {"users": [self.users[row["author_id"]] for row in rows]} if query.get("include") == "users" else {}
        return web.json_response({**self._paged(query, "comments", rows), **users})

    def _paged(self, query: dict[str, str], name: str, rows: list[Row]) -> Row:
        """By cursor when `page[size]` is given, else by page number; 100 at most either way."""
        size = int(query.get("page[size]") or query.get("per_page") or 100)
        if not 0 < size <= 100:
            self.violate(400, f"{size} records a page")
        if "page[size]" in query:
            first = int(urlsafe_b64decode(query["page[after]"])) if "page[after]" in query else 0
            more = first + size < len(rows)
            after = urlsafe_b64encode(str(first + size).encode()).decode() if more else None
            return {name: rows[first : first + size], "meta": {"has_more": more, "after_cursor": after, "before_cursor": None}}
        first = (int(query.get("page", 1)) - 1) * size
        more = first + size < len(rows)
        following = f"{self.url}/api/v2/{name}.json?page={first // size + 2}" if more else None
        return {name: rows[first : first + size], "next_page": following, "previous_page": None, "count": len(rows)}

    async def _export(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "start_time", "cursor", "per_page", "exclude_deleted", "include", "support_type_scope")
        now = self.clock()
        size = int(query.get("per_page", 1000))
        if ("cursor" in query) == ("start_time" in query) or not 0 < size <= 1000:
            self.violate(400, "give one of start_time and cursor, and per_page up to 1000")
        if "cursor" in query:
            seconds, _, id_ = urlsafe_b64decode(query["cursor"]).decode().partition("||")
            after = (round(float(seconds) * 1000), int(id_.rstrip("|")))
        else:
            after = (int(query["start_time"]) * 1000 - 1, 2**63)
            if after[0] > (now - self.export_lag_s) * 1000:
                self.violate(422, "Too recent start_time. Use a start_time older than 60 seconds")
        until = (now - self.export_lag_s) * 1000 if self.export_lag_s else float("inf")
        changed = sorted((ms, id_) for id_, ms in self.changed_ms.items() if (ms, id_) > after and ms <= until)
        page = changed[:size]
        last_ms, last_id = page[-1] if page else (after[0], min(after[1], 2**62))
        cursor = urlsafe_b64encode(f"{last_ms / 1000:.3f}||{last_id}|".encode()).decode()
        link = f"{self.url}/api/v2/incremental/tickets/cursor.json?cursor={cursor}"
        ends = {"after_cursor": cursor, "after_url": link, "before_cursor": None, "before_url": None}
        return web.json_response(
            {"tickets": [self.tickets[id_] for _, id_ in page], **ends, "end_of_stream": len(changed) <= size}
        )

    # files

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes themselves; further ones may join the same token."""
        query = self.query(request, "filename", "token")
        if not query.get("filename"):
            self.violate(400, "filename is missing")
        if request.content_type.startswith("multipart/") or "Content-Type" not in request.headers:
            self.violate(400, "the body is the file itself with its content type, no form")
        token = query.get("token") or f"upload{self.next_number():08}"
        if "token" in query and token not in self.uploads:
            self.refuse(422, "unknown token")
        made = self.attachment(query["filename"], request.content_type, await request.read())
        self.uploads.setdefault(token, []).append(made)
        body = {"token": token, "expires_at": None, "attachment": made, "attachments": self.uploads[token]}
        return web.json_response({"upload": body}, status=201)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.contents[int(request[PATH]["id"])], content_type="application/octet-stream")
