"""Reading `then:` and `categories:`: what rules and categories give to a message."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from router import keys
from router.model import Actions, Category, Sla
from router.names import Usage
from router.reading import Node

TARGET_NAME: Final = re.compile(r"[a-z0-9_-]+")
"""Categories and queues are parts of routing keys and queue names."""

PRIORITY_MAX: Final = 9
LINKS: Final = ("https://", "http://")

RAISE: Final = re.compile(r"\+([1-9])")
DURATION: Final = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
DURATION_MAX: Final = 3_650 * 86_400
"""Ten years, in seconds: what is added to the moment of a message must be a moment too."""
_SECONDS: Final = (86_400, 3_600, 60, 1)


class ActionReader:
    """Reads what rules do, against what is declared. `usage` is told which templates they name."""

    def __init__(
        self,
        categories: Collection[str],
        targets: Collection[str],
        calendars: Collection[str],
        templates: Collection[str],
        usage: Usage,
    ) -> None:
        self._single: Mapping[str, Callable[[Node], str | int | Sla | None]] = {
            "category": lambda node: node.name_in(categories, "category"),
            "queue": lambda node: node.name_in(targets, "queue or category"),
            "sla": lambda node: sla(node, calendars),
            "product": Node.text,
            "playbook": playbook,
            "reply": lambda node: _template(node, templates, usage),
            "discard": Node.text,
        }
        self._lists: Mapping[str, Callable[[Node], tuple[str, ...]]] = {
            "tags": Node.texts,
            "owners": Node.texts,
            "copy_to": lambda node: _names(node, targets),
            "notify": Node.texts,
        }
        self.known = (*self._single, *self._lists, "priority", "final")

    def read(self, node: Node) -> Actions:
        """The actions of a rule; what is wrong has been reported."""
        if not node.value:
            node.fail("must name at least one action", "known: " + ", ".join(sorted(self.known)))
            return Actions()
        sets: dict[str, str | int | Sla] = {}
        adds: dict[str, tuple[str, ...]] = {}
        raises, final = 0, False
        for key, child in node.mapping(self.known).items():
            if key in self._single:
                _put(sets, key, self._single[key](child))
            elif key in self._lists:
                adds[key] = self._lists[key](child)
            elif key == "final":
                final = child.flag() or False
            elif isinstance(child.value, str) and (match := RAISE.fullmatch(child.value)):
                raises = int(match[1])
            else:
                _put(sets, key, priority(child, 'or "+1" to "+9"'))
        return Actions(sets, adds, raises, final)


def _put(into: dict[str, Any], key: str, value: object) -> None:
    if value is not None:
        into[key] = value


def _names(node: Node, names: Collection[str]) -> tuple[str, ...]:
    found = (item.name_in(names, "queue or category") for item in node.one_or_many())
    return tuple(dict.fromkeys(name for name in found if name is not None))


def template_name(node: Node, templates: Collection[str]) -> str | None:
    """One of the declared templates; what is wrong has been reported."""
    return node.name_in(templates, "template", "declare it under templates:")


def _template(node: Node, templates: Collection[str], usage: Usage) -> str | None:
    name = template_name(node, templates)
    if name is not None:
        usage.note(("template", name))
    return name


def category(name: str, node: Node, calendars: Collection[str]) -> Category:
    """A category with its settings, all of which may be left out."""
    entries = node.mapping(keys.CATEGORY) if node.value is not None else {}
    read: dict[str, Any] = {}
    for key, child in entries.items():
        _put(read, key, sla(child, calendars) if key == "sla" else _CATEGORY_READERS[key](child))
    return Category(name, **{"label": name, **read})


def priority(node: Node, hint: str | None = None) -> int | None:
    """A priority from 0 to 9, where 9 is the most urgent."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= PRIORITY_MAX:
        return value
    node.fail(f"must be a whole number from 0 to {PRIORITY_MAX}", hint)
    return None


def sla(node: Node, calendars: Collection[str]) -> Sla | None:
    """A promise of time, by one of the declared calendars or by none; what is wrong has been reported."""
    if not isinstance(node.value, dict):
        node.fail("must name first_reply", "for example {first_reply: 4h}")
        return None
    entries = node.mapping(keys.SLA)
    if "first_reply" not in entries:
        node.fail("must name first_reply", "for example {first_reply: 4h}")
    seconds = duration(entries["first_reply"]) if "first_reply" in entries else None
    calendar = (
        entries["calendar"].name_in(calendars, "calendar", "declare it under calendars:") if "calendar" in entries else None
    )
    return None if seconds is None else Sla(seconds, calendar)


def duration(node: Node) -> int | None:
    """A duration such as `4h`, `1h30m` or `2d`, in seconds."""
    match = DURATION.fullmatch(node.value) if isinstance(node.value, str) else None
    seconds = sum(int(part or 0) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True)) if match else 0
    if 0 < seconds <= DURATION_MAX:
        return seconds
    node.fail("must be a duration of at most 3650d" if seconds else "must be a duration", "for example 30m, 4h, 1h30m or 2d")
    return None


def playbook(node: Node) -> str | None:
    """A link. Only web addresses, for staff click on it."""
    link = node.text()
    if link is None or link.startswith(LINKS):
        return link
    node.fail("must be a link that begins with https:// or http://")
    return None


_CATEGORY_READERS: Final[Mapping[str, Callable[[Node], object]]] = {
    "label": Node.text,
    "owners": Node.texts,
    "priority": priority,
    "playbook": playbook,
}
