"""By which working time something that was promised counts: that of the calendar in the version of the rules that promised it.

So nothing that is running is counted anew when rules change.
"""

import json
import logging
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from config.problems import ConfigError
from regia.rules.live import Rules
from router.load import load
from router.working_time import WorkingTime
from storage.rulesets import sources_of
from storage.sla import Timer

logger = logging.getLogger(__name__)

_KEPT: Final = 32
"""Versions of which the calendars are remembered."""
_ALWAYS: Final = WorkingTime()


class Hours:
    """Of one gateway. To be asked in one thread at a time, as all that writes is."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, WorkingTime]] = {}

    def of(self, connection: Connection, rules: Rules, timer: Timer) -> WorkingTime:
        """A version that is not kept, or cannot be loaded any more, gives way to the calendar of that name in what decides
        now."""
        if timer.calendar is None:
            return _ALWAYS
        version = rules.version(timer.ruleset)
        known = version.working_times if version is not None else self._stored(connection, timer.ruleset)
        return known.get(timer.calendar) or rules.of(timer.brand).working_times.get(timer.calendar) or _ALWAYS

    def _stored(self, connection: Connection, version: str) -> Mapping[str, WorkingTime]:
        found = self._known.get(version)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[version] = _read(connection, version)
        return found


def _read(connection: Connection, version: str) -> Mapping[str, WorkingTime]:
    sources = sources_of(connection, version)
    try:
        return load([(name, text) for name, text in json.loads(sources or "[]")]).working_times
    except ConfigError:  # also where there are no sources
        logger.warning("the calendars of a version of the rules are not there any more", extra={"version": version})
        return {}
