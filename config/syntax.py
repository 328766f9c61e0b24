"""What is wrong with the syntax of a YAML text, in words of our own: those of ruamel.yaml quote pieces of the text."""

import re
from typing import Any, Final

from ruamel.yaml.error import MarkedYAMLError

_SPACES: Final = "indent with spaces"
_QUOTES: Final = "put text with special characters in quotes"
_INDENT: Final = "check the indentation"
_SYNTAX: Final = (
    # wording of ruamel, whether the place is where the construct begins (else where it breaks), our wording, a hint
    (re.compile(r"found character '\\t'|found a tab"), False, "a tab cannot indent or separate here", _SPACES),
    (re.compile("undefined alias"), False, "this alias has no anchor", "put text that begins with * in quotes"),
    (re.compile("mapping values are not allowed"), False, "a ':' is not expected here", f"{_INDENT}; {_QUOTES}"),
    (re.compile("sequence entries are not allowed"), False, "a '-' item is not expected here", _INDENT),
    (re.compile("expected a single document|document separator"), False, "only one document is read", "remove the '---'"),
    (re.compile("expected <block end>"), False, "this does not fit what stands above", f"{_INDENT}; {_QUOTES}"),
    (re.compile("could not find expected ':'"), True, "a ':' is missing after this key", _INDENT),
    (re.compile("expected the node content"), False, "a value is expected here", _QUOTES),
    (re.compile("cannot start any token"), False, "this character cannot begin a value", _QUOTES),
    (re.compile("unexpected end of stream"), True, "the closing quote is missing", None),
    (re.compile("expected ',' or"), True, "a ',' or the closing bracket is missing", None),
    (re.compile("unknown escape"), False, "this escape is not known", "in double quotes write \\\\ for a backslash"),
)

_ESCAPE: Final = re.compile(r"\\U([0-9A-Fa-f]{8})")
_LAST: Final = 0x10FFFF

NO_CHARACTER: Final = ("this escape is no character", "Unicode ends at \\U0010FFFF")


def reworded(error: MarkedYAMLError) -> tuple[Any, str, str | None]:
    """The mark of the error, or None, what is wrong there, and a hint."""
    said = f"{error.context or ''} {error.problem or ''}"
    for pattern, at_beginning, message, hint in _SYNTAX:
        if pattern.search(said):
            return error.context_mark if at_beginning else error.problem_mark, message, hint
    return error.problem_mark or error.context_mark, "is not valid YAML here", _QUOTES


def no_character(text: str) -> int:
    """Where the first escape stands that no character has: ruamel.yaml makes one of any number, and fails without a mark."""
    return next((found.start() for found in _ESCAPE.finditer(text) if int(found[1], 16) > _LAST), 0)
