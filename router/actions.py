"""Reading `then:` and `categories:`: what rules and categories give to a message."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from router import keys
from router.measures import priority, target_names
from router.model import Actions, Category, Sla
from router.names import Usage
from router.promises import SlaReader
from router.reading import Node

TARGET_NAME: Final = re.compile(r"[a-z0-9_-]+")
"""Categories and queues are parts of routing keys and queue names."""

LINKS: Final = ("https://", "http://")

RAISE: Final = re.compile(r"\+([1-9])")


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
            "sla": SlaReader(calendars, targets).read,
            "product": Node.text,
            "playbook": playbook,
            "reply": lambda node: _template(node, templates, usage),
            "discard": Node.text,
        }
        self._lists: Mapping[str, Callable[[Node], tuple[str, ...]]] = {
            "tags": Node.texts,
            "owners": Node.texts,
            "copy_to": lambda node: target_names(node, targets),
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


def template_name(node: Node, templates: Collection[str]) -> str | None:
    """One of the declared templates; what is wrong has been reported."""
    return node.name_in(templates, "template", "declare it under templates:")


def _template(node: Node, templates: Collection[str], usage: Usage) -> str | None:
    name = template_name(node, templates)
    if name is not None:
        usage.note(("template", name))
    return name


def category(name: str, node: Node, slas: SlaReader) -> Category:
    """A category with its settings, all of which may be left out."""
    entries = node.mapping(keys.CATEGORY) if node.value is not None else {}
    read: dict[str, Any] = {}
    for key, child in entries.items():
        _put(read, key, slas.read(child) if key == "sla" else _CATEGORY_READERS[key](child))
    return Category(name, **{"label": name, **read})


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
