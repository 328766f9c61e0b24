"""Whether libyaml and ruamel.yaml read a text alike: the same values, the same places, or the same words of what is wrong."""

from typing import Any, Final, NamedTuple

import pytest
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from config import composing
from config.parse import parse
from config.problems import ConfigError

_FAST: Final = composing.compose


class Read(NamedTuple):
    """What came of a text, as it can be compared, and whether the fast way was gone to the end."""

    outcome: object
    fast: bool


def both(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Read, Read]:
    """The text as it is read, and as ruamel.yaml alone reads it."""
    went: list[bool] = []

    def fast(*args: Any, **settings: Any) -> Node | None:
        root = _FAST(*args, **settings)
        went.append(True)
        return root

    def never(*_args: Any, **_settings: Any) -> Node | None:
        raise composing.Unsure

    monkeypatch.setattr(composing, "compose", fast)
    usual = Read(_outcome(text), bool(went))
    monkeypatch.setattr(composing, "compose", never)
    return usual, Read(_outcome(text), False)


def _outcome(text: str) -> object:
    try:
        root, data, problems = parse(text, "f")
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    # by repr: nan is not equal to itself, and 1 is equal to True
    return repr(data), None if root is None else _tree(root, set()), [str(problem) for problem in problems]


def _tree(node: Node, seen: set[int], *, mapped: bool = False) -> object:
    """Places, types and texts. Where a value of a mapping is left out, its key stands for it: its own mark is nowhere."""
    if id(node) in seen:
        return "seen"
    seen.add(id(node))
    place = (node.start_mark.line, node.start_mark.column)
    if isinstance(node, ScalarNode):
        empty = node.start_mark.index == node.end_mark.index
        return None if mapped and empty else place, empty, str(node.tag), node.value, node.style is None
    if isinstance(node, MappingNode):
        return place, [(_tree(key, seen), _tree(value, seen, mapped=True)) for key, value in node.value]
    return place, [_tree(item, seen) for item in node.value]
