"""The records of an account: values checked as HubSpot checks them, and links between records."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

from aiohttp import web

from tests.trackers.base import FakeTracker, iso, retry_headers
from tests.trackers.hubspot_shapes import (
    ASSOCIATIONS,
    CREATED,
    DEFAULTS,
    GROUPS,
    MODIFIED,
    REQUIRED,
    Property,
    standard_properties,
    stored,
    wrong_value,
)

CATEGORIES = {
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
    409: "CONFLICT",
    429: "RATE_LIMITS",
}
MESSAGES = {
    401: "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at "
    "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    404: "resource not found",
    429: "You have reached your ten_secondly_rolling limit.",
}
PIPELINES = {"0": {"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed"}}
"""The one pipeline of a new account, "Support Pipeline", and its stages."""


@dataclass
class Record:
    """One object; `properties` holds strings only, as HubSpot returns them."""

    kind: str
    id: str
    properties: dict[str, str]
    created_ms: int
    updated_ms: int
    archived: bool = False


class Account(FakeTracker):
    """What the calls work on. `pipelines` maps a pipeline's id to its stages; a stage named `Closed` ends a ticket.

    `activities_touch_tickets` says whether a note or e-mail moves its ticket's `hs_lastmodifieddate`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in REQUIRED}
        self.properties: dict[str, dict[str, Property]] = standard_properties()
        self.groups: dict[str, set[str]] = {kind: {name} for kind, name in GROUPS.items()}
        self.pipelines: dict[str, dict[str, str]] = {id_: dict(stages) for id_, stages in PIPELINES.items()}
        self.links: set[tuple[str, str, str, str]] = set()
        self.files: dict[str, bytes] = {}
        self.owners: dict[str, str] = {"77": "agent@example.com"}
        self.activities_touch_tickets = True

    @property
    def tickets(self) -> dict[str, Record]:
        return self.records["tickets"]

    @property
    def contacts(self) -> dict[str, Record]:
        return self.records["contacts"]

    # answers

    def problem(
        self, status: int, reason: str, retry_after: float | None = None, errors: list[dict[str, Any]] | None = None
    ) -> web.Response:
        body: dict[str, Any] = {
            "status": "error",
            "message": MESSAGES.get(status, reason),
            "correlationId": str(uuid4()),
            "category": CATEGORIES.get(status, "VALIDATION_ERROR"),
            **({"errors": errors} if errors else {}),
        }
        if status == 429:
            body |= {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}
        return web.json_response(body, status=status, headers=retry_headers(retry_after))

    def shown(self, record: Record, names: Iterable[str] = ()) -> dict[str, Any]:
        """A record as reads return it: the id, the dates and `names`, null where there is no value."""
        own = {
            CREATED[record.kind]: iso(record.created_ms),
            MODIFIED[record.kind]: iso(record.updated_ms),
            "hs_object_id": record.id,
        }
        known = {name: record.properties.get(name) for name in names if name in self.properties[record.kind]}
        return {
            "id": record.id,
            "properties": {**known, **own},
            "createdAt": iso(record.created_ms),
            "updatedAt": iso(record.updated_ms),
            "archived": record.archived,
        }

    def held(self, record: Record, name: str) -> str | None:
        """One property as search sees it."""
        properties: dict[str, str | None] = self.shown(record, [name])["properties"]
        return properties.get(name) or None

    # changes

    def find(self, kind: str, key: str, id_property: str | None = None) -> Record:
        """By id or by a unique property; 404 when there is none."""
        if id_property in (None, "hs_object_id"):
            found = self.records[kind].get(key)
        else:
            made = self.properties[kind].get(id_property or "")
            if made is None or not made.unique:
                self.refuse(400, f"{id_property} is not a unique property")
            found = self.with_value(kind, made.name, key)
        if found is None or found.archived:
            self.refuse(404, f"no {kind} {key}")
        return found

    def with_value(self, kind: str, name: str, value: str) -> Record | None:
        fitting = (one for one in self.records[kind].values() if one.properties.get(name, "").lower() == value.lower())
        return next((one for one in fitting if not one.archived), None)

    def create(self, kind: str, given: Mapping[str, str], id_: str | None = None) -> Record:
        """A new record of checked values; tickets get the default pipeline."""
        values = dict(given)
        if kind == "tickets":
            values.setdefault("hs_pipeline", next(iter(self.pipelines)))
        self._all_there(kind, values)
        self._check(kind, values, None)
        now = self.now_ms()
        record = Record(kind, id_ or str(28_400_000_000 + self.next_number()), {}, now, now)
        self._store(record, values)
        self.records[kind][record.id] = record
        return record

    def update(self, record: Record, given: Mapping[str, str]) -> None:
        if record.kind == "tickets":
            given = {"hs_pipeline": record.properties["hs_pipeline"], **given}
        self._check(record.kind, given, record)
        self._store(record, given)
        record.updated_ms = self.now_ms()

    def link(self, one: Record, other: Record) -> None:
        """Both ways, as HubSpot's own types are."""
        self.links |= {(one.kind, one.id, other.kind, other.id), (other.kind, other.id, one.kind, one.id)}
        ends = {one.kind: one, other.kind: other}
        if self.activities_touch_tickets and "tickets" in ends and ends.keys() & {"notes", "emails"}:
            ends["tickets"].updated_ms = self.now_ms()

    def linked(self, record: Record, kind: str) -> list[str]:
        return sorted(
            (to for was, id_, to_kind, to in self.links if (was, id_, to_kind) == (record.kind, record.id, kind)), key=int
        )

    def _store(self, record: Record, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            record.properties[name] = stored(self.properties[record.kind][name], value)

    def _all_there(self, kind: str, values: Mapping[str, str]) -> None:
        required = (*REQUIRED[kind], *(("subject",) if kind == "tickets" else ()))
        if missing := [name for name in required if not values.get(name)]:
            message = f"Error creating {kind.removesuffix('s').upper()}. Some required properties were not set."
            self.violate(400, f"{message} {missing}")

    def _check(self, kind: str, values: Mapping[str, str], record: Record | None) -> None:
        for name, value in values.items():
            made = self.properties[kind].get(name)
            if made is None:
                self._invalid("PROPERTY_DOESNT_EXIST", name, f'Property "{name}" does not exist', name.startswith("hs_"))
            if made.read_only:
                self._invalid("READ_ONLY_VALUE", name, f'"{name}" is a read only property', True)
            if code := wrong_value(made, value):
                self._invalid(code, name, f"{value} does not fit {name}", True)
            if made.unique and value and (other := self.with_value(kind, name, value)) not in (None, record):
                self._conflict(made, value, other)
        self._check_relations(kind, values)

    def _check_relations(self, kind: str, values: Mapping[str, str]) -> None:
        if kind == "tickets":
            if values["hs_pipeline"] not in self.pipelines:
                self._invalid("INVALID_OPTION", "hs_pipeline", f"no pipeline {values['hs_pipeline']}", False)
            stage = values.get("hs_pipeline_stage")
            if stage is not None and stage not in self.pipelines[values["hs_pipeline"]]:
                self._invalid("INVALID_OPTION", "hs_pipeline_stage", f"no stage {stage} in the pipeline", False)
        if (owner := values.get("hubspot_owner_id")) and owner not in self.owners:
            self._invalid("INVALID_OWNER_ID", "hubspot_owner_id", f"no owner {owner}", False)
        for file in filter(None, values.get("hs_attachment_ids", "").split(";")):
            if file not in self.files:
                self._invalid("INVALID_FILE", "hs_attachment_ids", f"no file {file}", True)
        if (address := values.get("email")) and "@" not in address.strip("@"):
            self._invalid("INVALID_EMAIL", "email", f"Email address {address} is invalid", False)

    def _conflict(self, made: Property, value: str, other: Record | None) -> NoReturn:
        assert other is not None
        if not made.custom:
            self.refuse(409, f"Contact already exists. Existing ID: {other.id}")
        message = f"Cannot set {made.name} to {value}. {other.id} already has that value."
        self._invalid("CONFLICTING_UNIQUE_VALUE", made.name, message, False)

    def _invalid(self, code: str, name: str, message: str, violated: bool) -> NoReturn:
        details = [{"isValid": False, "message": message, "error": code, "name": name, "localizedErrorMessage": message}]
        (self.violate if violated else self.refuse)(400, f"Property values were not valid: {json.dumps(details)}")
        raise AssertionError


def default_names(kind: str) -> tuple[str, ...]:
    """What is read when nothing is asked for."""
    return DEFAULTS[kind]


def association_type(one: str, other: str) -> int | None:
    return ASSOCIATIONS.get((one, other))
