"""How time passes for one timer: it begins, stands, goes on and ends. Pure; the row is changed in place.

`taken_ms` is the working time that had gone by at `since_ms`, when it ran last. So a pause costs nothing, however often, and
what is left is always what was promised without what was taken.
"""

from typing import Final

from router.calendars import OutOfReach
from router.working_time import WorkingTime
from storage.sla import Ended, Timer

_NEVER: Final = 20 * 366 * 86_400_000
"""Milliseconds after which a time is over that has no working time any more."""


def begin(timer: Timer, hours: WorkingTime) -> None:
    """Let it run from `started_ms` on. Raises `OutOfReach` where what is promised never comes."""
    timer.state, timer.since_ms = "running", timer.started_ms
    timer.due_ms = hours.after(timer.started_ms, timer.promised_ms)
    timer.warn_ms = hours.after(timer.started_ms, timer.promised_ms - timer.ahead_ms)
    timer.next_ms = following(timer)


def pause(timer: Timer, at_ms: int, hours: WorkingTime) -> None:
    """It stands from a moment on."""
    if timer.state == "running":
        _stop(timer, at_ms, hours)
        timer.state = "paused"


def end(timer: Timer, at_ms: int, by: Ended, hours: WorkingTime) -> None:
    """It is over, whether it ran or stood."""
    if timer.is_open:
        _stop(timer, at_ms, hours)
        timer.state, timer.ended_ms, timer.ended_by = "ended", at_ms, by


def resume(timer: Timer, at_ms: int, hours: WorkingTime) -> None:
    """It goes on, with what is left. One that was late stays late."""
    if timer.state not in ("paused", "ended"):
        return
    timer.state, timer.ended_ms, timer.ended_by, timer.since_ms = "running", None, None, at_ms
    left = timer.promised_ms - timer.taken_ms
    if left > 0:
        try:
            timer.due_ms = hours.after(at_ms, left)
            timer.warn_ms = timer.warn_ms if timer.warned else hours.after(at_ms, left - timer.ahead_ms)
        except OutOfReach:
            timer.due_ms = timer.warn_ms = at_ms + _NEVER
        timer.breached = False
    timer.next_ms = following(timer)


def following(timer: Timer) -> int | None:
    """When something is to be told next of one that runs."""
    if timer.state != "running" or timer.breached:
        return None
    return timer.due_ms if timer.warned else timer.warn_ms


def is_late(timer: Timer, now_ms: int) -> bool:
    """Whether its time was over before it ended, or is over now. One that stands has the time that was left."""
    if timer.state == "running":
        return timer.due_ms < now_ms
    return timer.taken_ms > timer.promised_ms


def _stop(timer: Timer, at_ms: int, hours: WorkingTime) -> None:
    if timer.state == "running":
        timer.taken_ms += hours.between(timer.since_ms, at_ms)
        timer.since_ms = at_ms
    timer.next_ms = None
