"""Jira's platform calls, `/rest/api/3`: search, transitions, entity properties, edits and assignment of issues."""

import json
from typing import Any

from aiohttp import web

from tests.providers.base import PATH
from tests.providers.shapes import BOOL, INT, many, obj, text
from tests.trackers.base import json_value
from tests.trackers.jira_desk import STATUSES, TRANSITIONS, Desk, Issue, shown_status
from tests.trackers.jira_jql import BadJql, Scope, compiled

MOST_PROPERTY = 32_768
MOST_PAGE = 100
"""Issues on a page when fields are asked for; the API may always give fewer than `maxResults`."""
_NAMES = {"type": "array", "items": text()}
SEARCH = obj(
    {"jql": text(least=0)},
    {
        "fields": _NAMES,
        "properties": _NAMES,
        "expand": text(),
        "nextPageToken": text(),
        "fieldsByKeys": BOOL,
        "failFast": BOOL,
        "maxResults": {"type": "integer", "minimum": 1, "maximum": 5000},
        "reconcileIssues": many(INT, 50, 0),
    },
)
TRANSITION = obj({"transition": obj({"id": text()})}, {"fields": {"type": "object"}, "update": {"type": "object"}})
EDIT = obj({"fields": obj({}, {"labels": _NAMES, "summary": text(255), "description": {"type": "object"}})})
ASSIGN = obj({"accountId": {"type": ["string", "null"]}})


class Platform(Desk):
    """`indexing_s`: how long a change stays hidden from search. `indexed_properties` are those that JQL knows, as apps declare
    them: `issue.property[regia].id`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.indexing_s = 0.0
        self.indexed_properties: set[str] = set()

    async def search(self, request: web.Request) -> web.StreamResponse:
        asked = await self.shaped(request, SEARCH) if request.method == "POST" else self._asked(request)
        scope = Scope(int(self.clock() * 1000), self.zone, self.indexed_properties, self._custom())
        try:
            test, order = compiled(asked["jql"], scope)
        except BadJql as wrong:
            self.violate(400, str(wrong))
        fresh = set(map(str, asked.get("reconcileIssues", [])))
        until = (self.clock() - self.indexing_s) * 1000 if self.indexing_s else float("inf")
        found = [
            issue
            for issue in self.issues.values()
            if (issue.updated_ms <= until or issue.id in fresh) and test(self._flat(issue))
        ]
        for name, down in reversed(order or [("created", True)]):
            found.sort(key=lambda issue: self._flat(issue).get(name) or 0, reverse=down)
        return web.json_response(self._page(asked, found))

    def _asked(self, request: web.Request) -> dict[str, Any]:
        query = self.query(
            request, "jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys", "reconcileIssues"
        )
        asked: dict[str, Any] = {"jql": query.get("jql", "")}
        if "nextPageToken" in query:
            asked["nextPageToken"] = query["nextPageToken"]
        for name in ("fields", "properties", "reconcileIssues"):
            asked[name] = [part for part in query.get(name, "").split(",") if part]
        return {**asked, "maxResults": int(query.get("maxResults", 50))}

    def _custom(self) -> set[str]:
        names = {name for fields in self.request_types.values() for name in fields if name.startswith("customfield_")}
        return names | {f"cf[{name.removeprefix('customfield_')}]" for name in names}

    def _flat(self, issue: Issue) -> dict[str, Any]:
        label, category = STATUSES[issue.status]
        flat: dict[str, Any] = {
            "project": self.project,
            "key": issue.key,
            "id": issue.id,
            "status": label,
            "labels": issue.labels,
        }
        flat |= {"statuscategory": [category, shown_status(issue.status)["statusCategory"]["name"]], "reporter": issue.reporter}
        flat |= {
            "created": issue.created_ms,
            "updated": issue.updated_ms,
            "resolved": issue.status_ms if category == "done" else None,
        }
        flat |= {"assignee": issue.assignee, "request type": issue.request_type, "issuetype": "[System] Service request"}
        flat |= {**issue.fields, "text": " ".join([*map(str, issue.fields.values()), *(one.body for one in issue.comments)])}
        flat |= {f"cf[{n.removeprefix('customfield_')}]": v for n, v in issue.fields.items() if n.startswith("customfield_")}
        for name, value in issue.properties.items():
            if isinstance(value, dict):
                flat |= {f"issue.property[{name}].{part}": held for part, held in value.items()}
        return flat

    def _page(self, asked: dict[str, Any], found: list[Issue]) -> dict[str, Any]:
        """Without `fields`, an issue is its id and nothing more."""
        names, properties = asked.get("fields") or [], asked.get("properties") or []
        size = min(asked.get("maxResults", 50), MOST_PAGE if names or properties else 5000)
        first = int(json_value(bytes.fromhex(asked["nextPageToken"]))) if "nextPageToken" in asked else 0
        page = found[first : first + size]
        bare = not names or names == ["id"]
        shown = [{"id": issue.id} if bare and not properties else self.shown_issue(issue, names, properties) for issue in page]
        last = first + size >= len(found)
        return {"issues": shown, "isLast": last, **({} if last else {"nextPageToken": str(first + size).encode().hex()})}

    async def gone(self, request: web.Request) -> web.StreamResponse:
        self.violate(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")

    # one issue

    async def show_issue(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "fields", "properties", "expand", "updateHistory", "fieldsByKeys", "failFast")
        names = [name for name in query.get("fields", "*all").split(",") if name]
        properties = [name for name in query.get("properties", "").split(",") if name]
        return web.json_response(self.shown_issue(self.find(request[PATH]["key"]), names, properties))

    async def edit_issue(self, request: web.Request) -> web.StreamResponse:
        self.query(request, "notifyUsers", "overrideScreenSecurity", "overrideEditableFlag", "returnIssue")
        fields = (await self.shaped(request, EDIT))["fields"]
        issue = self.find(request[PATH]["key"])
        if any(" " in label for label in fields.get("labels", [])):
            self.violate(400, "The label can't contain spaces.")
        issue.labels = fields.pop("labels", issue.labels)
        issue.fields |= fields
        self.touch(issue)
        return web.Response(status=204)

    async def assign(self, request: web.Request) -> web.StreamResponse:
        account = (await self.shaped(request, ASSIGN))["accountId"]
        issue = self.find(request[PATH]["key"])
        if account is not None and account not in self.people:
            self.refuse(400, f"User '{account}' cannot be assigned issues.")
        issue.assignee = account
        self.touch(issue)
        return web.Response(status=204)

    async def transitions(self, request: web.Request) -> web.StreamResponse:
        self.query(request, "expand", "transitionId", "skipRemoteOnlyCondition", "includeUnavailableTransitions")
        issue = self.find(request[PATH]["key"])
        rows = [
            {"id": id_, "name": name, "to": shown_status(to), "hasScreen": False, "isGlobal": False, "isAvailable": True}
            for id_, (name, to) in TRANSITIONS[issue.status].items()
        ]
        return web.json_response({"expand": "transitions", "transitions": rows})

    async def transition(self, request: web.Request) -> web.StreamResponse:
        body = await self.shaped(request, TRANSITION)
        issue = self.find(request[PATH]["key"])
        wanted = body["transition"]["id"]
        if wanted not in TRANSITIONS[issue.status]:
            self.refuse(400, f"It looks like transition id {wanted} is not valid for this issue.")
        self.move(issue, TRANSITIONS[issue.status][wanted][1])
        return web.Response(status=204)

    async def show_property(self, request: web.Request) -> web.StreamResponse:
        issue, name = self.find(request[PATH]["key"]), request[PATH]["name"]
        if name not in issue.properties:
            self.refuse(404, f"The property with key '{name}' does not exist.")
        return web.json_response({"key": name, "value": issue.properties[name]})

    async def list_properties(self, request: web.Request) -> web.StreamResponse:
        issue = self.find(request[PATH]["key"])
        link = f"{self.url}/rest/api/3/issue/{issue.id}/properties/"
        return web.json_response({"keys": [{"key": name, "self": link + name} for name in issue.properties]})

    async def put_property(self, request: web.Request) -> web.StreamResponse:
        """Any JSON but nothing; an entity property does not change when the issue was updated."""
        raw, name = await request.read(), request[PATH]["name"]
        value = json_value(raw)
        if request.content_type != "application/json":
            self.violate(415, f"content type {request.content_type}")
        if value is None or len(raw) > MOST_PROPERTY or len(name) > 255:
            self.violate(400, f"the value is not JSON, or longer than {MOST_PROPERTY}, or the key longer than 255")
        issue = self.find(request[PATH]["key"])
        new = name not in issue.properties
        issue.properties[name] = json.loads(raw)
        return web.json_response({}, status=201 if new else 200)

    async def myself(self, request: web.Request) -> web.StreamResponse:
        self.query(request, "expand")
        return web.json_response({**self.people[self.me], "timeZone": self.zone, "accountType": "atlassian"})

    async def search_people(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "query", "accountId", "startAt", "maxResults")
        wanted = query.get("query", "").lower()
        return web.json_response(
            [row for row in self.people.values() if wanted in f"{row['displayName']} {row['emailAddress']}".lower()]
        )

    async def file_content(self, request: web.Request) -> web.StreamResponse:
        number = request[PATH]["file"]
        if number not in self.attachments:
            self.refuse(404, f"The attachment with id '{number}' does not exist")
        name, kind, content, _ = self.attachments[number]
        return web.Response(body=content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
