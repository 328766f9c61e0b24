"""Shapes and tables of HubSpot's CRM API v3/v4: properties of the objects, association types, request bodies.

developers.hubspot.com: "CRM API | Tickets", "| Contacts", "| Properties" (types and their field types), "Engagements
| Notes", "| Email" (property tables and defaults returned), "CRM API | Associations v4" (association type ids), "Search the
CRM", "Files API"; OpenAPI of the same pages for types (a property's value is a string).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.providers.shapes import BOOL, INT, Schema, const, like, many, obj, text
from tests.trackers.base import iso, parse_time


@dataclass(frozen=True)
class Property:
    """`options` bounds an enumeration; `read_only` ones are HubSpot's own, `unique` ones find a record by `idProperty`."""

    name: str
    type: str = "string"
    options: tuple[str, ...] = ()
    read_only: bool = False
    unique: bool = False
    field_type: str = "text"
    label: str = ""
    group: str = ""
    custom: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def as_json(self, kind: str) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": self.group or GROUPS[kind],
            "options": [{"label": name, "value": name, "displayOrder": -1, "hidden": False} for name in self.options],
            "displayOrder": -1,
            "calculated": False,
            "externalOptions": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": not self.custom,
            "archived": False,
            "formField": False,
            "modificationMetadata": {
                "archivable": self.custom,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.read_only,
            },
            **self.extra,
        }


KINDS = {
    **dict.fromkeys(("tickets", "ticket", "0-5"), "tickets"),
    **dict.fromkeys(("contacts", "contact", "0-1"), "contacts"),
    **dict.fromkeys(("notes", "note", "0-46"), "notes"),
    **dict.fromkeys(("emails", "email", "0-49"), "emails"),
}
"""Names of object types in paths: plural, singular or type id."""
TYPE_IDS = {"tickets": "0-5", "contacts": "0-1", "notes": "0-46", "emails": "0-49"}
GROUPS = {"tickets": "ticketinformation", "contacts": "contactinformation", "notes": "engagement", "emails": "engagement"}

ASSOCIATIONS = {
    ("tickets", "contacts"): 16,
    ("contacts", "tickets"): 15,
    ("notes", "contacts"): 202,
    ("contacts", "notes"): 201,
    ("notes", "tickets"): 228,
    ("tickets", "notes"): 227,
    ("emails", "contacts"): 198,
    ("contacts", "emails"): 197,
    ("emails", "tickets"): 224,
    ("tickets", "emails"): 223,
}
"""HUBSPOT_DEFINED association type ids, by direction."""

CREATED = {"tickets": "createdate", "contacts": "createdate", "notes": "hs_createdate", "emails": "hs_createdate"}
MODIFIED = {
    "tickets": "hs_lastmodifieddate",
    "contacts": "lastmodifieddate",
    "notes": "hs_lastmodifieddate",
    "emails": "hs_lastmodifieddate",
}
DEFAULTS = {
    "tickets": ("content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority", "subject"),
    "contacts": ("email", "firstname", "lastname"),
    "notes": (),
    "emails": (),
}
"""What a read returns when it names no properties, beside the id and the two dates."""
REQUIRED = {"tickets": ("hs_pipeline_stage",), "contacts": (), "notes": ("hs_timestamp",), "emails": ("hs_timestamp",)}
"""A subject is asked for by the documentation too; the refusal of its absence is the fake's own."""


def _named(*names: str) -> list[Property]:
    return [Property(name) for name in names]


def _own(kind: str) -> list[Property]:
    dates = [Property(name, "datetime", read_only=True) for name in (CREATED[kind], MODIFIED[kind])]
    return [*dates, Property("hs_object_id", "number", read_only=True), Property("hubspot_owner_id", "enumeration")]


_ACTIVITY = [Property("hs_timestamp", "datetime"), Property("hs_attachment_ids")]
_PRIORITIES = ("LOW", "MEDIUM", "HIGH", "URGENT")
_CATEGORIES = ("PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY")


def standard_properties() -> dict[str, dict[str, Property]]:
    """The properties of a new account, by object type and name."""
    tables = {
        "tickets": [
            *_named("subject", "content", "hs_pipeline", "hs_pipeline_stage"),
            Property("hs_ticket_priority", "enumeration", _PRIORITIES),
            Property("hs_ticket_category", "enumeration", _CATEGORIES),
            Property("source_type", "enumeration", ("CHAT", "EMAIL", "FORM", "PHONE")),
            Property("closed_date", "datetime"),
        ],
        "contacts": [Property("email", unique=True), *_named("firstname", "lastname", "phone", "mobilephone", "company")],
        "notes": [*_ACTIVITY, Property("hs_note_body")],
        "emails": [
            *_ACTIVITY,
            Property("hs_email_direction", "enumeration", ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL")),
            Property("hs_email_status", "enumeration", ("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT")),
            *_named("hs_email_html", "hs_email_subject", "hs_email_text", "hs_email_headers"),
            *[Property(name, read_only=True) for name in ("hs_email_from_email", "hs_email_to_email")],
        ],
    }
    return {kind: {made.name: made for made in [*made_for, *_own(kind)]} for kind, made_for in tables.items()}


MOST_TEXT = 65_536
FIELD_TYPES = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "enumeration": {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "string": {"file", "text", "textarea", "calculation_equation", "html", "phonenumber"},
    "number": {"number", "calculation_equation"},
}


def wrong_value(made: Property, value: str) -> str | None:
    """HubSpot's error code for a value that does not fit the property's type, None when it fits or clears it."""
    if value == "":
        return None
    if made.type == "enumeration" and made.options and value not in made.options:
        return "INVALID_OPTION"
    if made.type == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return "INVALID_NUMBER"
    if made.type == "datetime" and as_ms(value) is None:
        return "INVALID_DATE"
    return "VALUE_TOO_LONG" if len(value) > MOST_TEXT else None


def as_ms(value: str) -> int | None:
    """A point in time as HubSpot takes it: milliseconds since 1970, or ISO 8601 in UTC."""
    return int(value) if re.fullmatch(r"-?\d{9,14}", value) else parse_time(value)


def stored(made: Property, value: str) -> str:
    """The value as HubSpot returns it: points in time in ISO 8601, an address in small letters."""
    if made.name == "email":
        return value.lower()
    moment = as_ms(value) if made.type == "datetime" and value else None
    return value if moment is None else iso(moment)


ID: Schema = like(r"\d+")
_TYPE = obj({"associationCategory": const("HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED"), "associationTypeId": INT})
TYPES = many(_TYPE)
PROPERTIES: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
CREATE = obj(
    {"properties": PROPERTIES},
    {"associations": {"type": "array", "items": obj({"to": obj({"id": ID}), "types": TYPES})}, "objectWriteTraceId": text()},
)
UPDATE = obj({"properties": PROPERTIES}, {"objectWriteTraceId": text()})
BATCH_READ = obj(
    {"inputs": many(obj({"id": text()}), 100), "properties": {"type": "array", "items": text()}},
    {"idProperty": text(), "propertiesWithHistory": {"type": "array", "items": text()}},
)
BATCH_UPSERT = obj(
    {"inputs": many(obj({"id": text(), "properties": PROPERTIES, "idProperty": text()}, {"objectWriteTraceId": text()}), 100)}
)
MOST_IN_GROUP, MOST_FILTERS = 6, 18
"""The guide's figures; the changelog of August 2024 grants 10 and 25."""
_FILTER = obj(
    {
        "propertyName": text(),
        "operator": const(
            *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"),
            *("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
        ),
    },
    {"value": text(), "highValue": text(), "values": many(text())},
)
SEARCH = obj(
    {},
    {
        "filterGroups": {**many(obj({"filters": many(_FILTER, MOST_IN_GROUP)}), 5, least=0)},
        "sorts": many(
            {"anyOf": [text(), obj({"propertyName": text()}, {"direction": const("ASCENDING", "DESCENDING")})]}, 1, least=0
        ),
        "properties": {"type": "array", "items": text()},
        "limit": {"type": "integer", "minimum": 0, "maximum": 200},
        "after": {"anyOf": [like(r"\d+"), INT]},
        "query": text(3000, least=0),
    },
)
NEW_PROPERTY = obj(
    {
        "name": like(r"[a-z][a-z0-9_]*", 100),
        "label": text(),
        "type": const("string", "number", "date", "datetime", "enumeration", "bool"),
        "fieldType": const(
            *("text", "textarea", "number", "date", "select", "radio", "checkbox", "booleancheckbox", "file", "html"),
            *("phonenumber", "calculation_equation"),
        ),
        "groupName": text(),
    },
    {
        "description": text(least=0),
        "hasUniqueValue": BOOL,
        "hidden": BOOL,
        "formField": BOOL,
        "displayOrder": INT,
        "options": {"type": "array"},
        "externalOptions": BOOL,
    },
)
