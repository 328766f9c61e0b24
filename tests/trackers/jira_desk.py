"""What a Jira site with one service desk holds: requests, comments, people, files; the workflow of JSM's support template."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.providers.base import Route
from tests.trackers.base import FakeTracker, retry_headers

WAITING, ANSWERED, RESOLVED, CLOSED = "10001", "10002", "5", "6"
STATUSES = {
    WAITING: ("Waiting for support", "indeterminate"),
    ANSWERED: ("Waiting for customer", "indeterminate"),
    RESOLVED: ("Resolved", "done"),
    CLOSED: ("Closed", "done"),
}
CATEGORIES = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}
TRANSITIONS = {
    WAITING: {"761": ("Resolve this issue", RESOLVED), "851": ("Respond to customer", ANSWERED)},
    ANSWERED: {"761": ("Resolve this issue", RESOLVED), "781": ("Respond to support", WAITING)},
    RESOLVED: {"911": ("Back to in progress", WAITING), "931": ("Close", CLOSED)},
    CLOSED: {},
}
"""By status: the id of a transition, its name and where it leads. Nothing leads out of Closed."""
Row = dict[str, Any]
_platform: ContextVar[bool] = ContextVar("platform", default=False)


@dataclass
class Comment:
    id: str
    author: str
    body: str
    public: bool
    created_ms: int
    files: list[str] = field(default_factory=list)


@dataclass
class Issue:
    """A request and the issue behind it; `properties` are its entity properties."""

    id: str
    key: str
    request_type: str
    fields: Row
    reporter: str
    created_ms: int
    updated_ms: int
    status: str = WAITING
    assignee: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    properties: Row = field(default_factory=dict)
    status_ms: int = 0


class Desk(FakeTracker):
    """Service desk 4 of project DESK. `request_types` maps a type's id to its fields and whether each is required.

    `mails` is what Jira would have sent to customers itself: each public comment that is not their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.project = "4", "DESK"
        self.request_types: dict[str, dict[str, bool]] = {"25": {"summary": True, "description": False, "attachment": False}}
        self.people: dict[str, Row] = {}
        self.issues: dict[str, Issue] = {}
        self.temporary: dict[str, tuple[str, str, bytes]] = {}
        self.attachments: dict[str, tuple[str, str, bytes, int]] = {}
        self.mails: list[tuple[str, str]] = []
        self.zone = "UTC"
        self.me: str = self.add_person("Regia", "regia@example.com")["accountId"]
        self.agent: str = self.add_person("Ada Agent", "agent@example.com")["accountId"]

    # errors: two APIs, two shapes

    def _route(self, request: web.Request) -> Route:
        _platform.set(request.path.startswith("/rest/api/"))
        return super()._route(request)

    def problem(self, status: int, reason: str, retry_after: float | None = None) -> web.Response:
        if status == 401:
            body: Row = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
        elif _platform.get():
            body = {"errorMessages": [reason], "errors": {}}
        else:
            body = {"errorMessage": reason, "i18nErrorMessage": {"i18nKey": "sd.error", "parameters": []}}
        return web.json_response(body, status=status, headers=retry_headers(retry_after))

    # people

    def add_person(self, name: str, email: str) -> Row:
        account = f"qm:{uuid4()}"
        row = {"accountId": account, "emailAddress": email, "displayName": name, "active": True, "timeZone": "UTC"}
        self.people[account] = row
        return row

    def person_by_email(self, email: str) -> Row | None:
        return next((row for row in self.people.values() if row["emailAddress"].lower() == email.lower()), None)

    # requests

    def new_issue(self, request_type: str, fields: Mapping[str, Any], reporter: str) -> Issue:
        number, now = len(self.issues) + 1, self.now_ms()
        issue = Issue(str(10_000 + number), f"{self.project}-{number}", request_type, dict(fields), reporter, now, now)
        issue.status_ms = now
        self.issues[issue.key] = issue
        return issue

    def find(self, name: str) -> Issue:
        """By key or id."""
        found = self.issues.get(name.upper()) or next((issue for issue in self.issues.values() if issue.id == name), None)
        if found is None:
            self.refuse(404, "Issue does not exist or you do not have permission to see it.")
        return found

    def touch(self, issue: Issue) -> None:
        issue.updated_ms = self.now_ms()

    def move(self, issue: Issue, status: str) -> None:
        issue.status, issue.status_ms = status, self.now_ms()
        self.touch(issue)

    def comment(self, issue: Issue, author: str, body: str, public: bool) -> Comment:
        made = Comment(str(20_000 + self.next_number()), author, body, public, self.now_ms())
        issue.comments.append(made)
        self.touch(issue)
        if public and author != issue.reporter:
            self.mails.append((self.people[issue.reporter]["emailAddress"], body))
        return made

    def keep(self, issue: Issue, name: str, kind: str, content: bytes) -> str:
        number = str(30_000 + self.next_number())
        self.attachments[number] = (name, kind, content, self.now_ms())
        issue.files.append(number)
        self.touch(issue)
        return number

    # what is shown

    def person(self, account: str) -> Row:
        return {**self.people[account], "_links": {"self": f"{self.url}/rest/api/3/user?accountId={account}"}}

    def shown_comment(self, issue: Issue, comment: Comment) -> Row:
        link = f"{self.url}/rest/servicedeskapi/request/{issue.id}/comment/{comment.id}"
        row = {"id": comment.id, "body": comment.body, "public": comment.public, "author": self.person(comment.author)}
        return {**row, "created": dated(comment.created_ms), "_links": {"self": link}}

    def shown_file(self, issue: Issue, number: str) -> Row:
        name, kind, content, at_ms = self.attachments[number]
        links = {"content": f"{self.url}/rest/servicedeskapi/request/{issue.id}/attachment/{number}"}
        links["jiraRest"] = f"{self.url}/rest/api/3/attachment/{number}"
        row = {"filename": name, "size": len(content), "mimeType": kind, "created": dated(at_ms)}
        return {**row, "author": self.person(self.me), "_links": links}

    def shown_request(self, issue: Issue) -> Row:
        label, category = STATUSES[issue.status]
        values = [{"fieldId": name, "label": name.title(), "value": value} for name, value in issue.fields.items()]
        status = {"status": label, "statusCategory": category.upper(), "statusDate": dated(issue.status_ms)}
        links = {
            "self": f"{self.url}/rest/servicedeskapi/request/{issue.id}",
            "jiraRest": f"{self.url}/rest/api/3/issue/{issue.id}",
        }
        links |= {"web": f"{self.url}/servicedesk/customer/portal/4/{issue.key}", "agent": f"{self.url}/browse/{issue.key}"}
        return {
            "issueId": issue.id,
            "issueKey": issue.key,
            "requestTypeId": issue.request_type,
            "serviceDeskId": self.desk,
            "createdDate": dated(issue.created_ms),
            "reporter": self.person(issue.reporter),
            "requestFieldValues": values,
            "currentStatus": status,
            "_links": links,
        }

    def shown_issue(self, issue: Issue, names: list[str], properties: list[str]) -> Row:
        """The platform's view; only what was asked for."""
        every = self.issue_fields(issue)
        wanted = every if any(name in ("*all", "*navigable") for name in names) else {n: every[n] for n in names if n in every}
        row: Row = {"id": issue.id, "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}", "fields": wanted}
        if properties:
            row["properties"] = {name: issue.properties[name] for name in properties if name in issue.properties}
        return row

    def issue_fields(self, issue: Issue) -> Row:
        assignee = self.person(issue.assignee) if issue.assignee else None
        times = {"created": platform_time(issue.created_ms), "updated": platform_time(issue.updated_ms)}
        people = {"reporter": self.person(issue.reporter), "assignee": assignee}
        kind = {
            "project": {"id": "10000", "key": self.project},
            "issuetype": {"id": "10010", "name": "[System] Service request"},
        }
        return {**issue.fields, "status": shown_status(issue.status), "labels": issue.labels, **times, **people, **kind}


def shown_status(status: str) -> Row:
    label, category = STATUSES[status]
    number, name = CATEGORIES[category]
    return {"id": status, "name": label, "statusCategory": {"id": number, "key": category, "name": name}}


def platform_time(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}+0000"


def dated(ms: int) -> Row:
    """A point in time as the service desk API gives it."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return {
        "iso8601": f"{moment:%Y-%m-%dT%H:%M:%S}+0000",
        "jira": platform_time(ms),
        "friendly": f"{moment:%d/%b/%y %H:%M}",
        "epochMillis": ms,
    }
