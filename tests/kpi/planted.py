"""A contact as a commit leaves it."""

import json
from typing import Any

from sqlalchemy import Connection, insert

from storage import ledger
from storage.ledger import Event
from storage.schema import messages
from tests.erasing.planted import row

AT = 1_795_284_000_000
"""2026-11-21T18:00:00Z."""


def contact(connection: Connection, number: int, at_ms: int, category: str, **more: Any) -> None:
    """Of a conversation of its own, in the form of a shop in Rome."""
    data = {"automated": None, "backlog": False, "fields": {"shop": "Roma"}, "routing": {"tags": ["+39", "vip"]}}
    known = {"brand": "demo", "channel": "form", "kind": "text", "category": category, "conversation_id": f"con_{number}"}
    at = {"at_ms": at_ms, "envelope": json.dumps({"data": data}).encode()}
    connection.execute(insert(messages), [row(messages, id=f"m{number}", **known | at | more)])
    ledger.enter(connection, [Event(f"m{number}", "jrn", number + 1, at_ms)])
