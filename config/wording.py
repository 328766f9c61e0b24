"""The errors of pydantic in the words of this gateway, without the values they are about."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import ErrorDetails

from config.document import Loc

_MISSING: Final = "is missing"
_WORDS: Final = {
    "missing": _MISSING,
    "extra_forbidden": "is not a known key",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "dataclass_type": "must be a mapping of keys to values",
    "union_tag_not_found": _MISSING,
}
_CHOICES: Final = {"literal_error": "expected", "enum": "expected", "union_tag_invalid": "expected_tags"}
"""Errors about a closed list, and where their context holds it."""
_BY_LIMIT: Final = frozenset(
    {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of", "too_short", "too_long"}
    | {"string_too_short", "string_too_long", "string_pattern_mismatch", "finite_number", "url_scheme"}
)
"""Errors whose own text is made of the model's limits alone."""
_PREFIX: Final = re.compile(r"^(Value error, |Assertion failed, |\w+ should )")
_QUOTED: Final = re.compile(r"'([^']*)'")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SHORT: Final = 4


@dataclass(frozen=True, slots=True)
class Worded:
    """An error to be shown: where it is, whether its key is meant rather than its value, and what to say."""

    loc: Loc
    at_key: bool
    message: str
    hint: str | None
    is_missing: bool = False
    """Whether the last part of `loc` is what should be there and is not."""


def word(error: ErrorDetails, known: Iterable[str], secret: Iterable[str]) -> Worded:
    """`error` in our words. `known` are the keys of the mapping it is in; no text in `secret` gets into the message."""
    kind = error["type"]
    loc: Loc = error["loc"]
    if kind == "extra_forbidden":
        return Worded(loc, True, _WORDS[kind], _did_you_mean(str(loc[-1]), known))
    if kind.startswith("union_tag"):
        # a tag that is found by a function has no quoted name, and the error stays at the mapping
        loc = (*loc, *_QUOTED.findall(error["ctx"]["discriminator"]))
    if kind in _CHOICES:
        options = error["ctx"][_CHOICES[kind]]
        chosen = _at(error["input"], loc[len(error["loc"]) :])
        return Worded(loc, False, f"must be one of {options}", _did_you_mean(str(chosen), _QUOTED.findall(options)))
    at_key = loc[-1:] == ("[key]",)
    return Worded(loc, at_key, _message(error, secret), _hint(error), is_missing=_WORDS.get(kind) == _MISSING)


def _message(error: ErrorDetails, secret: Iterable[str]) -> str:
    kind = error["type"]
    if kind in _WORDS:
        return _WORDS[kind]
    text = _PREFIX.sub(lambda prefix: "must " if prefix[0].endswith("should ") else "", error["msg"])
    if kind in _BY_LIMIT or not any(_occurs(value, text) for value in (*_private(error["input"]), *secret)):
        return text
    return f"is not valid: {kind.replace('_', ' ')}"


def _hint(error: ErrorDetails) -> str | None:
    if error["input"] is None:
        return "it is empty"
    numeric = isinstance(error["input"], int | float)
    return "put it in quotes" if error["type"] == "string_type" and numeric else None


def _did_you_mean(text: str, options: Iterable[str]) -> str | None:
    by_lower = {option.lower(): option for option in options}
    close = difflib.get_close_matches(text.lower(), by_lower, n=1)
    return f"did you mean {by_lower[close[0]]}?" if close else None


def _at(value: Any, loc: Loc) -> Any:
    for part in loc:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _private(value: Any, *, nested: bool = False) -> Iterator[str]:
    """The values that a message must not repeat. Inside a mapping or a list, the names of things may be told."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _private(item, nested=True)
    elif value is not None and not isinstance(value, bool) and not (nested and _NAME.fullmatch(str(value))):
        yield str(value)


def _occurs(value: str, text: str) -> bool:
    """Short values count as whole words only: `a` is in almost every sentence."""
    if len(value) >= _SHORT:
        return value in text
    return value != "" and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None
