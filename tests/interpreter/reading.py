"""YAML read with the library alone: plain values that remember where they stand.

Lines and columns begin with 1 (docs/rules.md, When something is wrong).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Plain = str | int | float | bool | None
TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Place:
    """File, line and column, the latter two from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Entry:
    """One key of a mapping: its place and its value."""

    key: str
    place: Place
    value: "Value"


@dataclass(frozen=True)
class Value:
    """A scalar, a list or a mapping: `plain` holds a scalar, `items` the values of a list, `entries` those of a mapping."""

    place: Place
    plain: Plain = None
    items: "tuple[Value, ...] | None" = None
    entries: tuple[Entry, ...] | None = None
    written: str = ""

    def many(self) -> "tuple[Value, ...]":
        """One value or a list of them, as a list."""
        return (self,) if self.items is None else self.items

    def texts(self) -> list[str]:
        """The same as texts, as they are written: a date under a text is a text, too."""
        return [one.written for one in self.many()]

    def keys(self) -> "dict[str, Value]":
        """The entries of a mapping by key. Nothing at all counts as a mapping without keys."""
        return {entry.key: entry.value for entry in self.entries or ()}


def read(name: str, text: str) -> Value:
    """The whole document. Raises `ruamel.yaml.error.YAMLError` when it is not YAML."""
    yaml = YAML(typ="safe", pure=True)
    return _value(name, yaml.compose(text))


def _value(file: str, node: Node) -> Value:
    place = _place(file, node)
    if isinstance(node, MappingNode):
        pairs: Sequence[tuple[ScalarNode, Node]] = node.value
        return Value(place, entries=tuple(Entry(key.value, _place(file, key), _value(file, item)) for key, item in pairs))
    if isinstance(node, SequenceNode):
        return Value(place, items=tuple(_value(file, item) for item in node.value))
    return Value(place, plain=_plain(str(node.tag), node.value), written=node.value)


def _place(file: str, node: Node) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _plain(tag: str, written: str) -> Plain:
    kinds: Mapping[str, Plain] = {
        "null": None,
        "bool": written.lower() == "true",
    }
    kind = tag.removeprefix(TAG)
    if kind in kinds:
        return kinds[kind]
    if kind == "int":
        return int(written)
    if kind == "float":
        return float(written)
    return written
