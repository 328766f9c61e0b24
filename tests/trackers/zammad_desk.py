"""What a Zammad instance holds, and its rules for people and tickets.

Rules from zammad/zammad: `CanAssociations` (names to ids), `CanCleanupParam` (unknown attributes are dropped in silence),
`TicketPolicy` (groups), `TicketsController`.
"""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.trackers.base import FakeTracker, iso, retry_headers

STATES = {1: "new", 2: "open", 3: "pending reminder", 4: "closed", 5: "merged", 7: "pending close"}
PRIORITIES = {1: "1 low", 2: "2 normal", 3: "3 high"}
ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
TICKET_FIELDS = frozenset(
    {
        *("title", "group", "group_id", "state", "state_id", "priority", "priority_id", "owner", "owner_id"),
        *("customer", "customer_id", "organization", "organization_id", "note", "pending_time", "type", "time_unit"),
        *("preferences", "article", "tags", "mentions", "links"),
    }
)
Row = dict[str, Any]


class Desk(FakeTracker):
    """`attributes` are the custom attributes of tickets; `mails` is what Zammad would have sent to customers itself."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, Row] = {}
        self.groups: dict[int, str] = {1: "Users", 2: "2nd Level"}
        self.tickets: dict[int, Row] = {}
        self.articles: dict[int, Row] = {}
        self.contents: dict[int, bytes] = {}
        self.attributes: dict[str, str] = {}
        self.mails: list[Row] = []
        self.agent_groups = {1, 2}
        self.add_user("-", roles=())
        self.api_user: int = self.add_user("regia@example.com", "Regia", "Gateway", (2,))["id"]
        self.agent: int = self.add_user("agent@example.com", "Ada", "Agent", (2,))["id"]

    def problem(self, status: int, reason: str, retry_after: float | None = None) -> web.Response:
        """`error_human` stands beside `error` for what is meant for people."""
        body = {"error": reason} if status >= 500 else {"error": reason, "error_human": reason}
        return web.json_response(body, status=status, headers=retry_headers(retry_after))

    # users

    def add_user(self, email: str, first: str = "", last: str = "", roles: tuple[int, ...] = (3,), **more: Any) -> Row:
        """Roles: 1 Admin, 2 Agent, 3 Customer."""
        now = iso(self.now_ms())
        number = len(self.users) + 1
        row: Row = {"id": number, "login": email.lower(), "firstname": first, "lastname": last, "email": email.lower()}
        row |= {"role_ids": list(roles), "active": True, "organization_id": None, "phone": "", "mobile": "", "note": "", **more}
        self.users[number] = {**row, "created_at": now, "updated_at": now}
        return self.users[number]

    def user_by_email(self, email: str) -> Row | None:
        return next((user for user in self.users.values() if email.lower() in (user["login"], user["email"])), None)

    # tickets

    def new_ticket(self, given: Mapping[str, Any]) -> Row:
        values = self._converted(given)
        customer = values.get("customer_id")
        if isinstance(customer, str) and customer.startswith("guess:"):
            values["customer_id"] = self._guessed(customer.removeprefix("guess:"))
        for name in ("group_id", "customer_id"):
            if not values.get(name):
                self.violate(422, f"The required value '{name}' is missing.")
        self._allowed(values["group_id"])
        number, now = len(self.tickets) + 1, iso(self.now_ms())
        row = {"id": number, "number": str(22000 + number), "title": "-", "state_id": 1, "priority_id": 2, "owner_id": 1}
        row |= {
            "organization_id": None,
            "note": None,
            "pending_time": None,
            "close_at": None,
            "preferences": {},
            "article_ids": [],
        }
        row |= {"last_contact_at": None, "last_contact_agent_at": None, "last_contact_customer_at": None, "article_count": 0}
        row |= {**dict.fromkeys(self.attributes), "created_by_id": self.api_user, "updated_by_id": self.api_user}
        row |= {**values, "created_at": now, "updated_at": now}
        self._pending(row)
        self.tickets[number] = row
        return row

    def change_ticket(self, ticket: Row, given: Mapping[str, Any], by: int | None = None) -> None:
        values = self._converted(given)
        if "group_id" in values:
            self._allowed(values["group_id"])
        self._pending({**ticket, **values})
        now = iso(self.now_ms())
        closed = values.get("state_id", ticket["state_id"]) == 4
        ticket |= {**values, "updated_at": now, "updated_by_id": by or self.api_user, "close_at": now if closed else None}

    def find_ticket(self, id_: Any) -> Row:
        """404 in ActiveRecord's words; 403 in a group that the token's user does not see."""
        found = self.tickets.get(int(id_)) if str(id_).isdecimal() else None
        if found is None:
            self.refuse(404, f"Couldn't find Ticket with 'id'={id_}")
        self._allowed(found["group_id"])
        return found

    def _allowed(self, group: int) -> None:
        if group not in self.agent_groups:
            self.refuse(403, "Not authorized")

    def _pending(self, row: Row) -> None:
        if STATES[row["state_id"]].startswith("pending") and not row.get("pending_time"):
            self.violate(422, "Missing required value for field 'pending_time'!")

    def _guessed(self, email: str) -> int:
        if not ADDRESS.fullmatch(email):
            self.refuse(422, f"Invalid email '{email}' of customer")
        return int((self.user_by_email(email) or self.add_user(email))["id"])

    def _converted(self, given: Mapping[str, Any]) -> Row:
        """The attributes that stay, names turned into ids."""
        values = {name: given[name] for name in given if name in (*TICKET_FIELDS, *self.attributes)}
        for name in ("article", "tags", "mentions", "links"):
            values.pop(name, None)
        for name, rows in (("group", self.groups), ("state", STATES), ("priority", PRIORITIES)):
            self._reference(values, name, rows)
        for name in ("customer", "owner"):
            self._person(values, name)
        return values

    def _reference(self, values: Row, name: str, rows: Mapping[int, str]) -> None:
        if name in values:
            found = [id_ for id_, label in rows.items() if label == values[name]]
            if not found:
                self.refuse(422, f"No lookup value found for '{name}': {values[name]!r}")
            values[f"{name}_id"] = found[0]
            del values[name]
        if f"{name}_id" in values and values[f"{name}_id"] not in rows:
            self.refuse(422, f"Invalid value for param '{name}_id': {values[f'{name}_id']!r}")

    def _person(self, values: Row, name: str) -> None:
        if isinstance(values.get(name), dict):  # a customer may be given in full, and is created when unknown
            person = values.pop(name)
            email = str(person.get("email", ""))
            user = self.user_by_email(email) or self.add_user(email, person.get("firstname", ""), person.get("lastname", ""))
            values[f"{name}_id"] = user["id"]
        if name in values:
            user_or_none = self.user_by_email(str(values.pop(name)))
            if user_or_none is None:
                self.refuse(422, f"No lookup value found for '{name}': {given_name(name)}")
            values[f"{name}_id"] = user_or_none["id"]
        given = values.get(f"{name}_id")
        if isinstance(given, int) and given not in self.users:
            self.refuse(422, f"Invalid value for param '{name}_id': {given}")


def given_name(name: str) -> str:
    """What an error says instead of a person's address."""
    return f"unknown {name}"
