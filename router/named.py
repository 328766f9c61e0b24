"""Reading `lists:` and `patterns:`, and the texts of conditions, in which `$name` stands for one of them."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from router.names import NAME, NESTED_MAX, SIZE_MAX, Kind, Usage, reading_order
from router.pattern_reading import PatternReader
from router.reading import Node, suggestion

Wrong = tuple[str, str | None]
"""What is wrong with a text, and a hint."""

Check = Callable[[str], Wrong | None]

_DOLLAR_HINT: Final = "write $$ where a text begins with a dollar sign"


class NamedTexts:
    """The lists and patterns of all files. What is declared wrong stands for nothing, and its uses are not reported too."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self._lists: dict[str, Mapping[str, Node]] = {}
        self._depths: dict[str, int] = {}
        self._patterns: dict[str, str | None] = {}
        self._reader = PatternReader()
        self._checked: dict[tuple[str, Hashable], tuple[str, ...]] = {}
        self._named: Mapping[Kind, Mapping[str, Node]] = {}

    def read(self, lists: Mapping[str, Node], patterns: Mapping[str, Node]) -> None:
        """Read the declarations; what is wrong has been reported."""
        self._named = {"list": lists, "pattern": patterns}
        order, cycles = reading_order({name: _names_in(node.value) for name, node in lists.items()})
        for name, chain in cycles.items():
            lists[name].fail(f"list {name!r} leads to itself: {chain}", key=True)
        for name in order:
            self.usage.owner = ("list", name)
            self._lists[name] = self._list(name, lists[name])
        self.usage.owner = None
        for name, node in patterns.items():
            self._patterns[name] = self._declared(node)

    def texts(self, node: Node, purpose: Hashable, check: Check) -> tuple[str, ...]:
        """The text of an operand, or those of the list it names, where `check` finds nothing wrong with them.

        `purpose` stands for `check`: the texts of a list are checked once for each.
        """
        text = node.text()
        if text is None:
            return ()
        if _is_name(text):
            return self._of_list(node, text[1:], purpose, check)
        literal = text.removeprefix("$")
        wrong = check(literal)
        if wrong:
            node.fail(*wrong)
        return () if wrong else (literal,)

    def pattern(self, node: Node) -> str | None:
        """A pattern, or the one it names."""
        text = node.text()
        if text is None:
            return None
        if _is_name(text):
            return self._patterns.get(text[1:]) if self._found(node, text[1:], "pattern") else None
        return self._reader.read(node, text.removeprefix("$"))

    def _declared(self, node: Node) -> str | None:
        text = node.text()
        if text is not None and text.startswith("$"):
            node.fail("a pattern cannot begin with $, the end of the text", "write the pattern itself: it cannot name another")
            return None
        return None if text is None else self._reader.read(node, text)

    def _list(self, name: str, node: Node) -> Mapping[str, Node]:
        """The texts of a list and of those it names, each once, with the place where it was written."""
        found: dict[str, Node] = {}
        depth = 0
        for item in node.one_or_many():
            text = item.text()
            if text is None:
                continue
            if not _is_name(text):
                found.setdefault(text.removeprefix("$"), item)
            elif self._found(item, text[1:], "list"):
                depth = max(depth, self._depths.get(text[1:], 0) + 1)
                for inner, place in self._spent(item, text[1:]).items():
                    found.setdefault(inner, place)
        if depth > NESTED_MAX:
            node.fail(f"list {name!r} leads through more than {NESTED_MAX} others", key=True)
        self._depths[name] = depth if depth <= NESTED_MAX else 0
        return found

    def _of_list(self, node: Node, name: str, purpose: Hashable, check: Check) -> tuple[str, ...]:
        if not self._found(node, name, "list"):
            return ()
        entries = self._spent(node, name)
        key = (name, purpose)
        if entries and key not in self._checked:
            self._checked[key] = tuple(_usable(entries, node, check))
        return self._checked[key] if entries else ()

    def _spent(self, node: Node, name: str) -> Mapping[str, Node]:
        entries = self._lists.get(name, {})
        return entries if spend(self.usage, node, len(entries)) else {}

    def _found(self, node: Node, name: str, kind: Kind) -> bool:
        """Whether such a thing is declared; the use is noted."""
        if name in self._named[kind]:
            self.usage.note((kind, name))
            return True
        if not NAME.fullmatch(name):
            node.fail("names nothing", _DOLLAR_HINT)
            return False
        other: Kind = "pattern" if kind == "list" else "list"
        if name in self._named[other]:
            hint: str | None = f"it is a {other}: " + ("matches takes patterns only" if kind == "pattern" else "use matches")
        else:
            hint = suggestion(name, self._named[kind]) or f"declare it under {kind}s:, or {_DOLLAR_HINT}"
        node.fail(f"there is no {kind} {name!r}", hint)
        return False


def spend(usage: Usage, node: Node, size: int) -> bool:
    """Account for a use that stands for so many texts and conditions; the first that is too much has been reported."""
    fits = usage.spend(size)
    if fits is False:
        node.fail("with this, names stand for too many texts and conditions", f"at most {SIZE_MAX:,}, counted at each use")
    return bool(fits)


def _is_name(text: str) -> bool:
    return text.startswith("$") and not text.startswith("$$")


def _names_in(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item[1:] for item in items if isinstance(item, str) and _is_name(item)]


def _usable(entries: Mapping[str, Node], user: Node, check: Check) -> Iterator[str]:
    for text, place in entries.items():
        wrong = check(text)
        if wrong is None:
            yield text
        else:
            file, line, _ = user.place
            place.fail(f"{wrong[0]}, as {file}:{line} uses it", wrong[1])
