"""Reading what rules files declare: fields, calendars, categories, queues, named things,
extractors, templates and the default.

Several files declare together. What a named thing, an extractor or a template says is read by `router.named`,
`router.blocks`, `router.extractors` and `router.templates`, once all names are known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from router.actions import TARGET_NAME, category
from router.calendar_reading import calendar
from router.calendars import Calendar
from router.model import Category, Place
from router.names import NAME, Kind
from router.promises import SlaReader
from router.reading import Node
from router.vocabulary import DECLARABLE, FIELD_NAME, FactType

_FIELDS_HINT: Final = "use letters, digits and _, and begin with a letter"
_NAMES_HINT: Final = "use a to z, 0 to 9, - and _"


@dataclass(slots=True)
class Declarations:
    """What the files declare. A name with something wrong is kept, so that its uses are not reported as well."""

    fields: dict[str, FactType] = field(default_factory=dict)
    calendars: dict[str, Calendar | None] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    queues: dict[str, Node] = field(default_factory=dict)
    default: str | None = None
    lists: dict[str, Node] = field(default_factory=dict)
    patterns: dict[str, Node] = field(default_factory=dict)
    conditions: dict[str, Node] = field(default_factory=dict)
    extract: dict[str, Node] = field(default_factory=dict)
    templates: dict[str, Node] = field(default_factory=dict)
    _declared: dict[str, Node] = field(default_factory=dict)
    _slas: SlaReader = field(default_factory=lambda: SlaReader((), ()))

    def read(self, files: Sequence[Node]) -> None:
        """Read the declarations of the files; what is wrong has been reported."""
        defaults: list[Node] = []
        _each(files, {"calendars": self._calendars})  # first, for categories of any file may name them
        self._slas = SlaReader(self.calendars, _targets(files))
        _each(
            files,
            {
                "fields": self._fields,
                "categories": self._categories,
                "queues": self._queues,
                "default": defaults.append,
                "lists": lambda node: self._named("list", node, self.lists),
                "patterns": lambda node: self._named("pattern", node, self.patterns),
                "conditions": lambda node: self._named("condition", node, self.conditions),
                "extract": self._extract,
                "templates": self._templates,
            },
        )
        for name in self.extract:
            self.fields.setdefault(name, "text")
        self._default(files[0] if files else None, defaults)

    def places(self) -> dict[tuple[Kind, str], Place]:
        """Where each named thing is declared."""
        named: tuple[tuple[Kind, dict[str, Node]], ...]
        named = (
            *(("list", self.lists), ("pattern", self.patterns), ("condition", self.conditions)),
            ("template", self.templates),
        )
        return {(kind, name): node.place for kind, nodes in named for name, node in nodes.items()}

    def _fields(self, node: Node) -> None:
        for name, child in node.mapping().items():
            if not FIELD_NAME.fullmatch(name):
                child.fail("is no name for a field", _FIELDS_HINT, key=True)
            if child.value not in DECLARABLE:
                child.fail("must be a type: " + ", ".join(DECLARABLE))
            self._once(f"fields.{name}", "field", name, child)
            self.fields[name] = cast(FactType, child.value) if child.value in DECLARABLE else "text"

    def _named(self, kind: Kind, node: Node, into: dict[str, Node]) -> None:
        for name, child in node.mapping().items():
            if not NAME.fullmatch(name):
                child.fail(f"is no name for a {kind}", f"{_NAMES_HINT}, and begin with a letter", key=True)
            # A list and a pattern are both written $name, so they share their names.
            key = f"conditions.{name}" if kind == "condition" else f"${name}"
            if self._once(key, kind, name, child):
                into[name] = child

    def _extract(self, node: Node) -> None:
        for name, child in node.mapping().items():
            if not FIELD_NAME.fullmatch(name):
                child.fail("is no name for a field", _FIELDS_HINT, key=True)
            if self._once(f"extract.{name}", "extractor", name, child):
                self.extract[name] = child

    def _templates(self, node: Node) -> None:
        for name, child in node.mapping().items():
            if not TARGET_NAME.fullmatch(name):
                child.fail("is no name for a template", _NAMES_HINT, key=True)
            if self._once(f"templates.{name}", "template", name, child):
                self.templates[name] = child

    def _calendars(self, node: Node) -> None:
        for name, child in node.mapping().items():
            if not FIELD_NAME.fullmatch(name):
                child.fail("is no name for a calendar", _FIELDS_HINT, key=True)
            self._once(f"calendars.{name}", "calendar", name, child)
            self.calendars[name] = calendar(child)

    def _categories(self, node: Node) -> None:
        for name, child in node.mapping().items():
            if self._target_once("category", name, child):
                self.categories[name] = category(name, child, self._slas)

    def _queues(self, node: Node) -> None:
        for item in node.items():
            name = item.text()
            if name is not None and self._target_once("queue", name, item):
                self.queues[name] = item

    def _target_once(self, what: str, name: str, node: Node) -> bool:
        if not TARGET_NAME.fullmatch(name):
            node.fail(f"is no name for a {what}", _NAMES_HINT, key=True)
        return self._once(name, what, name, node)

    def _once(self, key: str, what: str, name: str, node: Node) -> bool:
        """Whether this is the first of its name. A category and a queue of one name would be one queue."""
        first = self._declared.setdefault(key, node)
        if first is not node:
            file, line, _ = first.place
            node.fail(f"{what} {name!r} is declared already, at {file}:{line}", key=True)
        return first is node

    def _default(self, file: Node | None, defaults: list[Node]) -> None:
        for repeated in defaults[1:]:
            repeated.fail("there is a default already, at {}:{}".format(*defaults[0].place), key=True)
        if defaults:
            self.default = defaults[0].name_in(self.categories, "category")
        elif file is not None:
            file.fail("must have a default", "name the category of messages that no rule decides: default: general")


def _targets(files: Sequence[Node]) -> frozenset[str]:
    """All names of categories and queues, also of those with something wrong: a category may name others that come later."""
    found: set[str] = set()
    for file in files:
        said = file.value if isinstance(file.value, dict) else {}
        for names in (said.get("categories"), said.get("queues")):
            found |= {name for name in names if isinstance(name, str)} if isinstance(names, dict | list) else set()
    return frozenset(found)


def _each(files: Sequence[Node], readers: Mapping[str, Callable[[Node], object]]) -> None:
    """Let the readers of the files' keys read, file by file."""
    for file in files:
        for key, reader in readers.items():
            if isinstance(file.value, dict) and key in file.value:
                reader(file.child(key))
