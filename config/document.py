"""A YAML document as plain values, which still knows at which line and column each of them stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.parse import parse, read_text
from config.problems import ConfigError, Loc, Problem, dotted

__all__ = ["ConfigError", "Document", "Loc", "Problem", "dotted", "read_yaml"]

_START: Final = (1, 1)


@dataclass
class Document:
    """A parsed YAML document. `data` holds dict, list, str, int, float, bool and None only, mapping keys are text."""

    name: str
    """How messages call it: a path, or where the text came from."""
    data: Any = field(repr=False)
    root: Node | None = field(default=None, repr=False)
    _entries: dict[int, dict[str, tuple[Node, Node]]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Of each mapping that was asked for, by the id of its node: searching it anew for each of 10,000 keys takes seconds."""

    def position(self, loc: Loc, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `loc`, or of its key with `key=True`.

        Parts that are not in the document are passed over: the names pydantic puts between the keys for members of
        a union, and a last part that is missing, which gives the place of the mapping it is missing from.
        """
        place = self.root
        for _, key_node, value_node in self._walk(loc):
            # the mark of a value that is left out is somewhere in the lines below
            by_key = key or (isinstance(value_node, ScalarNode) and value_node.start_mark.index == value_node.end_mark.index)
            place = key_node if by_key and key_node is not None else value_node
        return _START if place is None else (place.start_mark.line + 1, place.start_mark.column + 1)

    def present(self, loc: Loc) -> Loc:
        """Those parts of `loc` that lead somewhere in the data."""
        value, found = self.data, []
        for part in loc:
            if _holds(value, part):
                value = value[part]
                found.append(part)
        return tuple(found)

    def in_file(self, loc: Loc) -> bool:
        """Whether the text itself has something at `loc`."""
        return len(list(self._walk(loc))) == len(loc)

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at `path`, or `default` when nothing stands there."""
        value = self.data
        for part in path:
            if not _holds(value, part):
                return default
            value = value[part]
        return value

    def problem(self, loc: Loc, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        """A problem with the value at `loc`, or with its key."""
        line, column = self.position(loc, key=key)
        return Problem(self.name, line, column, dotted(loc), message, hint)

    def _walk(self, loc: Loc) -> Iterator[tuple[str | int, Node | None, Node]]:
        node = self.root
        for part in loc:
            step = self._step(node, part)
            if step is not None:
                node = step[1]
                yield part, *step

    def _step(self, node: Node | None, part: str | int) -> tuple[Node | None, Node] | None:
        """The key and the value that `part` leads to; an item of a list has no key."""
        if isinstance(node, MappingNode):
            entries = self._entries.get(id(node))
            if entries is None:
                entries = self._entries[id(node)] = {key.value: (key, value) for key, value in reversed(node.value)}
            return entries.get(str(part))
        if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
            return None, node.value[part]
        return None


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and 0 <= part < len(value)
    return isinstance(value, dict) and part in value


def read_yaml(source: Path | str, name: str | None = None) -> Document:
    """Read one YAML 1.2 document from a file (`Path`) or from text (`str`), under `name` in messages.

    Raises ConfigError with everything that is wrong: unreadable, not UTF-8, over 2 MB, too deep, an alias bomb, a
    syntax error, duplicate keys, tags, more than one document.
    """
    label = name or (str(source) if isinstance(source, Path) else "text")
    root, data, problems = parse(read_text(source, label), label)
    if problems:
        raise ConfigError(problems)
    return Document(label, data, root)
