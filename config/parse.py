"""YAML 1.2 text into plain values and a tree of nodes with marks, with limits that hostile input cannot pass.

The tree of ruamel.yaml is used below its constructors: it has the mark of every key, value and list item, it can be
bounded while it is built, and no tag ever builds an object. A configuration that is wrong in several places is
reported in all of them; only a syntax error or a limit ends the reading at once.
"""

from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import Reader

from config import composing
from config.problems import ConfigError, Loc, Problem, dotted
from config.syntax import NO_CHARACTER, no_character, reworded

MAX_BYTES: Final = 2_000_000
MAX_DEPTH: Final = 64
MAX_NODES: Final = 250_000
"""Values read, and values once aliases are expanded: what 10,000 rules hold, and about 15 s of reading at worst."""
_MERGE: Final = "<<"


class _Stop(Exception):
    """Reading cannot go on; the problem says why."""

    def __init__(self, node: Any, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.mark = node.start_mark
        self.message = message
        self.hint = hint


class _BoundedComposer(Composer):
    """Builds the tree of nodes, stops at the depth limit, and collects tags and directives, which are refused."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self.nesting = 0
        self.nodes = 0
        self.refused: list[tuple[Any, str, str]] = []

    def compose_document(self) -> Any:
        event = self.parser.peek_event()
        if event.version not in (None, (1, 2)):
            self.refused.append((event.start_mark, "only YAML 1.2 is read", "remove the %YAML line"))
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if not isinstance(event, AliasEvent) and event.ctag is not None:
            self.refused.append((event.start_mark, "tags (!…) are not allowed", "put text that begins with ! in quotes"))
        self.nesting += 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Stop(event, f"more than {MAX_NODES:,} values", "split it into several files")
        if self.nesting > MAX_DEPTH:
            raise _Stop(event, f"nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self.nesting -= 1
        return node


class _Converter:
    """Nodes to plain values. Duplicate and unusable keys are collected, the first of two equal keys counts."""

    def __init__(self, name: str, yaml: YAML) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._scalars = {
            "tag:yaml.org,2002:int": yaml.constructor.construct_yaml_int,
            "tag:yaml.org,2002:float": yaml.constructor.construct_yaml_float,
            "tag:yaml.org,2002:bool": yaml.constructor.construct_yaml_bool,
            "tag:yaml.org,2002:null": lambda _: None,
        }
        self._nodes = 0
        self._open: set[int] = set()

    def convert(self, node: Node, loc: Loc = ()) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Stop(node, f"more than {MAX_NODES:,} values once aliases are expanded")
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        if id(node) in self._open:
            raise _Stop(node, "an alias stands inside its own anchor")
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(node, f"nested deeper than {MAX_DEPTH} levels")
        self._open.add(id(node))
        value = self._mapping(node, loc) if isinstance(node, MappingNode) else self._list(node, loc)
        self._open.discard(id(node))
        return value

    def scalar(self, node: ScalarNode) -> Any:
        """The value of the core schema; dates stay text, and so does what looks like a number and is none."""
        construct = self._scalars.get(str(node.tag))
        try:
            return str(node.value) if construct is None else construct(node)
        except (ValueError, KeyError, IndexError):
            return str(node.value)

    def _list(self, node: Node, loc: Loc) -> list[Any]:
        return [self.convert(item, (*loc, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, complaint = _key(key_node)
            if key in result:
                complaint = ("this key stands twice", "remove or rename one of them")
            if complaint is not None:
                self.problem(key_node.start_mark, *complaint, loc=(*loc, key) if key else loc)
            elif key is not None:
                result[key] = self.convert(value_node, (*loc, key))
        return result

    def problem(self, mark: Any, message: str, hint: str | None = None, *, loc: Loc = ()) -> None:
        self.problems.append(Problem(self.name, mark.line + 1, mark.column + 1, dotted(loc), message, hint))


def _key(node: Node) -> tuple[str | None, tuple[str, str | None] | None]:
    """The text of a key, also where it looks like a number, and what is wrong with it."""
    if not isinstance(node, ScalarNode) or (node.value == "" and node.style is None):
        return None, ("a key must be text", None)
    if node.value == _MERGE and node.style is None:
        return _MERGE, ("merge keys are not part of YAML 1.2", "write the keys out")
    return str(node.value), None


def parse(text: str, name: str) -> tuple[Node | None, Any, list[Problem]]:
    """The node tree, the plain values and the problems that did not keep the rest from being read.

    Raises ConfigError where nothing can be made of the text.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _BoundedComposer
    converter = _Converter(name, yaml)
    stopped = _check_characters(text, name)
    root, data = None, None
    if stopped is None:
        try:
            root = _compose(yaml, text)
            data = None if root is None else converter.convert(root)
        except _Stop as stop:
            stopped = _at(name, stop.mark, stop.message, stop.hint)
        except MarkedYAMLError as error:
            stopped = _at(name, *reworded(error))
        except YAMLError:
            stopped = Problem(name, None, None, "", "is not YAML")
        except (ValueError, OverflowError):
            stopped = Problem(name, *_line_and_column(text, no_character(text)), "", *NO_CHARACTER)
    # raised outside the handlers: the original error carries the text of the file
    if stopped is not None:
        raise ConfigError([stopped])
    for mark, message, hint in yaml.composer.refused:
        converter.problem(mark, message, hint)
    return root, data, converter.problems


def _compose(yaml: YAML, text: str) -> Node | None:
    """The tree of nodes. ruamel.yaml makes it where libyaml cannot be relied on, and so every error is of one wording."""
    try:
        return composing.compose(text, yaml.resolver.resolve, most=MAX_NODES, deepest=MAX_DEPTH)
    except composing.Unsure:
        root: Node | None = yaml.compose(text)
        return root


def parse_plain_scalar(text: str) -> Any:
    """What `text` is as an unquoted YAML 1.2 scalar: a number, a truth value, null, else the text itself."""
    yaml = YAML(typ="safe", pure=True)
    tag = yaml.resolver.resolve(ScalarNode, text, (True, False))
    return _Converter("", yaml).scalar(ScalarNode(tag, text))


def read_text(source: Path | str, name: str) -> str:
    """The text of a YAML source, without byte order mark. Raises ConfigError: unreadable, too large, not UTF-8."""
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else _read_file(source, name)
    if len(raw) > MAX_BYTES:
        raise ConfigError(
            [Problem(name, None, None, "", f"is larger than {MAX_BYTES // 1_000_000} MB", "split it into several files")]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start
    # counted in the part that could be read
    before = raw[:start].decode("utf-8-sig", "replace")
    raise ConfigError([Problem(name, *_line_and_column(before, len(before)), "", "is not UTF-8", "save the file as UTF-8")])


def _read_file(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
    raise ConfigError([Problem(name, None, None, "", f"cannot be read: {reason}", "check the path and its permissions")])


def _check_characters(text: str, name: str) -> Problem | None:
    found = Reader.NON_PRINTABLE.search(text)
    if found is None:
        return None
    return Problem(
        name, *_line_and_column(text, found.start()), "", "holds a character that is not text", "is this a binary file?"
    )


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _at(name: str, mark: Any, message: str, hint: str | None) -> Problem:
    if mark is None:
        return Problem(name, None, None, "", message, hint)
    return Problem(name, mark.line + 1, mark.column + 1, "", message, hint)
