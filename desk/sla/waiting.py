"""Contacts that wait behind one that is not answered yet: which of them follows when that is over.

Whoever keeps a contact behind another, and whoever ends that one at the same moment, may not see each other's work. So what
waits behind nothing any more is looked for from time to time.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from desk.sla import running
from storage import sla, sla_around
from storage.sla import Timer

REPLIES: Final = ("first_reply", "next_reply")
AT_ONCE: Final = 100
"""Conversations of one transaction."""
_ANSWERS: Final = ("reply", "ticket", "closed")


def follow(connection: Connection, timers: Sequence[Timer]) -> None:
    """Of a conversation's timers, let the one run that waits and is due first, where no other one holds."""
    left = [timer for timer in timers if timer.state == "waiting"]
    if left and not any(timer.promise in REPLIES and timer.is_open for timer in timers):
        first = min(left, key=lambda timer: (timer.due_ms, timer.started_ms))
        first.state = "running"
        first.next_ms = running.following(first)
        sla.save(connection, first)


def heal(connection: Connection) -> None:
    """Let run what waits behind nothing, unless it was answered meanwhile; some of it at least."""
    for conversation in sla.stranded(connection, AT_ONCE):
        timers = sla.hold(connection, conversation)
        over = _over(connection, conversation, timers)
        sla.drop(connection, over)
        follow(connection, [timer for timer in timers if timer.id not in over])


def _over(connection: Connection, conversation: str, timers: Sequence[Timer]) -> set[str]:
    """What waits although an answer came behind its contact. In a conversation of two an answer is known to be theirs only by
    the contact itself."""
    left = [timer for timer in timers if timer.state == "waiting"]
    talk = sla_around.talk(connection, conversation)
    if talk is None or talk.split:
        heard = sla_around.heard(connection, conversation)
        return {timer.id for timer in left if talk is None or timer.message_id in heard}
    ended = (timer.ended_ms or 0 for timer in timers if timer.promise in REPLIES and timer.ended_by in _ANSWERS)
    last_ms = max(ended, default=0)
    return {
        timer.id
        for timer in left
        if timer.started_ms <= last_ms or sla_around.was_answered(connection, conversation, timer.started_ms)
    }
