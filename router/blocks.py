"""Named conditions: `conditions:` declares them, `use:` puts them where they are needed.

A named condition is read once, so what is wrong with it is told once, and every use has the same parts with the same
ids and places: an explanation shows the line of the declaration.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from router.model import Condition, FactTest, Group
from router.named import spend
from router.names import NESTED_MAX, Usage, reading_order
from router.reading import Node, suggestion


@dataclass(frozen=True, slots=True)
class _Block:
    parts: tuple[Condition, ...]
    depth: int
    size: int


class NamedConditions:
    """The named conditions of all files. One with a mistake stands for nothing, and its uses are not reported too."""

    def __init__(self, usage: Usage) -> None:
        self.deepest = 0
        """The greatest depth met since the reading of the present condition began."""
        self._usage = usage
        self._declared: Mapping[str, Node] = {}
        self._blocks: dict[str, _Block] = {}

    def read(self, declared: Mapping[str, Node], reader: Callable[[Node], tuple[Condition, ...]]) -> None:
        """Read the declarations, each behind those it uses; what is wrong has been reported."""
        self._declared = declared
        order, cycles = reading_order({name: list(_used_in(node.value)) for name, node in declared.items()})
        for name, chain in cycles.items():
            declared[name].fail(f"condition {name!r} leads to itself: {chain}", key=True)
        for name in order:
            self._usage.owner = ("condition", name)
            self.deepest = 0
            parts = reader(declared[name])
            self._blocks[name] = _Block(parts, self.deepest, _size(parts))
        self._usage.owner = None

    def used(self, node: Node, depth: int) -> Iterator[Condition]:
        """The conditions that `use:` names, all of which must hold. They stand one level below it."""
        for item in node.one_or_many():
            name = item.text()
            if name is None:
                continue
            if name not in self._declared:
                item.fail(f"there is no condition {name!r}", _hint(name, self._declared))
                continue
            self._usage.note(("condition", name))
            block = self._blocks.get(name)
            if block is None or not spend(self._usage, item, block.size):
                continue
            if depth + 1 + block.depth > NESTED_MAX:
                item.fail(f"conditions are nested deeper than {NESTED_MAX}, with those of {name!r}")
                continue
            self.deepest = max(self.deepest, depth + 1 + block.depth)
            yield from block.parts


def _hint(name: str, declared: Mapping[str, Node]) -> str:
    return suggestion(name.removeprefix("$"), declared) or "declare it under conditions:"


def _used_in(value: object) -> Iterator[str]:
    """The names under `use:` in a condition as it was written, which may be anything."""
    if isinstance(value, list):
        for item in value:
            yield from _used_in(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "use":
            yield from (name for name in (inner if isinstance(inner, list) else [inner]) if isinstance(name, str))
        elif key in ("any", "all", "not"):
            yield from _used_in(inner)


def _size(parts: tuple[Condition, ...]) -> int:
    """How many conditions there are, and texts and values in them."""
    size = 0
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        size += 1
        if isinstance(part, FactTest):
            size += len(part.operands)
        elif isinstance(part, Group):
            waiting += part.parts
    return size
