"""What a commit tells whoever follows events, besides what becomes of customers."""

import time
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from identity.people import Identified
from normalizer.event import event
from normalizer.message import Message
from regia.pipeline.prepared import Held
from router.model import Decision
from storage.events import NewEvent

QUARANTINED: Final = "regia.message.quarantined.v1"
NOTIFY: Final = "regia.message.notify.v1"


def quarantined(held: Held, journal: str) -> NewEvent:
    """A contact is held: its id and the reason, for its bytes may be anything. One that was driven again, and is held again,
    is another event: it comes from another row, or another journal."""
    subject = str(held.row.id)
    id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:quarantined:{journal}:{held.row.seq}:{subject}"))
    data = {"id": subject, "reason": held.reason}
    source, now_ms = f"/regia/{held.connector}", time.time_ns() // 1_000_000
    body = event(QUARANTINED, id_=id_, source=source, subject=subject, at_ms=now_ms, data=data)
    return NewEvent(id_, QUARANTINED, subject, now_ms, body)


def to_be_told(message: Message, identified: Identified, decision: Decision) -> NewEvent:
    """A rule wants people to be told of a message besides: who they are, and the ids to look it up with."""
    envelope, brand = str(message.id), message.inbound.brand
    id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:notify:{envelope}"))
    at_ms = int(message.received_at.timestamp() * 1000)
    data = {
        "envelope": envelope,
        "brand": brand,
        "category": decision.category,
        "priority": decision.priority,
        "notify": list(decision.notify),
        "customer": identified.customer.id,
        "conversation": identified.conversation.id,
    }
    body = event(NOTIFY, id_=id_, source=f"/{brand}", subject=envelope, at_ms=at_ms, data=data)
    return NewEvent(id_, NOTIFY, envelope, at_ms, body)
