"""Reading dates, and `received:` of a test: the moment when its message came."""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from normalizer.envelope_data import rfc3339
from router.reading import Node

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_WITH_OFFSET: Final = "for example 2026-12-25T10:00+01:00 or 2026-12-25T09:00Z"


def day(text: str) -> date | None:
    """The date that a text in the form `2026-12-25` is; other forms of ISO 8601 are none."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def moment(node: Node, zones: Collection[ZoneInfo]) -> str | None:
    """The moment in UTC, as every message has it. Without an offset it is by the clocks of the one zone that all
    calendars have, of two hours that these show alike the first; without calendars by UTC. What is wrong has been
    reported."""
    text = node.text()
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None:
        node.fail("must be a date and a time", "for example 2026-12-25T10:00")
    elif at.tzinfo is None and len(zones) > 1:
        node.fail("needs an offset, as the calendars have several time zones", _WITH_OFFSET)
    else:
        return _in_utc(node, at, next(iter(zones), UTC))
    return None


def _in_utc(node: Node, at: datetime, zone: tzinfo) -> str | None:
    try:
        in_utc = at.replace(tzinfo=at.tzinfo or zone).astimezone(UTC)
        if at.tzinfo is None and in_utc.astimezone(zone).replace(tzinfo=None) != at:
            node.fail(f"no clock shows this time in {zone}: it is put forward over it", _WITH_OFFSET)
            return None
    except OverflowError:
        node.fail("is beyond all dates")
        return None
    return rfc3339(in_utc)
