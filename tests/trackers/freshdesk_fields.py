"""Freshdesk's tables of attributes ("Tickets", "Conversations", "Contacts"), and its list of what is wrong ("Errors")."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.trackers.base import Part, parse_time

STATUSES = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}
PRIORITIES = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
SOURCES = {1: "Email", 2: "Portal", 3: "Phone", 7: "Chat", 9: "Feedback Widget"}
"""Those that a ticket may be created with; 10, Outbound Email, has a call of its own."""
MOST_ATTACHED = 20 * 1024 * 1024

INTEGER, STRING, BOOLEAN, ARRAY, OBJECT, TIME = "Integer", "String", "Boolean", "Array", "key/value pair", "DateTime"
_KINDS: dict[str, type] = {INTEGER: int, STRING: str, BOOLEAN: bool, ARRAY: list, OBJECT: dict, TIME: str}
Table = Mapping[str, str]

UPDATE: Table = {
    **dict.fromkeys(("subject", "description", "type", "email", "phone", "name", "unique_external_id", "twitter_id"), STRING),
    **dict.fromkeys(
        ("requester_id", "status", "priority", "source", "responder_id", "group_id", "product_id", "company_id"), INTEGER
    ),
    **dict.fromkeys(("email_config_id",), INTEGER),
    **dict.fromkeys(("tags", "attachments"), ARRAY),
    **dict.fromkeys(("due_by", "fr_due_by"), TIME),
    "custom_fields": OBJECT,
}
CREATE: Table = {**UPDATE, "cc_emails": ARRAY, "parent_id": INTEGER}
REPLY: Table = {
    "body": STRING,
    "from_email": STRING,
    "user_id": INTEGER,
    "attachments": ARRAY,
    "cc_emails": ARRAY,
    "bcc_emails": ARRAY,
}
NOTE: Table = {
    "body": STRING,
    "private": BOOLEAN,
    "incoming": BOOLEAN,
    "notify_emails": ARRAY,
    "user_id": INTEGER,
    "attachments": ARRAY,
}
CONTACT: Table = {
    **dict.fromkeys(("name", "email", "phone", "mobile", "twitter_id", "unique_external_id", "description", "address"), STRING),
    "company_id": INTEGER,
    "tags": ARRAY,
    "custom_fields": OBJECT,
    "other_emails": ARRAY,
}
VALUES: dict[str, Mapping[int, str]] = {"status": STATUSES, "priority": PRIORITIES, "source": SOURCES}
Fault = dict[str, Any]


def fault(field: str, code: str, message: str) -> Fault:
    return {"field": field, "message": message, "code": code}


def faults(given: Mapping[str, Any], table: Table, required: Iterable[str]) -> list[Fault]:
    """Everything wrong with the attributes, in the shape of the `errors` of a 400."""
    found = [fault(name, "invalid_field", "Unexpected/invalid field in request") for name in given if name not in table]
    found += [
        fault(name, "missing_field", f"It should be a/an {table[name]}")
        for name in required
        if given.get(name) in (None, "", [])
    ]
    for name, value in given.items():
        if name not in table or value in (None, ""):
            continue
        if not isinstance(value, _KINDS[table[name]]) or (table[name] == INTEGER and isinstance(value, bool)):
            kind = type(value).__name__
            found.append(fault(name, "datatype_mismatch", f"Value set is of type {kind}. It should be a/an {table[name]}"))
        elif name in VALUES and value not in VALUES[name]:
            allowed = ",".join(map(str, VALUES[name]))
            found.append(fault(name, "invalid_value", f"It should be one of these values: '{allowed}'"))
        elif table[name] == TIME and parse_time(str(value)) is None:
            found.append(fault(name, "invalid_date", "It should be in the 'combined date and time ISO8601' format"))
    return found


def from_form(parts: Iterable[Part], table: Table) -> tuple[dict[str, Any], list[Part]]:
    """Attributes and files of a multipart request: `tags[]` repeats, `custom_fields[cf_x]` nests, numbers come as text."""
    given: dict[str, Any] = {}
    files = []
    for part in parts:
        match = re.fullmatch(r"(\w+)(?:\[(\w*)\])?", part.name)
        name, key = (match[1], match[2]) if match else (part.name, None)
        if name == "attachments" and key == "" and part.filename:
            files.append(part)
        elif key is None:
            given[name] = _typed(part.content.decode(), table.get(name, STRING))
        elif key == "":
            given.setdefault(name, []).append(part.content.decode())
        else:
            given.setdefault(name, {})[key] = part.content.decode()
    return given, files


def _typed(text: str, kind: str) -> Any:
    if kind == INTEGER and re.fullmatch(r"-?\d+", text):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == BOOLEAN else text
