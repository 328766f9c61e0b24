"""Which timers begin with the contacts of a batch: read in one statement before, and written in one behind.

Of a conversation at most one promise of each kind runs. Further contacts do not begin it anew; one that is promised a shorter
time, so that it would be due earlier, takes its place. Of two that wait for an answer the second one is kept as `waiting`: an
answer may have been sent between the two of which nobody has heard yet.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from desk.sla import running
from router.calendars import OutOfReach
from router.model import Escalation, Promise, Sla
from router.working_time import WorkingTime
from storage import sla, sla_around
from storage.sla import Timer

ALWAYS: Final = WorkingTime()
"""All hours."""
AHEAD: Final = 5
"""Without `warn` it is warned when a fifth of the time is left."""

Hours = Callable[[Timer], WorkingTime]
"""By which working time a timer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact, and what it is promised. `waits`: for a person's answer; `first`: it is its conversation's only one. `hours`
    are those of the promise's calendar, in the version `ruleset` of the rules."""

    message_id: str
    conversation_id: str
    brand: str
    category: str
    at_ms: int
    waits: bool
    first: bool
    sla: Sla | None
    hours: WorkingTime
    ruleset: str
    priority: int
    owners: tuple[str, ...]


@dataclass(slots=True)
class _Talk:
    """The timers of one conversation: what holds now by promise, whether something waits behind that, and whether there ever
    was a resolution, and an answer."""

    open: dict[str, Timer] = field(default_factory=dict)
    waiting: bool = False
    resolution: bool = False
    answered: bool = False


class Beginning:
    """The promises to one batch. `see` each contact in its order, then `save`."""

    def __init__(self, connection: Connection, conversations: Collection[str], hours: Hours) -> None:
        self._connection = connection
        self._hours = hours
        self._talks: dict[str, _Talk] = {}
        self._new: list[Timer] = []
        self._changed: list[Timer] = []
        for timer in sla.of_conversations(connection, conversations) if conversations else ():
            self._enter(timer)

    def see(self, contact: Contact) -> Mapping[str, int]:
        """What is due in the contact's conversation from now on, by promise; what stands has no time."""
        talk = self._talks.setdefault(contact.conversation_id, _Talk())
        if contact.waits:
            self._go_on(talk, contact)
            if contact.sla is not None:
                self._reply(talk, contact, contact.sla)
                self._resolution(talk, contact, contact.sla)
        return {promise: timer.due_ms for promise, timer in talk.open.items() if timer.state == "running"}

    def save(self) -> None:
        """Write what changed. What another transaction has changed meanwhile stays as that left it."""
        for timer in self._changed:
            sla.save(self._connection, timer)
        sla.add(self._connection, self._new)

    def _enter(self, timer: Timer) -> None:
        talk = self._talks.setdefault(timer.conversation_id, _Talk())
        talk.waiting |= timer.state == "waiting"
        talk.resolution |= timer.promise == "resolution"
        talk.answered |= timer.promise != "resolution" and timer.ended_by in ("reply", "ticket")
        if timer.is_open:
            talk.open[timer.promise] = timer

    def _go_on(self, talk: _Talk, contact: Contact) -> None:
        """Who has written waits again."""
        timer = talk.open.get("resolution")
        if timer is not None and timer.state == "paused":
            running.resume(timer, max(contact.at_ms, timer.since_ms), self._hours(timer))
            self._change(timer)

    def _reply(self, talk: _Talk, contact: Contact, promised: Sla) -> None:
        waiting = talk.open.get("first_reply") or talk.open.get("next_reply")
        if waiting is None and not talk.waiting:  # whoever waits behind nothing follows before this one
            self._begin(talk, contact, "next_reply" if self._was_answered(talk, contact) else "first_reply", promised)
            return
        if waiting is not None and self._take_over(talk, contact, waiting, promised):
            return
        if (behind := _made(contact, "next_reply", promised)) is not None:
            behind.state, behind.next_ms = "waiting", None
            self._new.append(behind)

    def _was_answered(self, talk: _Talk, contact: Contact) -> bool:
        return talk.answered or (not contact.first and sla_around.was_answered(self._connection, contact.conversation_id))

    def _resolution(self, talk: _Talk, contact: Contact, promised: Sla) -> None:
        timer = talk.open.get("resolution")
        if timer is not None:
            self._take_over(talk, contact, timer, promised)
        elif not talk.resolution:
            self._begin(talk, contact, "resolution", promised)

    def _take_over(self, talk: _Talk, contact: Contact, timer: Timer, promised: Sla) -> bool:
        """Let a contact that would be due earlier have the place of what runs, unless that is over already; whether it has."""
        made = _made(contact, timer.promise, promised)
        if made is None or timer.state != "running" or timer.due_ms <= max(made.due_ms, contact.at_ms):
            return False
        running.end(timer, contact.at_ms, "replaced", self._hours(timer))
        self._change(timer)
        self._new.append(made)
        talk.open[made.promise] = made
        return True

    def _begin(self, talk: _Talk, contact: Contact, promise: Promise, promised: Sla) -> None:
        made = _made(contact, promise, promised)
        if made is not None:
            self._new.append(made)
            talk.open[promise] = made
            talk.resolution |= promise == "resolution"

    def _change(self, timer: Timer) -> None:
        # One that this batch began is written as it is then.
        if not any(timer is one for one in (*self._new, *self._changed)):
            self._changed.append(timer)


def _made(contact: Contact, promise: str, promised: Sla) -> Timer | None:
    """The promise as a timer that runs; None where there is none, or its calendar never has that much time."""
    seconds = getattr(promised, promise)
    if seconds is None:
        return None
    promised_ms = seconds * 1000
    timer = Timer(
        id=f"{contact.message_id}/{promise}",
        conversation_id=contact.conversation_id,
        message_id=contact.message_id,
        brand=contact.brand,
        category=contact.category,
        promise=promise,
        state="running",
        started_ms=contact.at_ms,
        promised_ms=promised_ms,
        ahead_ms=promised_ms // AHEAD if promised.warn is None else promised.warn * 1000,
        since_ms=contact.at_ms,
        warn_ms=0,
        due_ms=0,
        calendar=promised.calendar,
        ruleset=contact.ruleset,
        priority=contact.priority,
        escalation=_escalation(contact, promised),
    )
    try:
        running.begin(timer, contact.hours)
    except OutOfReach:
        return None
    return timer


def _escalation(contact: Contact, promised: Sla) -> str:
    steps = {"warning": _step(promised.on_warning), "breach": _step(promised.on_breach)}
    return orjson.dumps({"owners": contact.owners, **steps}).decode()


def _step(step: Escalation | None) -> dict[str, Any] | None:
    return None if step is None else {"notify": step.notify, "copy_to": step.copy_to, "priority": step.priority}
