"""Opening hours of a chat, by a calendar of the rules."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from router.calendars import OutOfReach
from router.working_time import WorkingTime

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """`opens_ms`: when it opens again, in milliseconds; None while it is open, and where that is not known."""

    is_open: bool
    opens_ms: int | None = None


def opening(calendars: Mapping[str, WorkingTime], name: str | None, now_ms: int) -> Opening:
    """By the calendar of that name; without one somebody is always there. One that the rules do not have any more closes
    nobody out: the check of the configuration names it."""
    hours = None if name is None else calendars.get(name)
    if hours is None:
        return Opening(True)
    try:
        if hours.between(now_ms, now_ms + 1):
            return Opening(True)
        return Opening(False, hours.after(now_ms, 1) - 1)
    except OutOfReach:
        return Opening(False)
