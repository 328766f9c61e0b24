"""What others are told of an erase: the ids of the customer and of the envelopes, so that they erase their copies."""

from typing import Any, Final

from normalizer.event import event
from storage.erasure import Part
from storage.events import NewEvent

TYPE: Final = "regia.customer.erased.v1"


def erased_event(part: Part, *, act: str, actor: str, at_ms: int) -> NewEvent:
    """Of one part. A customer with many messages has several, each with its own envelopes; with the last one the customer is
    gone (`complete`). `act` is the event's id."""
    data: dict[str, Any] = {
        "act": act,
        "actor": actor,
        "customer": part.family.id,
        "other": None,
        "handle": None,
        "customers": list(part.family.ids),
        "envelopes": list(part.envelopes),
        "complete": part.last,
    }
    source = f"/{part.family.space}"
    return NewEvent(
        act, TYPE, part.family.id, at_ms, event(TYPE, id_=act, source=source, subject=part.family.id, at_ms=at_ms, data=data)
    )
