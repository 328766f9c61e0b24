"""What events tell of promises: an answer was sent, a ticket waits for the customer, was closed, or was opened again.

The time of what happened is the event's own. Of one ticket only news counts that is not older than what was heard before, and
of several only that which the conversation has now.
"""

from collections.abc import Callable, Sequence
from typing import Final

import orjson
from sqlalchemy import Connection

from desk.sla import running, waiting
from router.working_time import WorkingTime
from storage import sla, sla_around
from storage.events import Numbered
from storage.sla import Ended, Timer

_SENT: Final = "regia.reply.sent.v1"
_TICKETS: Final = {
    f"regia.ticket.{word}.v1": word for word in ("opened", "assigned", "updated", "paused", "resumed", "closed", "reopened")
}
TYPES: Final = (_SENT, *_TICKETS)
"""What is listened to."""
_REPLIES: Final = waiting.REPLIES

Hours = Callable[[Connection, Timer], WorkingTime]
"""By which working time a timer counts."""


class Hearing:
    """Takes events in, each in the transaction that notes it as heard."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours

    def __call__(self, connection: Connection, event: Numbered) -> None:
        data = orjson.loads(event.body)["data"]
        if event.type == _SENT and data.get("automatic"):
            return
        conversation = data.get("conversation")
        timers = sla.hold(connection, conversation) if conversation else []
        talk = sla_around.talk(connection, conversation) if timers else None
        if talk is None:
            return
        if event.type == _SENT or data.get("answered") is True:
            theirs = _theirs(connection, conversation, data.get("message"), timers) if talk.split else timers
            self._answered(connection, timers, theirs, event.at_ms, "reply" if event.type == _SENT else "ticket")
        ticket = data.get("ticket")
        if event.type != _SENT and talk.ticket in (None, ticket):
            self._ticket(connection, timers, _TICKETS[event.type], event.at_ms, ticket)

    def _answered(
        self, connection: Connection, timers: Sequence[Timer], theirs: Sequence[Timer], at_ms: int, by: Ended
    ) -> None:
        """What they wrote up to then is answered; of what is left the contact counts that is due first."""
        over = [timer for timer in theirs if timer.started_ms <= at_ms]
        for timer in over:
            if timer.promise in _REPLIES and timer.is_open:
                self._end(connection, timer, at_ms, by)
        gone = {timer.id for timer in over if timer.state == "waiting"}
        sla.drop(connection, gone)
        waiting.follow(connection, [timer for timer in timers if timer.id not in gone])

    def _ticket(self, connection: Connection, timers: Sequence[Timer], word: str, at_ms: int, ticket: str | None) -> None:
        """Of the ticket that the conversation has."""
        if word == "closed":
            self._answered(connection, timers, timers, at_ms, "closed")
        found = [timer for timer in timers if timer.promise == "resolution" and timer.ended_by != "replaced"]
        if not found or (at_ms < found[-1].heard_ms and found[-1].heard_ticket in (None, ticket)):
            return
        timer, hours = found[-1], self._hours(connection, found[-1])
        is_other = timer.heard_ticket not in (None, ticket)
        timer.heard_ms, timer.heard_ticket = at_ms, ticket
        if word == "closed":
            running.end(timer, max(at_ms, timer.since_ms), "closed", hours)
        elif word == "paused":
            self._pause(connection, timers, timer, at_ms, hours)
        elif (timer.state == "paused" and (word == "resumed" or (word == "opened" and is_other))) or (
            timer.state == "ended" and word in ("reopened", "opened")  # a ticket that goes on while it is closed stays so
        ):
            running.resume(timer, max(at_ms, timer.since_ms), hours)
        sla.save(connection, timer)

    def _pause(self, connection: Connection, timers: Sequence[Timer], timer: Timer, at_ms: int, hours: WorkingTime) -> None:
        """It stands until the customer writes, who may have done so before this was heard. What was answered since then
        still has its timer."""
        if timer.state != "running":
            return
        running.pause(timer, at_ms, hours)
        wrote = [one.started_ms for one in timers if one.promise in _REPLIES and one.started_ms > at_ms]
        first_ms = sla_around.waits_since(connection, timer.conversation_id, at_ms)
        if wrote or first_ms is not None:
            running.resume(timer, min([*wrote, *([] if first_ms is None else [first_ms])]), hours)

    def _end(self, connection: Connection, timer: Timer, at_ms: int, by: Ended) -> None:
        running.end(timer, at_ms, by, self._hours(connection, timer))
        sla.save(connection, timer)


def _theirs(connection: Connection, conversation: str, message: str | None, timers: Sequence[Timer]) -> list[Timer]:
    """What was begun by whoever is answered in a conversation of two: who wrote the message that is named. A ticket system's
    answer names none; whom it was given to waits no longer."""
    if message is None:
        ids = sla_around.heard(connection, conversation)
    else:
        ids = sla_around.of_writer(connection, conversation, message)
    return [timer for timer in timers if timer.message_id in ids]
