"""What a Freshdesk account holds, and its rules for tickets, replies, notes and contacts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from aiohttp import web

from tests.providers.base import Refused
from tests.trackers.base import FakeTracker, Part, Violated, iso, retry_headers
from tests.trackers.freshdesk_fields import MOST_ATTACHED, Fault, fault

CODES = {
    401: {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."},
    403: {"code": "access_denied", "message": "You are not authorized to perform this action."},
    429: {"message": "You have exceeded the limit of requests per minute"},
}
WHO = ("requester_id", "email", "phone", "unique_external_id", "twitter_id")
Row = dict[str, Any]


class Desk(FakeTracker):
    """`ticket_fields` names the custom fields, each `cf_…`; `mails` is what Freshdesk would have sent to customers itself."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, Row] = {}
        self.conversations: dict[int, Row] = {}
        self.contacts: dict[int, Row] = {}
        self.contents: dict[int, bytes] = {}
        self.ticket_fields: set[str] = set()
        self.mails: list[Row] = []
        self.groups: dict[int, str] = {501_000_000_001: "Support"}
        self.agents: dict[int, str] = {501_000_000_101: "regia@example.com", 501_000_000_102: "agent@example.com"}
        self.me, self.agent = self.agents

    def problem(self, status: int, reason: str, retry_after: float | None = None, faults: Iterable[Fault] = ()) -> web.Response:
        """404 has no body; 400 lists the faults."""
        headers = retry_headers(retry_after)
        if status == 404:
            return web.Response(status=404, headers=headers)
        body: Row = {"description": "Validation failed", "errors": list(faults)} if faults else {"message": reason}
        return web.json_response(CODES.get(status, body), status=status, headers=headers)

    def invalid(self, faults: list[Fault], *, violated: bool = True) -> NoReturn:
        kind = Violated if violated else Refused
        codes = {one["code"] for one in faults}
        status = 409 if codes == {"duplicate_value"} else 400
        raise kind(f"{status} {faults}", self.problem(status, "", faults=faults))

    def id(self) -> int:
        return 501_001_000_000 + self.next_number()

    def stamp(self) -> str:
        return iso(self.now_ms(), millis=False)

    # contacts

    def add_contact(self, name: str | None = None, email: str | None = None, **more: Any) -> Row:
        now = self.stamp()
        row: Row = {"id": self.id(), "name": name or email, "email": email, "phone": None, "mobile": None, "active": False}
        row |= {"unique_external_id": None, "created_at": now, "updated_at": now, **more}
        self.contacts[row["id"]] = row
        return row

    def contact(self, **wanted: Any) -> Row | None:
        """The first that has one of the values."""
        asked = {name: str(value).lower() for name, value in wanted.items() if value}
        return next(
            (row for row in self.contacts.values() if any(str(row.get(n)).lower() == v for n, v in asked.items())), None
        )

    def check_address(self, address: str) -> None:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
            self.invalid([fault("email", "invalid_value", "It should be a valid email address")], violated=False)

    def _requester(self, given: Mapping[str, Any]) -> int:
        if "requester_id" in given:
            if given["requester_id"] not in self.contacts | self.agents:
                self.invalid(
                    [fault("requester_id", "invalid_value", "There is no contact matching the given requester_id")],
                    violated=False,
                )
            return int(given["requester_id"])
        if given.get("email"):
            self.check_address(given["email"])
        named = {name: given[name] for name in ("email", "phone", "unique_external_id") if given.get(name)}
        found = self.contact(**named)
        if found is None and "email" not in named and not given.get("name"):
            self.invalid([fault("name", "missing_field", "It should be a/an String, as no email is given")])
        return int((found or self.add_contact(given.get("name"), **named))["id"])

    # tickets

    def new_ticket(self, given: Mapping[str, Any], files: Iterable[Part] = ()) -> Row:
        if not any(given.get(name) for name in WHO):
            self.invalid([fault("requester_id", "missing_field", f"One of these should be present: {', '.join(WHO)}")])
        self._related(given)
        attached = self.attach(files)
        number, now = len(self.tickets) + 1, self.stamp()
        row: Row = {
            "id": number,
            "requester_id": self._requester(given),
            "subject": given["subject"],
            "description": given["description"],
        }
        row |= {
            "description_text": re.sub(r"<[^>]+>", "", given["description"]),
            "source": 2,
            "type": None,
            "tags": [],
            "cc_emails": [],
        }
        row |= {
            "responder_id": None,
            "group_id": None,
            "company_id": None,
            "product_id": None,
            "spam": False,
            "is_escalated": False,
        }
        row |= {
            "created_at": now,
            "updated_at": now,
            "attachments": attached,
            "due_by": None,
            "fr_due_by": None,
            "to_emails": None,
        }
        row |= {name: value for name, value in given.items() if name in row or name in ("status", "priority")}
        row["custom_fields"] = dict.fromkeys(sorted(self.ticket_fields)) | given.get("custom_fields", {})
        self.tickets[number] = row
        return row

    def change(self, ticket: Row, given: Mapping[str, Any]) -> None:
        self._related(given)
        custom = ticket["custom_fields"] | given.get("custom_fields", {})
        ticket |= {**{name: value for name, value in given.items() if name in ticket}, "custom_fields": custom}
        ticket["updated_at"] = self.stamp()

    def find(self, id_: str) -> Row:
        if int(id_) not in self.tickets:
            self.refuse(404, f"no ticket {id_}")
        return self.tickets[int(id_)]

    def _related(self, given: Mapping[str, Any]) -> None:
        for name in given.get("custom_fields", {}).keys() - self.ticket_fields:
            self.invalid(
                [fault(f"custom_fields.{name}", "invalid_field", "Unexpected/invalid field in request")], violated=False
            )
        for name, known in (("group_id", self.groups), ("responder_id", self.agents)):
            if given.get(name) is not None and given[name] not in known:
                self.invalid([fault(name, "invalid_value", f"There is no {name} matching the given value")], violated=False)

    # conversations

    def says(self, ticket: Row, given: Mapping[str, Any], files: Iterable[Part], *, reply: bool) -> Row:
        """A reply goes to the customer by mail; a note is private unless it says otherwise."""
        author = given.get("user_id", self.me)
        if author not in (self.agents if reply else self.agents | self.contacts):
            self.invalid([fault("user_id", "invalid_value", "There is no agent matching the given user_id")])
        now = self.stamp()
        row: Row = {"id": self.id(), "ticket_id": ticket["id"], "user_id": author, "body": given["body"]}
        row |= {"body_text": re.sub(r"<[^>]+>", "", given["body"]), "created_at": now, "updated_at": now}
        row |= {
            "source": 0 if reply else 2,
            "private": not reply and given.get("private", True),
            "incoming": given.get("incoming", False),
        }
        row |= {
            "attachments": self.attach(files),
            "support_email": None,
            "to_emails": [],
            "cc_emails": given.get("cc_emails", []),
        }
        if reply:
            row["to_emails"] = [self.contacts.get(ticket["requester_id"], {}).get("email")]
            self.mails.append(row)
        self.conversations[row["id"]] = row
        ticket["updated_at"] = now
        return row

    def attach(self, files: Iterable[Part]) -> list[Row]:
        given = list(files)
        if sum(len(part.content) for part in given) > MOST_ATTACHED:
            self.invalid([fault("attachments", "invalid_size", "The total size of attachments exceeds 20 MB")])
        return [self._kept(part) for part in given]

    def _kept(self, part: Part) -> Row:
        number, now = self.id(), self.stamp()
        self.contents[number] = part.content
        row = {"id": number, "name": part.filename, "content_type": part.content_type, "size": len(part.content)}
        return {**row, "created_at": now, "updated_at": now, "attachment_url": f"{self.url}/attachments/{number}"}
