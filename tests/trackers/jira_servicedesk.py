"""Calls of the service desk API around the requests: status, transitions of the customer, request types and customers."""

import re
from typing import Any

from aiohttp import web

from tests.providers.base import PATH
from tests.providers.shapes import many, obj, text
from tests.trackers.jira_desk import STATUSES, TRANSITIONS, dated
from tests.trackers.jira_platform import Platform

CUSTOMER = obj({"email": text(), "displayName": text()}, {"fullName": text()})
MEMBERS = obj({"accountIds": many(text())})
TRANSITION = obj({"id": text()}, {"additionalComment": obj({"body": text()})})


class ServiceDesk(Platform):
    """`public_transitions` are the ids that the workflow shows to customers; only those exist in this API."""

    def __init__(self) -> None:
        super().__init__()
        self.public_transitions = {"761", "781", "911"}

    def paged(self, query: dict[str, str], rows: list[Any]) -> dict[str, Any]:
        """50 at most whatever `limit` says."""
        first, size = int(query.get("start", 0)), min(int(query.get("limit", 50)), 50)
        page = rows[first : first + size]
        return {
            "size": len(page),
            "start": first,
            "limit": size,
            "isLastPage": first + size >= len(rows),
            "values": page,
            "_links": {},
        }

    async def statuses(self, request: web.Request) -> web.StreamResponse:
        """The history; here only where the request stands now."""
        query = self.query(request, "start", "limit")
        issue = self.find(request[PATH]["key"])
        label, category = STATUSES[issue.status]
        row = {"status": label, "statusCategory": category.upper(), "statusDate": dated(issue.status_ms)}
        return web.json_response(self.paged(query, [row]))

    async def customer_transitions(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "start", "limit")
        leads = TRANSITIONS[self.find(request[PATH]["key"]).status]
        rows = [{"id": id_, "name": name} for id_, (name, _) in leads.items() if id_ in self.public_transitions]
        return web.json_response(self.paged(query, rows))

    async def customer_transition(self, request: web.Request) -> web.StreamResponse:
        body = await self.shaped(request, TRANSITION)
        issue = self.find(request[PATH]["key"])
        if body["id"] not in TRANSITIONS[issue.status].keys() & self.public_transitions:
            self.refuse(400, "The transition is not available to customers in this status.")
        self.move(issue, TRANSITIONS[issue.status][body["id"]][1])
        if "additionalComment" in body:
            self.comment(issue, self.me, body["additionalComment"]["body"], True)
        return web.Response(status=204)

    async def comment_files(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "start", "limit")
        issue = self.find(request[PATH]["key"])
        found = [comment for comment in issue.comments if comment.id == request[PATH]["comment"]]
        if not found:
            self.refuse(404, "The comment does not exist.")
        return web.json_response(self.paged(query, [self.shown_file(issue, number) for number in found[0].files]))

    def on_desk(self, request: web.Request) -> None:
        if request[PATH]["desk"] != self.desk:
            self.refuse(404, "The service desk does not exist.")

    async def desks(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.paged(self.query(request, "start", "limit"), [self._shown_desk()]))

    async def one_desk(self, request: web.Request) -> web.StreamResponse:
        self.on_desk(request)
        return web.json_response(self._shown_desk())

    def _shown_desk(self) -> dict[str, str]:
        return {"id": self.desk, "projectId": "10000", "projectName": "Desk", "projectKey": self.project}

    async def one_type(self, request: web.Request) -> web.StreamResponse:
        self.on_desk(request)
        if request[PATH]["type"] not in self.request_types:
            self.refuse(404, "The request type does not exist.")
        return web.json_response({"id": request[PATH]["type"], "name": "Get help", "serviceDeskId": self.desk})

    async def types(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "start", "limit", "groupId", "expand", "searchQuery", "restrictionStatus")
        self.on_desk(request)
        return web.json_response(
            self.paged(query, [{"id": id_, "name": "Get help", "serviceDeskId": self.desk} for id_ in self.request_types])
        )

    async def type_fields(self, request: web.Request) -> web.StreamResponse:
        self.on_desk(request)
        if request[PATH]["type"] not in self.request_types:
            self.refuse(404, "The request type does not exist.")
        fields = self.request_types[request[PATH]["type"]]
        rows = [{"fieldId": name, "name": name.title(), "required": required} for name, required in fields.items()]
        return web.json_response({"requestTypeFields": rows, "canRaiseOnBehalfOf": True, "canAddRequestParticipants": True})

    async def members(self, request: web.Request) -> web.StreamResponse:
        body = await self.shaped(request, MEMBERS)
        self.on_desk(request)
        if missing := [id_ for id_ in body["accountIds"] if id_ not in self.people]:
            self.refuse(400, f"There are no users {missing}.")
        return web.Response(status=204)

    async def customer(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "strictConflictStatusCode")
        body = await self.shaped(request, CUSTOMER)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", body["email"]):
            self.refuse(400, "The email address is not valid.")
        if self.person_by_email(body["email"]):
            self.refuse(
                409 if query.get("strictConflictStatusCode") == "true" else 400, "An account already exists for this email"
            )
        return web.json_response(self.add_person(body["displayName"], body["email"]), status=201)
