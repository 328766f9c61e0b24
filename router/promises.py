"""Reading `sla:`: within which time somebody must answer, and who hears of it before and when nobody did."""

from collections.abc import Collection
from typing import Any, Final, get_args

from router import keys
from router.measures import duration, priority, target_names
from router.model import Escalation, Promise, Sla
from router.reading import Node

PROMISES: Final[tuple[Promise, ...]] = get_args(Promise)
_HINT: Final = "for example {first_reply: 4h}"
_NEEDED: Final = "must name first_reply, next_reply or resolution"


class SlaReader:
    """Reads promises of time against what is declared: `calendars`, and `targets`, the queues and categories."""

    def __init__(self, calendars: Collection[str], targets: Collection[str]) -> None:
        self._calendars = calendars
        self._targets = targets

    def read(self, node: Node) -> Sla | None:
        """A promise of time, by one of the calendars or by none; what is wrong has been reported."""
        if not isinstance(node.value, dict):
            node.fail(_NEEDED, _HINT)
            return None
        entries = node.mapping(keys.SLA)
        times: dict[str, int | None] = {name: duration(entries[name]) for name in PROMISES if name in entries}
        if not times:
            node.fail(_NEEDED, _HINT)
        read: dict[str, Any] = {**times}
        if "calendar" in entries:
            read["calendar"] = entries["calendar"].name_in(self._calendars, "calendar", "declare it under calendars:")
        if "warn" in entries:
            read["warn"] = _warning(entries["warn"], [time for time in times.values() if time is not None])
        for name in ("on_warning", "on_breach"):
            if name in entries:
                read[name] = self.escalation(entries[name])
        return Sla(**read) if times and None not in times.values() else None

    def escalation(self, node: Node) -> Escalation | None:
        """What happens when a promise is about to be missed, or is; what is wrong has been reported."""
        if not node.value:
            node.fail("must name at least one of notify, copy_to and priority", "for example {notify: [team-lead@example.com]}")
            return None
        entries = node.mapping(keys.ESCALATION)
        read: dict[str, Any] = {}
        if "notify" in entries:
            read["notify"] = entries["notify"].texts()
        if "copy_to" in entries:
            read["copy_to"] = target_names(entries["copy_to"], self._targets)
        if "priority" in entries:
            read["priority"] = priority(entries["priority"])
        return Escalation(**read)


def _warning(node: Node, times: list[int]) -> int | None:
    """How long before the end it is warned: within the shortest of the promises, or there would be no time for it."""
    seconds = duration(node)
    if seconds is None or not times or seconds < min(times):
        return seconds
    node.fail("must be shorter than each of the times it is for")
    return None
