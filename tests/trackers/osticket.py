"""osTicket: the one call of its HTTP API, the creation of a ticket.

Sources: osTicket/osTicket setup/doc/api.md (X-API-Key, bound to the caller's address), setup/doc/api/tickets.md (fields, data
URLs, the number as the answer's text), include/class.api.php and include/api.tickets.php (statuses and wording; an undocumented
field is logged and left out; a file with broken base64 is left out and the ticket made without it).

There is no reading, no reply and no look-up: what an agent writes goes to the customer by e-mail, `mails` here.
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import web

from tests.providers.base import Route
from tests.trackers.base import FakeTracker, json_value, retry_headers

REQUIRED = ("name", "email", "subject", "message")
KNOWN = frozenset(
    {*REQUIRED, "alert", "autorespond", "source", "topicId", "attachments", "ip", "phone", "notes", "priority", "priorityId"}
)
SOURCES = ("API", "Web", "Email", "Phone", "Other")
_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]+)*?)(?P<base64>;base64)?,(?P<data>.*)", re.DOTALL)


@dataclass
class Ticket:
    """`thread` holds what was written: who, what kind (message, response, note) and the text."""

    number: str
    name: str
    email: str
    subject: str
    thread: list[tuple[str, str, str]]
    files: dict[str, bytes] = field(default_factory=dict)
    status: str = "open"
    staff: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


class FakeOsTicket(FakeTracker):
    """One help desk with one API key. `fields` are the names of further form fields, `banned` the addresses it turns away."""

    def __init__(self, key: str = "BA00B76BAA30F62E1940B46CC1C3C73C", *, address: str = "127.0.0.1") -> None:
        super().__init__()
        self.key = key
        self.address = address
        self.can_create = True
        self.fields: set[str] = set()
        self.topics: set[int] = {1, 2}
        self.banned: set[str] = set()
        self.tickets: dict[str, Ticket] = {}
        self.mails: list[tuple[str, str, str]] = []

    def routes(self) -> Iterable[Route]:
        return (Route("POST", r"/api/tickets\.json", self._create),)

    def problem(self, status: int, reason: str, retry_after: float | None = None) -> web.Response:
        return web.Response(status=status, text=reason, content_type="text/html", headers=retry_headers(retry_after))

    def http_refusal(self, status: int, reason: str) -> web.Response:
        """Its dispatcher knows one answer for a wrong path and a wrong method."""
        return self.problem(400, "URL not supported" if status in (404, 405) else reason)

    def admit(self, request: web.Request) -> None:
        if request.headers.get("X-API-Key") != self.key:
            self.refuse(401, "Valid API key required")
        if request.remote != self.address:
            self.refuse(401, "API key not found/active or source IP/hostname not authorized")
        if not self.can_create:
            self.refuse(401, "API key not authorized")

    # the agent

    def agent_answers(self, number: str, text: str) -> None:
        ticket = self.tickets[number]
        ticket.thread.append(("Ada Agent", "response", text))
        self.mails.append((ticket.email, f"Re: {ticket.subject} [#{number}]", text))

    def agent_notes(self, number: str, text: str) -> None:
        self.tickets[number].thread.append(("Ada Agent", "note", text))

    def closes(self, number: str) -> None:
        self.tickets[number].status = "closed"

    def reopens(self, number: str) -> None:
        self.tickets[number].status = "open"

    def assigns(self, number: str, staff: str = "Ada Agent") -> None:
        self.tickets[number].staff = staff

    # the call

    async def _create(self, request: web.Request) -> web.StreamResponse:
        """The content type is not looked at: the path's ending says it is JSON."""
        self.query(request)
        body = await self._json(request)
        self._check(request, body)
        number = str(100_000 + self.next_number() * 7919 % 900_000)
        text, _, _ = _content(body["message"]) if body["message"].startswith("data:") else (body["message"].encode(), "", True)
        people = {name: body[name] for name in ("name", "email", "subject")}
        ticket = Ticket(number, **people, thread=[(body["name"], "message", text.decode())])
        ticket.values = {name: value for name, value in body.items() if name in KNOWN | self.fields}
        for name, data in self._attached(body):
            content, _, whole = _content(data)
            if whole:
                ticket.files[name] = content
            else:
                self.note(request, f"{name}: poorly encoded base64 data, the file is left out")
        self.tickets[number] = ticket
        if body.get("autorespond", True):
            self.mails.append((ticket.email, f"{ticket.subject} [#{number}]", "A request for support has been created."))
        return web.Response(status=201, text=number, content_type="text/html")

    async def _json(self, request: web.Request) -> dict[str, Any]:
        body = json_value(await request.read())
        if not isinstance(body, dict) or not body:
            self.violate(400, "Unexpected or invalid data received: no JSON object")
        return body

    def _check(self, request: web.Request, body: Mapping[str, Any]) -> None:
        for name in body.keys() - KNOWN - self.fields:
            self.note(request, f"{name}: Unexpected data received in API request")
        faults = [
            f"{name}: {name} is a required field" for name in REQUIRED if not isinstance(body.get(name), str) or not body[name]
        ]
        if body.get("source", "API") not in SOURCES:
            faults.append("source: Invalid ticket source")
        if not all(isinstance(body.get(name, True), bool) for name in ("alert", "autorespond")):
            faults.append("alert and autorespond are true or false")
        if faults:
            self.violate(400, "Unable to create new ticket: validation errors:\n" + "\n".join(faults))
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", body["email"]):
            self.refuse(400, "Unable to create new ticket: validation errors:\nemail: Valid email is required")
        if "topicId" in body and int(body["topicId"]) not in self.topics:
            self.refuse(400, "Unable to create new ticket: validation errors:\ntopicId: Invalid help topic selected")
        if body["email"].lower() in self.banned:
            self.refuse(403, "Ticket denied")

    def _attached(self, body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        given = body.get("attachments", [])
        shaped = isinstance(given, list) and all(isinstance(one, dict) and len(one) == 1 for one in given)
        pairs = [pair for one in given for pair in one.items()] if shaped else []
        if not shaped or not all(isinstance(data, str) and _DATA_URL.fullmatch(data) for _, data in pairs):
            self.violate(400, "attachments: a list of objects, each with one name and one data URL (RFC 2397)")
        return pairs


def _content(data_url: str) -> tuple[bytes, str, bool]:
    """The bytes and the type of a data URL, and whether its base64 was whole."""
    match = _DATA_URL.fullmatch(data_url)
    if match is None:
        return data_url.encode(), "text/plain", True
    if not match["base64"]:
        return unquote_to_bytes(match["data"]), match["type"], True
    try:
        return b64decode(match["data"], validate=True), match["type"], True
    except (BadBase64, ValueError):
        return b"", match["type"], False
