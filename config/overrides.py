"""Environment variables `REGIA__SECTION__KEY=value` laid over the values of a document.

Names are compared with the keys of the document without regard to case, and `_` also stands for `-`, because a shell
cannot set a variable with a dash; an absent key is made in lower case. A number leads into a list. The value is YAML
where it begins like a list, a mapping or a quoted text; else it is one plain scalar, whatever characters follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from config.document import ConfigError, Document, Loc, Problem, dotted, read_yaml
from config.parse import parse_plain_scalar

PREFIX: Final = "REGIA__"
_SEPARATOR: Final = "__"
_YAML_STARTS: Final = ("[", "{", '"', "'")


@dataclass(frozen=True, slots=True)
class Override:
    """Where an environment variable put its value. `text` is the variable as it was set, without outer white space."""

    variable: str
    text: str = field(repr=False)


class _Misplaced(Exception):
    """A variable that leads nowhere; `hint` says what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def apply(document: Document, environ: Mapping[str, str]) -> tuple[dict[Loc, Override], list[Problem]]:
    """Change the data of `document` in place; return what was overridden, by its way into the data, and what is wrong.

    Sections come before the keys inside them, so that a variable for a key refines one for its section.
    """
    done: dict[Loc, Override] = {}
    problems: list[Problem] = []
    names = (name for name in environ if name.startswith(PREFIX))
    for name in sorted(names, key=lambda name: (name.count(_SEPARATOR), name)):
        override = Override(name, environ[name].strip())
        try:
            _lay(document, override, done)
        except _Misplaced as misplaced:
            problems.append(Problem(name, None, None, "", misplaced.message, misplaced.hint))
    return done, problems


def _lay(document: Document, override: Override, done: dict[Loc, Override]) -> None:
    loc, container = _locate(document, override.variable.removeprefix(PREFIX).split(_SEPARATOR))
    if loc in done:
        raise _Misplaced(f"sets the same key as {done[loc].variable}", "keep one of them")
    container[loc[-1]] = _value(override)
    done[loc] = override


def _locate(document: Document, parts: list[str]) -> tuple[Loc, Any]:
    """The way to the key that the parts of a name mean, and the mapping or list that holds it. Makes what is missing."""
    if not all(parts):
        raise _Misplaced("has an empty part in its name", f"write {PREFIX}SECTION{_SEPARATOR}KEY")
    loc: Loc = ()
    container: Any = document.data
    for depth, part in enumerate(parts):
        key = _key(container, part, loc)
        loc = (*loc, key)
        if depth == len(parts) - 1:
            break
        if isinstance(container, dict) and container.get(key) is None:
            container[key] = {}
        container = container[key]
    return loc, container


def _key(container: Any, part: str, loc: Loc) -> str | int:
    if isinstance(container, list):
        if not (part.isascii() and part.isdigit() and int(part) < len(container)):
            raise _Misplaced(f"{dotted(loc)} is a list of {len(container)}", "name an item by its number, from 0")
        return int(part)
    if not isinstance(container, dict):
        raise _Misplaced(f"{dotted(loc)} is a value and has no keys")
    wanted = part.lower()
    for alike in (_same, _same_but_dashes):
        keys = [key for key in container if alike(key.lower(), wanted)]
        if len(keys) > 1:
            raise _Misplaced(f"could mean {' or '.join(dotted((*loc, key)) for key in keys)}", "rename one of the keys")
        if keys:
            return str(keys[0])
    return wanted


def _same(key: str, wanted: str) -> bool:
    return key == wanted


def _same_but_dashes(key: str, wanted: str) -> bool:
    return key.replace("-", "_") == wanted.replace("-", "_")


def _value(override: Override) -> Any:
    if not override.text.startswith(_YAML_STARTS):
        return parse_plain_scalar(override.text)
    try:
        return read_yaml(override.text, override.variable).data
    except ConfigError as error:
        message = error.problems[0].message
    raise _Misplaced(f"as YAML: {message}", "put text that begins with a bracket or a quote in single quotes")
