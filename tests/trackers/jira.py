"""Jira Service Management Cloud: requests of one service desk, and the platform calls on their issues.

Sources: developer.atlassian.com/cloud/jira/service-desk/rest (Request: create, comments, attachments; Servicedesk: attach
temporary file, customers, request types; Customer: create), /cloud/jira/platform/rest/v3 (Issue search "jql", Issues:
transitions, edit, assign; Issue properties; Myself; User search; Issue attachments), "Basic auth for REST APIs", "Rate
limiting", the changelog's CHANGE-2046 (the end of /search, 410); the bodies as in jira.js's `RequestCreate` and
`SearchForIssuesUsingJqlEnhancedSearch`, and jira_v3_openapi's `SearchAndReconcileRequestBean`.

The workflow is that of JSM's support template; a comment moves nothing by itself.
"""

from collections.abc import Iterable, Mapping

from aiohttp import web

from tests.providers.base import PATH, Route, basic
from tests.providers.shapes import BOOL, many, obj, text
from tests.trackers.jira_desk import ANSWERED, RESOLVED, WAITING, Comment, Issue
from tests.trackers.jira_servicedesk import ServiceDesk

ISSUE = r"/rest/api/3/issue/(?P<key>[\w-]+)"
REQUEST = r"/rest/servicedeskapi/request"
ONE = REQUEST + r"/(?P<key>[\w-]+)"
DESK = r"/rest/servicedeskapi/servicedesk"
FILE = r"/(?P<file>\d+)"
CREATE = obj(
    {"serviceDeskId": text(), "requestTypeId": text(), "requestFieldValues": {"type": "object"}},
    {
        "raiseOnBehalfOf": text(),
        "requestParticipants": {"type": "array", "items": text()},
        "isAdfRequest": BOOL,
        "channel": text(),
        "form": {"type": "object"},
    },
)
COMMENT = obj({"body": text()}, {"public": BOOL})
ATTACH = obj({"temporaryAttachmentIds": many(text())}, {"public": BOOL, "additionalComment": obj({"body": text()})})


class FakeJira(ServiceDesk):
    """One site, its API token used by `email`."""

    def __init__(self, email: str = "regia@example.com", token: str = "jira-token") -> None:
        super().__init__()
        self.email = email
        self.token = token

    def routes(self) -> Iterable[Route]:
        return (
            Route("POST", REQUEST, self._create),
            Route("GET", ONE, self._show),
            Route("POST", ONE + "/comment", self._comment),
            Route("GET", ONE + "/comment", self._comments),
            Route("POST", ONE + "/attachment", self._attach),
            Route("GET", ONE + "/attachment", self._files),
            Route("GET", ONE + "/attachment" + FILE, self.file_content),
            Route("GET", ONE + r"/comment/(?P<comment>\d+)/attachment", self.comment_files),
            Route("GET", ONE + "/status", self.statuses),
            Route("GET", ONE + "/transition", self.customer_transitions),
            Route("POST", ONE + "/transition", self.customer_transition),
            Route("GET", DESK, self.desks),
            Route("GET", DESK + r"/(?P<desk>\d+)", self.one_desk),
            Route("GET", DESK + r"/(?P<desk>\d+)/requesttype", self.types),
            Route("GET", DESK + r"/(?P<desk>\d+)/requesttype/(?P<type>\d+)", self.one_type),
            Route("GET", DESK + r"/(?P<desk>\d+)/requesttype/(?P<type>\d+)/field", self.type_fields),
            Route("POST", DESK + r"/(?P<desk>\d+)/attachTemporaryFile", self._upload),
            Route("POST", DESK + r"/(?P<desk>\d+)/customer", self.members),
            Route("POST", "/rest/servicedeskapi/customer", self.customer),
            Route("GET", "/rest/api/3/search/jql", self.search),
            Route("POST", "/rest/api/3/search/jql", self.search),
            Route("GET", "/rest/api/3/search", self.gone),
            Route("POST", "/rest/api/3/search", self.gone),
            Route("GET", ISSUE, self.show_issue),
            Route("PUT", ISSUE, self.edit_issue),
            Route("PUT", ISSUE + "/assignee", self.assign),
            Route("GET", ISSUE + "/transitions", self.transitions),
            Route("POST", ISSUE + "/transitions", self.transition),
            Route("GET", ISSUE + "/properties", self.list_properties),
            Route("GET", ISSUE + r"/properties/(?P<name>[^/]+)", self.show_property),
            Route("PUT", ISSUE + r"/properties/(?P<name>[^/]+)", self.put_property),
            Route("GET", "/rest/api/3/attachment/content" + FILE, self.file_content),
            Route("GET", "/rest/api/3/myself", self.myself),
            Route("GET", "/rest/api/3/user/search", self.search_people),
        )

    def admit(self, request: web.Request) -> None:
        if basic(request) != (self.email, self.token):
            self.refuse(401, "wrong or missing credentials")

    # the agent

    def agent_answers(self, key: str, text: str, files: Mapping[str, bytes] | None = None) -> Comment:
        """A public comment of an agent's; the request then waits for the customer."""
        made = self._says(key, text, files, public=True)
        if self.issues[key].status == WAITING:
            self.move(self.issues[key], ANSWERED)
        return made

    def agent_notes(self, key: str, text: str, files: Mapping[str, bytes] | None = None) -> Comment:
        return self._says(key, text, files, public=False)

    def _says(self, key: str, text: str, files: Mapping[str, bytes] | None, *, public: bool) -> Comment:
        issue = self.issues[key]
        kept = [self.keep(issue, name, "application/octet-stream", content) for name, content in (files or {}).items()]
        made = self.comment(issue, self.agent, text, public)
        made.files += kept
        return made

    def customer_writes(self, key: str, text: str) -> Comment:
        """What the customer wrote in Jira's own portal."""
        return self.comment(self.issues[key], self.issues[key].reporter, text, True)

    def closes(self, key: str, status: str = RESOLVED) -> None:
        self.move(self.issues[key], status)

    def reopens(self, key: str) -> None:
        self.move(self.issues[key], WAITING)

    def assigns(self, key: str, account: str | None = None) -> None:
        self.issues[key].assignee = account or self.agent
        self.touch(self.issues[key])

    # requests

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await self.shaped(request, CREATE)
        fields = body["requestFieldValues"]
        if body["serviceDeskId"] != self.desk or body["requestTypeId"] not in self.request_types:
            self.refuse(404, "The request type or the service desk does not exist.")
        known = self.request_types[body["requestTypeId"]]
        for name in fields.keys() - known.keys():
            refuse = self.refuse if name.startswith("customfield_") else self.violate
            refuse(400, f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")
        for name in [name for name, required in known.items() if required and not fields.get(name)]:
            self.violate(400, f"{name} is required.")
        if len(str(fields.get("summary", ""))) > 255 or "\n" in str(fields.get("summary", "")):
            self.violate(400, "Summary must be less than 255 characters and hold no line break.")
        reporter = body.get("raiseOnBehalfOf", self.me)
        if reporter not in self.people:
            self.refuse(400, "The customer on whose behalf the request is raised does not exist.")
        return web.json_response(self.shown_request(self.new_issue(body["requestTypeId"], fields, reporter)), status=201)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        self.query(request, "expand")
        return web.json_response(self.shown_request(self.find(request[PATH]["key"])))

    async def _comment(self, request: web.Request) -> web.StreamResponse:
        body = await self.shaped(request, COMMENT)
        issue = self.find(request[PATH]["key"])
        made = self.comment(issue, self.me, body["body"], body.get("public", True))
        return web.json_response(self.shown_comment(issue, made), status=201)

    async def _comments(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "public", "internal", "expand", "start", "limit")
        issue = self.find(request[PATH]["key"])
        shows = {True: query.get("public", "true") == "true", False: query.get("internal", "true") == "true"}
        rows = []
        for comment in issue.comments:
            row = self.shown_comment(issue, comment)
            if "attachment" in query.get("expand", ""):
                row["attachments"] = self.paged({}, [self.shown_file(issue, number) for number in comment.files])
            if shows[comment.public]:
                rows.append(row)
        return web.json_response(self.paged(query, rows))

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-Atlassian-Token") not in ("no-check", "nocheck"):
            self.violate(403, "XSRF check failed")
        self.on_desk(request)
        parts = await self.parts(request, 415)
        if not parts or any(part.name != "file" or not part.filename for part in parts):
            self.violate(400, "the files are the parts named file, each with a file name")
        made = {f"temp{self.next_number()}": part for part in parts}
        self.temporary |= {id_: (str(part.filename), part.content_type, part.content) for id_, part in made.items()}
        rows = [{"temporaryAttachmentId": id_, "fileName": part.filename} for id_, part in made.items()]
        return web.json_response({"temporaryAttachments": rows}, status=201)

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        """Makes temporary files part of the request, in a comment of their own."""
        body = await self.shaped(request, ATTACH)
        issue = self.find(request[PATH]["key"])
        if missing := [id_ for id_ in body["temporaryAttachmentIds"] if id_ not in self.temporary]:
            self.refuse(400, f"There are no temporary attachments {missing}.")
        kept = [self.keep(issue, *self.temporary.pop(id_)) for id_ in body["temporaryAttachmentIds"]]
        names = "\n".join(f"[^{self.attachments[number][0]}]" for number in kept)
        said = "\n".join(filter(None, (body.get("additionalComment", {}).get("body"), names)))
        made = self.comment(issue, self.me, said, body.get("public", True))
        made.files += kept
        files = self.paged({}, [self.shown_file(issue, number) for number in kept])
        return web.json_response({"comment": self.shown_comment(issue, made), "attachments": files}, status=201)

    async def _files(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "start", "limit")
        issue: Issue = self.find(request[PATH]["key"])
        return web.json_response(self.paged(query, [self.shown_file(issue, number) for number in issue.files]))
