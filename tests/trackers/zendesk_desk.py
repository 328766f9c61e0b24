"""What a Zendesk account holds: rules of "Tickets", "Ticket Comments" and "Attachments" in the Ticketing API."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from aiohttp import web

from tests.trackers.base import FakeTracker, iso, retry_headers
from tests.trackers.zendesk_shapes import DROPPED

Row = dict[str, Any]


class Desk(FakeTracker):
    """`tickets`, `comments`, `users`, `uploads` and `contents` by id or token; `changed_ms` says when a ticket last changed."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, Row] = {}
        self.tickets: dict[int, Row] = {}
        self.comments: dict[int, Row] = {}
        self.uploads: dict[str, list[Row]] = {}
        self.contents: dict[int, bytes] = {}
        self.changed_ms: dict[int, int] = {}
        self.ticket_fields: dict[int, str] = {}
        self.groups: dict[int, str] = {360_000_000_001: "Support"}
        self.me: int = self.add_user("Regia", "regia@example.com", "admin")["id"]
        self.agent: int = self.add_user("Ada Agent", "agent@example.com", "agent")["id"]

    def problem(self, status: int, reason: str, retry_after: float | None = None) -> web.Response:
        words = {
            400: ("InvalidValue", reason),
            403: ("Forbidden", "You do not have access to this page."),
            404: ("RecordNotFound", "Not found"),
            409: ("UpdateConflict", reason),
            422: ("RecordInvalid", "Record validation errors"),
            429: ("APIRateLimitExceeded", "Number of allowed API requests per minute exceeded"),
        }
        error, description = words.get(status, (reason, reason))
        body: Row = {"error": "Couldn't authenticate you"} if status == 401 else {"error": error, "description": description}
        if status == 422:
            body["details"] = {"base": [{"description": reason}]}
        return web.json_response(body, status=status, headers=retry_headers(retry_after))

    def number(self) -> int:
        return 4_500_000_000_000 + self.next_number()

    def stamp(self) -> str:
        return iso(self.now_ms(), millis=False)

    # people

    def add_user(self, name: str, email: str | None, role: str = "end-user", **more: Any) -> Row:
        now = self.stamp()
        row: Row = {
            "id": self.number(),
            "name": name,
            "email": email,
            "role": role,
            "external_id": None,
            "active": True,
            "verified": False,
        }
        row |= {"phone": None, "created_at": now, "updated_at": now, **more}
        self.users[row["id"]] = row
        return row

    def user_by_email(self, email: str) -> Row | None:
        return next((user for user in self.users.values() if (user["email"] or "").lower() == email.lower()), None)

    def _requester(self, ticket: Mapping[str, Any]) -> int:
        """By id, by address, or a new person, who needs a name."""
        if "requester_id" in ticket:
            return self._known(ticket["requester_id"], "Requester")
        given = ticket.get("requester")
        if given is None:
            return self.me
        found = self.user_by_email(given.get("email", ""))
        if found is not None:
            return int(found["id"])
        if not given.get("name"):
            self.violate(422, "Requester: Name: is too short (minimum one character)")
        if "@" not in given.get("email", "@"):
            self.refuse(422, "Requester: Email: is not properly formatted")
        return int(self.add_user(given["name"], given.get("email"))["id"])

    def _known(self, user: int, what: str) -> int:
        if user not in self.users:
            self.refuse(422, f"{what}: {user} is not a user")
        return user

    # tickets

    def new_ticket(self, given: Mapping[str, Any]) -> Row:
        comment = given.get("comment", {})
        self._said(comment, "Description: cannot be blank")
        self._relations(given)
        requester = self._requester(given)
        self._comment_fits(comment)
        number, now = len(self.tickets) + 1, self.stamp()
        row: Row = {"id": number, "url": f"{self.url}/api/v2/tickets/{number}.json", "external_id": None, "subject": None}
        row |= {"description": comment.get("body") or comment.get("html_body"), "priority": None, "status": "new", "type": None}
        row |= {"requester_id": requester, "submitter_id": self.me, "assignee_id": None, "group_id": None, "tags": []}
        row |= {"custom_fields": [], "via": {"channel": "api"}, "created_at": now, "is_public": comment.get("public", True)}
        row |= {name: value for name, value in given.items() if name not in DROPPED and name != "requester_id"}
        self.tickets[number] = row
        self.touch(row)
        self.add_comment(row, {"author_id": requester, **comment})
        return row

    def update(self, ticket: Row, given: Mapping[str, Any]) -> None:
        if ticket["status"] == "closed":
            self.refuse(422, "Status: closed prevents ticket update")
        if given.get("safe_update") and given.get("updated_stamp") != ticket["updated_at"]:
            self.refuse(409, "Safe Update prevented the update due to outdated ticket data.")
        self._relations(given)
        comment = given.get("comment")
        if comment is not None:
            self._said(comment, "Comment: cannot be blank")
            self._comment_fits(comment)
        ticket |= {name: value for name, value in given.items() if name not in DROPPED}
        tags = set(given.get("tags", ticket["tags"])) | set(given.get("additional_tags", ()))
        ticket["tags"] = sorted(tags - set(given.get("remove_tags", ())))
        self.touch(ticket)
        if comment is not None:
            self.add_comment(ticket, comment)

    def find(self, id_: str) -> Row:
        if int(id_) not in self.tickets:
            self.refuse(404, f"no ticket {id_}")
        return self.tickets[int(id_)]

    def touch(self, ticket: Row) -> None:
        now = self.now_ms()
        self.changed_ms[ticket["id"]] = now
        ticket |= {"updated_at": iso(now, millis=False), "generated_timestamp": now // 1000}

    def _relations(self, given: Mapping[str, Any]) -> None:
        if (group := given.get("group_id")) is not None and group not in self.groups:
            self.refuse(422, f"Group: {group} is invalid")
        if (assignee := given.get("assignee_id")) is not None and self.users.get(assignee, {}).get("role") not in (
            "agent",
            "admin",
        ):
            self.refuse(422, f"Assignee: {assignee} is invalid")
        for entry in given.get("custom_fields", []):
            if entry["id"] not in self.ticket_fields:
                self.refuse(422, f"custom field {entry['id']} is unknown")

    # comments

    def _said(self, comment: Mapping[str, Any], blank: str) -> None:
        if not (comment.get("body") or comment.get("html_body")):
            self.violate(422, blank)
        if "body" in comment and "html_body" in comment:
            self.violate(422, "body and html_body together")

    def _comment_fits(self, comment: Mapping[str, Any]) -> None:
        if "author_id" in comment:
            self._known(comment["author_id"], "Comment author")
        for token in _tokens(comment):
            if token not in self.uploads:
                self.refuse(422, f"Attachment: upload token {token} is invalid, used or expired")

    def add_comment(self, ticket: Row, given: Mapping[str, Any], via: str = "api") -> Row:
        """Consumes the upload tokens."""
        attached = [one for token in _tokens(given) for one in self.uploads.pop(token)]
        body = given.get("body") or given["html_body"]
        row: Row = {"id": self.number(), "type": "Comment", "author_id": given.get("author_id", self.me), "body": body}
        row |= {
            "html_body": given.get("html_body") or f"<p>{escape(body)}</p>",
            "plain_body": body,
            "public": given.get("public", True),
        }
        row |= {
            "attachments": attached,
            "audit_id": self.number(),
            "via": {"channel": via},
            "created_at": self.stamp(),
            "metadata": {},
        }
        self.comments[row["id"]] = {**row, "ticket_id": ticket["id"]}
        return row

    def comments_of(self, ticket: Row) -> list[Row]:
        mine = (row for row in self.comments.values() if row["ticket_id"] == ticket["id"])
        return [{name: value for name, value in row.items() if name != "ticket_id"} for row in mine]

    def attachment(self, name: str, kind: str, content: bytes) -> Row:
        number = self.number()
        self.contents[number] = content
        link = f"{self.url}/attachments/token/{number}/"
        return {
            "id": number,
            "file_name": name,
            "content_type": kind,
            "size": len(content),
            "content_url": link,
            "url": f"{self.url}/api/v2/attachments/{number}.json",
            "mapped_content_url": link,
            "inline": False,
            "deleted": False,
            "malware_scan_result": "malware_not_found",
            "thumbnails": [],
        }


def _tokens(comment: Mapping[str, Any]) -> Iterable[str]:
    given = comment.get("uploads", [])
    return [given] if isinstance(given, str) else given
