"""Zendesk's calls on users, ticket fields and groups ("Users", "Ticket Fields", "Groups"), and the form of JSON requests."""

from aiohttp import web

from tests.providers.base import PATH
from tests.providers.shapes import Schema, obj, violation
from tests.trackers.zendesk_desk import Desk, Row
from tests.trackers.zendesk_shapes import USER

WARNING = "X-Zendesk-API-Warn"


class People(Desk):
    """The account with the calls that are not about tickets."""

    async def show_me(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"user": self.users[self.me]})

    async def show_user(self, request: web.Request) -> web.StreamResponse:
        user = self.users.get(int(request[PATH]["id"]))
        if user is None:
            self.refuse(404, "no such user")
        return web.json_response({"user": user})

    async def search_users(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "query", "external_id")
        email, external = query.get("query", "").removeprefix("email:").strip('"'), query.get("external_id")
        found = [
            user for user in self.users.values() if (user["external_id"] == external if external else user["email"] == email)
        ]
        return web.json_response({"users": found, "count": len(found), "next_page": None, "previous_page": None})

    async def create_user(self, request: web.Request) -> web.StreamResponse:
        given, headers = await self.given(request, "user", USER["properties"])
        if not given.get("name"):
            self.violate(422, "Name: is too short (minimum one character)")
        known = self.user_by_email(given["email"]) if "email" in given else None
        if known is not None and not request.path.removesuffix(".json").endswith("create_or_update"):
            self.refuse(422, "Email: is already being used by another user")
        if known is not None:
            known |= given
        user = known or self.add_user(
            given["name"], given.get("email"), **{k: given[k] for k in ("external_id", "phone") if k in given}
        )
        return web.json_response({"user": user}, status=200 if known else 201, headers=headers)

    async def list_fields(self, request: web.Request) -> web.StreamResponse:
        rows = [{"id": id_, "title": title, "type": "text", "active": True} for id_, title in self.ticket_fields.items()]
        return web.json_response({"ticket_fields": rows, "count": len(rows), "next_page": None})

    async def list_groups(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"groups": [{"id": id_, "name": name} for id_, name in self.groups.items()], "next_page": None}
        )

    async def given(self, request: web.Request, name: str, known: Schema) -> tuple[Row, dict[str, str]]:
        """The object under its name; unknown keys are dropped, named in a header, and noted."""
        body = await self.json_object(request, refused_with=415)
        given = body.get(name)
        if not isinstance(given, dict) or len(body) > 1:
            self.violate(400, f"the body is not an object with {name!r} and nothing else")
        unknown = given.keys() - known.keys()
        if unknown:
            self.note(request, f"keys {sorted(unknown)} are unknown and dropped")
        given = {key: value for key, value in given.items() if key in known}
        if wrong := violation(obj({}, known), given):
            self.violate(422, str(wrong))
        warning = (
            {WARNING: f"Removed restricted keys {sorted(unknown)} from parameters according to whitelist"} if unknown else {}
        )
        return given, warning
