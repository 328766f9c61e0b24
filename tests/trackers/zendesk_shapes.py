"""Shapes of Zendesk's request bodies ("Tickets", "Ticket Comments", "Users": the tables of JSON formats)."""

from tests.providers.shapes import BOOL, INT, Schema, const, obj, text

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
_NULLABLE_ID: Schema = {"type": ["integer", "null"]}
_TAGS: Schema = {"type": "array", "items": text()}
COMMENT = obj(
    {},
    {
        **{name: text(64 * 1024) for name in ("body", "html_body")},
        "public": BOOL,
        "author_id": INT,
        "uploads": {"anyOf": [{"type": "array", "items": text()}, text()]},
    },
)
REQUESTER = obj({}, {"name": text(), "email": text(), "locale_id": INT, "phone": text()})
TICKET: Schema = {
    "comment": COMMENT,
    "subject": text(),
    "requester": REQUESTER,
    "requester_id": INT,
    "submitter_id": INT,
    "assignee_id": _NULLABLE_ID,
    "assignee_email": text(),
    "group_id": _NULLABLE_ID,
    "external_id": {"type": ["string", "null"]},
    "status": const(*STATUSES),
    "priority": const("urgent", "high", "normal", "low", None),
    "type": const("problem", "incident", "question", "task", None),
    "tags": _TAGS,
    "additional_tags": _TAGS,
    "remove_tags": _TAGS,
    "custom_fields": {"type": "array", "items": obj({"id": INT, "value": {}})},
    "brand_id": INT,
    "ticket_form_id": INT,
    "due_at": {"type": ["string", "null"]},
    "metadata": {"type": "object"},
    "via": {"type": "object"},
    "recipient": text(),
    "email_ccs": {"type": "array"},
    "followers": {"type": "array"},
}
UPDATE: Schema = {**TICKET, "safe_update": BOOL, "updated_stamp": text()}
USER = obj(
    {"name": text()}, {"email": text(), "external_id": text(), "role": const("end-user"), "phone": text(), "verified": BOOL}
)
"""What the two ticket calls and the user calls take; `DROPPED` names the keys that are no attribute of a stored ticket."""
DROPPED = frozenset(
    {"comment", "requester", "additional_tags", "remove_tags", "safe_update", "updated_stamp", "assignee_email"}
)
