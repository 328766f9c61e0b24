"""What events tell of promises: an answer was sent, a ticket waits for the customer, was closed, or was opened again.

The time of what happened is the event's own. Of one ticket only news counts that is not older than what was heard before.
"""

from collections.abc import Callable, Sequence
from typing import Final

import orjson
from sqlalchemy import Connection

from desk.sla import running
from router.working_time import WorkingTime
from storage import sla
from storage.events import Numbered
from storage.sla import Ended, Timer

_SENT: Final = "regia.reply.sent.v1"
_TICKETS: Final = {
    f"regia.ticket.{word}.v1": word for word in ("opened", "assigned", "updated", "paused", "resumed", "closed", "reopened")
}
TYPES: Final = (_SENT, *_TICKETS)
"""What is listened to."""
_REPLIES: Final = ("first_reply", "next_reply")

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
        if not timers:
            return
        if event.type == _SENT:
            self._answered(connection, timers, event.at_ms, "reply")
            return
        if data.get("answered") is True:
            self._answered(connection, timers, event.at_ms, "ticket")
        self._ticket(connection, timers, _TICKETS[event.type], event.at_ms)

    def _answered(self, connection: Connection, timers: Sequence[Timer], at_ms: int, by: Ended) -> None:
        """What was written up to then is answered; of what came after it the contact counts that is due first."""
        for timer in timers:
            if timer.promise in _REPLIES and timer.is_open and timer.started_ms <= at_ms:
                self._end(connection, timer, at_ms, by)
        waiting = [timer for timer in timers if timer.state == "waiting"]
        sla.drop(connection, [timer.id for timer in waiting if timer.started_ms <= at_ms])
        left = [timer for timer in waiting if timer.started_ms > at_ms]
        if left and not any(timer.promise in _REPLIES and timer.is_open for timer in timers):
            first = min(left, key=lambda timer: (timer.due_ms, timer.started_ms))
            first.state = "running"
            first.next_ms = running.following(first)
            sla.save(connection, first)

    def _ticket(self, connection: Connection, timers: Sequence[Timer], word: str, at_ms: int) -> None:
        if word == "closed":
            for timer in timers:
                if timer.promise in _REPLIES and timer.is_open and timer.started_ms <= at_ms:
                    self._end(connection, timer, at_ms, "closed")
            sla.drop(connection, [timer.id for timer in timers if timer.state == "waiting" and timer.started_ms <= at_ms])
        found = [timer for timer in timers if timer.promise == "resolution" and timer.ended_by != "replaced"]
        if not found or at_ms < found[-1].heard_ms:
            return
        timer = found[-1]
        timer.heard_ms = at_ms
        hours = self._hours(connection, timer)
        if word == "closed":
            running.end(timer, max(at_ms, timer.started_ms), "closed", hours)
        elif word == "paused":
            running.pause(timer, at_ms, hours)
        elif word == "resumed" or (word in ("reopened", "opened") and timer.state == "ended"):
            self._go_on(timer, word, at_ms, hours)
        sla.save(connection, timer)

    def _go_on(self, timer: Timer, word: str, at_ms: int, hours: WorkingTime) -> None:
        """A ticket that goes on while it is closed stays so."""
        if timer.state == "paused" or word != "resumed":
            running.resume(timer, max(at_ms, timer.since_ms), hours)

    def _end(self, connection: Connection, timer: Timer, at_ms: int, by: Ended) -> None:
        running.end(timer, at_ms, by, self._hours(connection, timer))
        sla.save(connection, timer)
