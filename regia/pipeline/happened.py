"""What a commit tells whoever follows events, besides what becomes of customers."""

import time
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from normalizer.event import event
from regia.pipeline.prepared import Held
from storage.events import NewEvent

QUARANTINED: Final = "regia.message.quarantined.v1"


def quarantined(held: Held, journal: str) -> NewEvent:
    """A contact is held: its id and the reason, for its bytes may be anything. One that was driven again, and is held again,
    is another event: it comes from another row, or another journal."""
    subject = str(held.row.id)
    id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:quarantined:{journal}:{held.row.seq}:{subject}"))
    data = {"id": subject, "reason": held.reason}
    source, now_ms = f"/regia/{held.connector}", time.time_ns() // 1_000_000
    body = event(QUARANTINED, id_=id_, source=source, subject=subject, at_ms=now_ms, data=data)
    return NewEvent(id_, QUARANTINED, subject, now_ms, body)
