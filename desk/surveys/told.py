"""What is told of a survey that was answered: numbers and choices by the ids of whom they are about, never words."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, select

from normalizer.event import event
from storage import events
from storage.events import NewEvent
from storage.schema import handles

ANSWERED: Final = "regia.survey.answered.v1"
_SAME: Final = ("name", "ticket", "agent", "category", "channel")
"""Not product and reason: a ticket system has free words there, and what was told cannot be erased."""


def tell(connection: Connection, row: Mapping[str, Any], words: set[str], at_ms: int) -> None:
    """Enter the event of a survey that is closed with answers; `words` are the names of questions for words. Told again, it
    is the same event."""
    owner = select(handles.c.customer_id).where(handles.c.id == row["handle_id"])
    answers = row["answers"]
    data = {
        "survey": row["id"],
        **{name: row[name] for name in _SAME},
        "conversation": row["conversation_id"],
        "customer": connection.execute(owner).scalar_one_or_none(),
        "answers": [{"question": name, "value": value} for name, value in answers.items() if name not in words],
        "words": any(name in words for name in answers),
        "complete": row["state"] == "answered",
    }
    id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:survey:{row['id']}"))
    body = event(ANSWERED, id_=id_, source=f"/{row['brand']}", subject=row["id"], at_ms=at_ms, data=data)
    events.add(connection, [NewEvent(id_, ANSWERED, row["id"], at_ms, body)])
