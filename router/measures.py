"""Reading durations, priorities and names of queues, which rules give in several places."""

import re
from collections.abc import Collection
from typing import Final

from router.reading import Node

PRIORITY_MAX: Final = 9
DURATION: Final = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
DURATION_MAX: Final = 3_650 * 86_400
"""Ten years, in seconds: what is added to the moment of a message must be a moment too."""
_SECONDS: Final = (86_400, 3_600, 60, 1)


def priority(node: Node, hint: str | None = None) -> int | None:
    """A priority from 0 to 9, where 9 is the most urgent."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= PRIORITY_MAX:
        return value
    node.fail(f"must be a whole number from 0 to {PRIORITY_MAX}", hint)
    return None


def duration(node: Node) -> int | None:
    """A duration such as `4h`, `1h30m` or `2d`, in seconds."""
    match = DURATION.fullmatch(node.value) if isinstance(node.value, str) else None
    seconds = sum(int(part or 0) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True)) if match else 0
    if 0 < seconds <= DURATION_MAX:
        return seconds
    node.fail("must be a duration of at most 3650d" if seconds else "must be a duration", "for example 30m, 4h, 1h30m or 2d")
    return None


def target_names(node: Node, names: Collection[str]) -> tuple[str, ...]:
    """One or several of the declared queues and categories, each once; what is wrong has been reported."""
    found = (item.name_in(names, "queue or category") for item in node.one_or_many())
    return tuple(dict.fromkeys(name for name in found if name is not None))
