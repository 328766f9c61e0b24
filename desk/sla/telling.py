"""What is due by the clock: a promise is about to be missed, or is. Each is told once, as an event, in the transaction that
notes it as told; and the contact goes into the queues that its rules name for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson
from sqlalchemy import Connection

from desk.sla import running
from normalizer.envelope_data import from_ms
from normalizer.event import event
from storage import events, outbox, sla, sla_around
from storage.events import NewEvent
from storage.outbox import PENDING
from storage.sla import Timer
from storage.sla_around import Around

WARNING: Final = "regia.sla.warning.v1"
BREACHED: Final = "regia.sla.breached.v1"
AT_ONCE: Final = 100
"""Timers of one transaction."""
_STEPS: Final = {WARNING: "warning", BREACHED: "breach"}


@dataclass(slots=True)
class Told:
    """What a transaction told: how many breaches by category and promise, how many copies were put into the outbox, and whether
    there is more."""

    breaches: Counter[tuple[str, str]] = field(default_factory=Counter)
    copies: int = 0
    more: bool = False


def tell(connection: Connection, before_ms: int, node: str) -> Told:
    """Tell what was due at `before_ms`, some of it at least. `node` publishes the copies."""
    timers = sla.due(connection, before_ms, AT_ONCE)
    told = Told(more=len(timers) == AT_ONCE)
    if not timers:
        return told
    messages = {timer.message_id for timer in timers}
    work = _Telling(sla_around.around(connection, messages), sla_around.order_keys(connection, messages), node)
    for timer in timers:
        for type_ in _due(timer, before_ms):
            work.tell(timer, type_)
            told.breaches[timer.category, timer.promise] += type_ == BREACHED
        timer.next_ms = running.following(timer)
        sla.save(connection, timer)
    events.add(connection, work.events)
    outbox.add(connection, work.targets)
    told.copies = len(work.targets)
    return told


def _due(timer: Timer, before_ms: int) -> list[str]:
    """What is to be told of a timer now, in its order; it is noted as told."""
    types = []
    if not timer.warned and timer.warn_ms <= before_ms:
        types.append(WARNING)
        timer.warned = True
    if not timer.breached and timer.due_ms <= before_ms:
        types.append(BREACHED)
        timer.breached = True
    return types


class _Telling:
    """The events and copies of one transaction."""

    def __init__(self, around: Mapping[str, Around], places: dict[str, tuple[str, set[str]]], node: str) -> None:
        self.events: list[NewEvent] = []
        self.targets: list[dict[str, Any]] = []
        self._around = around
        self._places = places
        self._node = node

    def tell(self, timer: Timer, type_: str) -> None:
        """Of one timer. A contact that is gone, with all around it, is told by its ids only."""
        said = orjson.loads(timer.escalation)
        step = said[_STEPS[type_]] or {}
        copied = self._copy(timer, step.get("copy_to", ()))
        around = self._around.get(timer.message_id)
        at_ms = timer.warn_ms if type_ == WARNING else timer.due_ms
        priority = step.get("priority")
        data = {
            "promise": timer.promise,
            "due": from_ms(timer.due_ms),
            "conversation": timer.conversation_id,
            "message": timer.message_id,
            "customer": around.customer if around else None,
            "ticket": around.ticket if around else None,
            "category": timer.category,
            "channel": around.channel if around else None,
            "owners": said["owners"],
            "notify": step.get("notify", []),
            "priority": timer.priority if priority is None else priority,
            "copied_to": copied,
        }
        id_ = str(uuid5(NAMESPACE_URL, f"urn:regia:sla:{type_}:{timer.id}:{timer.due_ms}"))
        subject = timer.conversation_id
        body = event(type_, id_=id_, source=f"/{timer.brand}", subject=subject, at_ms=at_ms, data=data)
        self.events.append(NewEvent(id_, type_, subject, at_ms, body))

    def _copy(self, timer: Timer, wanted: Sequence[str]) -> list[str]:
        """Put the contact into queues where it has not gone yet; which."""
        key, there = self._places.get(timer.message_id, ("", None))
        if there is None:
            return []
        new = [target for target in wanted if target not in there]
        there.update(new)
        row = {"message_id": timer.message_id, "order_key": key, "state": PENDING, "node": self._node}
        self.targets += [row | {"target": target} for target in new]
        return new
