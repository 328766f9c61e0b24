"""What is done to customers and links: rows of the audit log and events, gathered while a batch is under way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection

from identity.ids import new_id
from identity.people import Customer
from normalizer.event import event
from storage import events
from storage.bulk import insert_rows
from storage.events import NewEvent
from storage.schema import audit

Action = Literal[
    "created",
    "linked",
    "ended",
    "merged",
    "unmerged",
    "accepted",
    "rejected",
    "profile",
    "asked",
    "proven",
    "exported",
    "erased",
]

RULE: Final = "rule"
"""The actor of what nobody decided."""
_EVENTS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        "created": "regia.customer.created.v1",
        "linked": "regia.customer.linked.v1",
        "ended": "regia.customer.unlinked.v1",
        "merged": "regia.customer.merged.v1",
        "unmerged": "regia.customer.unmerged.v1",
        "profile": "regia.customer.changed.v1",
        "erased": "regia.customer.erased.v1",
    }
)
_ONLY_EVENTS: Final[frozenset[Action]] = frozenset({"created"})
"""The customer's own row tells when it was made; a row of the log for each would say it twice."""


@dataclass(slots=True)
class Acts:
    """`moved`: from whom to whom links went by merges, in their order. `changed`: customers whose rows must be written."""

    moved: list[tuple[str, str]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _events: list[NewEvent] = field(default_factory=list)

    def note(
        self,
        action: Action,
        actor: str,
        at_ms: int,
        customer: Customer,
        *,
        other: str | None = None,
        handle: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        """Note one act, by ids only; its id."""
        id_ = new_id("act")
        if action not in _ONLY_EVENTS:
            self._rows.append(
                {
                    "id": id_,
                    "at_ms": at_ms,
                    "action": action,
                    "actor": actor,
                    "customer_id": customer.id,
                    "other_id": other,
                    "handle_id": handle,
                    "detail": orjson.dumps(detail).decode() if detail else None,
                }
            )
        if type_ := _EVENTS.get(action):
            data = {"act": id_, "actor": actor, "customer": customer.id, "other": other, "handle": handle, **(detail or {})}
            body = event(type_, id_=id_, source=f"/{customer.space}", subject=customer.id, at_ms=at_ms, data=data)
            self._events.append(NewEvent(id_, type_, customer.id, at_ms, body))
        return id_

    def save(self, connection: Connection) -> None:
        """Write the log and the events."""
        insert_rows(connection, audit, self._rows)
        events.add(connection, self._events)
        self._rows, self._events = [], []
