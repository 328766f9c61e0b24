"""Zammad's calls on tickets and their articles."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import PATH
from tests.trackers.base import parse_time
from tests.trackers.zammad_articles import ARTICLE_FIELDS, Articles
from tests.trackers.zammad_desk import PRIORITIES, STATES, TICKET_FIELDS, Row
from tests.trackers.zammad_search import BadQuery, compiled

TRUE = ("true", "1")
VIEW = ("expand", "full", "all")
PAGES = (*VIEW, "page", "per_page", "limit", "sort_by", "order_by")


class Tickets(Articles):
    """`indexing_s`: how long a change stays hidden from search.

    `search_lists` is how current Zammad answers a search: a list of tickets, no longer their ids beside `assets`. Only with
    `expand=true` are both the same, so a client of any version asks for that or bears both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.indexing_s = 0.0
        self.search_lists = False

    async def create_ticket(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request, TICKET_FIELDS | self.attributes.keys())
        article = body.get("article")
        if article is not None:
            self._article_fields(request, article)
            if not article.get("body"):  # refused before anything is kept: Zammad rolls the ticket back
                self.violate(422, 'Need at least article: { body: "some text" }')
        ticket = self.new_ticket(body)
        if article is not None:
            try:
                self.new_article(ticket, article)
            except Exception:
                del self.tickets[ticket["id"]]
                raise
        return web.json_response(self._shown(request, ticket), status=201)

    async def update_ticket(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request, TICKET_FIELDS | self.attributes.keys() | {"id", "number"})
        ticket = self.find_ticket(request[PATH]["id"])
        self.change_ticket(ticket, body)
        if body.get("article"):
            self._article_fields(request, body["article"])
            self.new_article(ticket, body["article"])
        return web.json_response(self._shown(request, ticket))

    async def show_ticket(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._shown(request, self.find_ticket(request[PATH]["id"]), *VIEW))

    async def list_tickets(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, *PAGES)
        visible = [row for row in self.tickets.values() if row["group_id"] in self.agent_groups]
        return web.json_response([self._view(query, row) for row in self.page(query, visible, 100, 100)])

    async def search(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, *PAGES, "query")
        try:
            test = compiled(query.get("query", ""))
            found = [row for row in self.tickets.values() if self._indexed(row) and test(self._document(row))]
        except BadQuery as wrong:
            self.violate(500, f"Unable to process GET request to elasticsearch: {wrong}")
        key, down = query.get("sort_by", "updated_at"), query.get("order_by", "desc") == "desc"
        if key not in ("updated_at", "created_at", "id", "number", "title"):
            self.violate(422, f"sort_by {key}")
        found.sort(key=lambda row: row[key], reverse=down)
        page = self.page(query, found, 50, 200)
        return web.json_response(self._found(query, page, len(found)))

    def _found(self, query: dict[str, str], page: list[Row], total: int) -> Any:
        if query.get("expand") in TRUE or (self.search_lists and query.get("full") not in TRUE):
            return [self._view(query, row) for row in page]
        ids, assets = [row["id"] for row in page], {"Ticket": {str(row["id"]): row for row in page}}
        if self.search_lists:
            return {"record_ids": ids, "assets": assets, "total_count": total}
        return {"tickets": ids, "tickets_count": len(page), "assets": assets}

    def _indexed(self, row: Row) -> bool:
        until = (self.clock() - self.indexing_s) * 1000 if self.indexing_s else float("inf")
        return row["group_id"] in self.agent_groups and (parse_time(row["updated_at"]) or 0) <= until

    def _document(self, row: Row) -> Row:
        articles = [self.articles[id_] for id_ in row["article_ids"]]
        customer = self.users[row["customer_id"]]
        related: Row = {"state.name": STATES[row["state_id"]], "group.name": self.groups[row["group_id"]]}
        related |= {"customer.email": customer["email"], "article.body": [article["body"] for article in articles]}
        return {**row, **related, "article.subject": [article["subject"] for article in articles]}

    def page(self, query: dict[str, str], rows: list[Row], default: int, most: int) -> list[Row]:
        size = min(int(query.get("per_page", query.get("limit", default))), most)
        first = (int(query.get("page", 1)) - 1) * size
        return rows[first : first + size]

    def _shown(self, request: web.Request, row: Row, *allowed: str) -> Row:
        return self._view(self.query(request, "expand", *allowed), row)

    def _view(self, query: dict[str, str], row: Row) -> Row:
        if query.get("expand") not in TRUE:
            return row
        names = {
            "group": self.groups[row["group_id"]],
            "state": STATES[row["state_id"]],
            "priority": PRIORITIES[row["priority_id"]],
        }
        people = {name: self.users[row[f"{name}_id"]]["login"] for name in ("customer", "owner", "created_by", "updated_by")}
        return {**row, **names, **people}

    # articles

    async def create_article(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request, ARTICLE_FIELDS)
        return web.json_response(self.new_article(self.find_ticket(body.get("ticket_id", "")), body), status=201)

    async def articles_of(self, request: web.Request) -> web.StreamResponse:
        self.query(request, *VIEW)
        ticket = self.find_ticket(request[PATH]["id"])
        return web.json_response([self.articles[id_] for id_ in ticket["article_ids"]])

    async def show_article(self, request: web.Request) -> web.StreamResponse:
        self.query(request, *VIEW)
        return web.json_response(self._article(int(request[PATH]["id"])))

    def _article(self, id_: int) -> Row:
        if id_ not in self.articles:
            self.refuse(404, f"Couldn't find Ticket::Article with 'id'={id_}")
        self.find_ticket(self.articles[id_]["ticket_id"])
        return self.articles[id_]

    async def attachment_of(self, request: web.Request) -> web.StreamResponse:
        ticket, article, id_ = (int(request[PATH][name]) for name in ("ticket", "article", "id"))
        row = self._article(article)
        if row["ticket_id"] != ticket:
            self.refuse(403, "The article does not belong to the specified ticket.")
        if id_ not in [one["id"] for one in row["attachments"]]:
            self.refuse(403, "The file does not belong to the specified article.")
        return web.Response(body=self.contents[id_], content_type="application/octet-stream")

    async def body(self, request: web.Request, known: Iterable[str]) -> Row:
        """The JSON object; what Zammad drops in silence is noted."""
        body = await self.json_object(request, refused_with=422)
        for name in body.keys() - set(known):
            self.note(request, f"attribute {name!r} is unknown and dropped")
        return body

    def _article_fields(self, request: web.Request, article: Any) -> None:
        if not isinstance(article, dict):
            self.violate(422, "article is not an object")
        for name in article.keys() - ARTICLE_FIELDS:
            self.note(request, f"attribute {name!r} of the article is unknown and dropped")
