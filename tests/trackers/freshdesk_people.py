"""Freshdesk's calls on contacts, fields, agents and groups, and what all calls share: strict queries, bodies, pages."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import PATH
from tests.trackers.base import Part
from tests.trackers.freshdesk_desk import Desk, Row
from tests.trackers.freshdesk_fields import CONTACT, Table, fault, faults, from_form

PAGES = ("page", "per_page")


class People(Desk):
    """The account with the calls that are not about tickets."""

    async def list_contacts(self, request: web.Request) -> web.StreamResponse:
        named = ("email", "phone", "mobile", "unique_external_id")
        query = self.strict_query(request, *named, "company_id", "state", "updated_since", *PAGES)
        rows = [row for row in self.contacts.values() if all(query.get(name) in (None, row.get(name)) for name in named)]
        return self.page(request, query, rows)

    async def show_contact(self, request: web.Request) -> web.StreamResponse:
        if int(request[PATH]["id"]) not in self.contacts:
            self.refuse(404, "no such contact")
        return web.json_response(self.contacts[int(request[PATH]["id"])])

    async def new_contact(self, request: web.Request) -> web.StreamResponse:
        given, _ = await self.given(request, CONTACT, ("name",))
        unique = {name: given[name] for name in ("email", "phone", "mobile", "unique_external_id") if given.get(name)}
        if not unique:
            self.invalid(
                [fault("email", "missing_field", "Please fill at least one of email, phone, mobile, unique_external_id")]
            )
        if "email" in unique:
            self.check_address(unique["email"])
        taken = [
            name for name, value in unique.items() if name in ("email", "unique_external_id") and self.contact(**{name: value})
        ]
        if taken:
            self.invalid([fault(name, "duplicate_value", "It should be a unique value") for name in taken], violated=False)
        return web.json_response(self.add_contact(**given), status=201)

    async def list_fields(self, request: web.Request) -> web.StreamResponse:
        self.strict_query(request, "type")
        rows = [
            {"id": 900 + place, "name": name, "type": "custom_text", "default": False}
            for place, name in enumerate(sorted(self.ticket_fields))
        ]
        return web.json_response([{"id": 1, "name": "subject", "type": "default_subject", "default": True}, *rows])

    async def show_me(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": self.me, "contact": {"email": self.agents[self.me], "active": True}})

    async def list_groups(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"id": id_, "name": name} for id_, name in self.groups.items()])

    # requests

    def strict_query(self, request: web.Request, *allowed: str) -> dict[str, str]:
        """An unknown field of the query is refused, as one of the body."""
        if unknown := request.query.keys() - set(allowed):
            self.invalid([fault(name, "invalid_field", "Unexpected/invalid field in request") for name in sorted(unknown)])
        return self.query(request, *allowed)

    async def given(self, request: web.Request, table: Table, required: Iterable[str]) -> tuple[Row, list[Part]]:
        files: list[Part] = []
        if request.content_type == "multipart/form-data":
            given, files = from_form(await self.parts(request), table)
        else:
            given = await self.json_object(request, refused_with=415)
            if "attachments" in given:
                self.invalid([fault("attachments", "datatype_mismatch", "files are sent as multipart/form-data")])
        if wrong := faults(given, table, required):
            self.invalid(wrong)
        return given, files

    def page(self, request: web.Request, query: dict[str, str], rows: list[Any]) -> web.Response:
        """30 a page unless `per_page` says otherwise, 100 at most; `Link` names the next page."""
        page, size = query.get("page", "1"), query.get("per_page", "30")
        if not (page.isdecimal() and size.isdecimal() and int(page) > 0 and 0 < int(size) <= 100):
            self.invalid([fault("per_page", "invalid_value", "It should be a Positive Integer less than or equal to 100")])
        first = (int(page) - 1) * int(size)
        more = first + int(size) < len(rows)
        following = request.url.update_query(page=str(int(page) + 1))
        return web.json_response(
            rows[first : first + int(size)], headers={"Link": f'<{following}>; rel="next"'} if more else {}
        )
