"""What others are told of an erase: the ids of the customer and of the envelopes, so that they erase their copies."""

from collections.abc import Sequence
from typing import Any, Final

from normalizer.event import event
from storage.erasure import Part
from storage.events import NewEvent
from storage.family import Family

TYPE: Final = "regia.customer.erased.v1"


def erased_event(part: Part, *, act: str, actor: str, at_ms: int) -> NewEvent:
    """Of one part. A customer with many messages has several, each with its own envelopes; with the last one the customer is
    gone (`complete`). `act` is the event's id."""
    data = {"envelopes": list(part.envelopes), "changed": [], "complete": part.last}
    return _event(part.family, data, act=act, actor=actor, at_ms=at_ms)


def changed_event(found: Family, envelopes: Sequence[str], *, act: str, actor: str, at_ms: int) -> NewEvent:
    """Envelopes of others told of the customer, and do so no more: they are to be read again."""
    data = {"envelopes": [], "changed": list(envelopes), "complete": False}
    return _event(found, data, act=act, actor=actor, at_ms=at_ms)


def _event(found: Family, more: dict[str, Any], *, act: str, actor: str, at_ms: int) -> NewEvent:
    data = {"act": act, "actor": actor, "customer": found.id, "other": None, "handle": None, "customers": list(found.ids)}
    body = event(TYPE, id_=act, source=f"/{found.space}", subject=found.id, at_ms=at_ms, data=data | more)
    return NewEvent(act, TYPE, found.id, at_ms, body)
