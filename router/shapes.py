"""Pieces of the JSON Schema of rules files (draft-07): what the readers of `router.reading` accept, each as a schema.

A piece says for every type of value what holds of it (`pattern` of texts, `items` of lists, …) instead of listing
alternatives: an editor then tells what is wrong with the value, and not that none of several alternatives fits.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

Shape: TypeAlias = dict[str, Any]

TEXT: Final[Shape] = {"type": "string", "pattern": r"\S", "patternErrorMessage": "is empty"}
FLAG: Final[Shape] = {"type": "boolean"}
NULL: Final[Shape] = {"type": "null"}

_LEAP: Final = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
DATE: Final = (
    "(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
"""A regular expression for the days there are."""

NUMBER: Final = (
    r"[+-]?(?:[0-9](?:_?[0-9])*|(?=\.?[0-9])(?:[0-9](?:_?[0-9])*)?\.(?:[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)"
)
"""What Python reads as a number where it has a point, and as a whole number where it has none."""

_LINK: Final = re.compile(r"\[([^]]+)\]\([^)]*\)")


def whole(expression: str) -> str:
    """A pattern that the whole text must match: patterns of JSON Schema look for a place in it."""
    return f"^(?:{expression})$"


def matching(pattern: str, complaint: str) -> Shape:
    """A text that a pattern finds; `complaint` is what an editor says of another."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": complaint}


def one_of(choices: Iterable[str], complaint: str) -> Shape:
    """One of the texts; `complaint` is for lists that are too long to be shown."""
    return {"type": "string", "enum": sorted(choices), "errorMessage": complaint}


def one_or_many(one: Shape) -> Shape:
    """A value, or a list of some. `one` may not have `enum`, which would hold of the list as well."""
    return {**one, "type": [*types(one), "array"], "minItems": 1, "items": one}


def or_null(shape: Shape) -> Shape:
    return {**shape, "type": [*types(shape), "null"]}


def types(shape: Mapping[str, Any]) -> list[str]:
    """The types a piece allows."""
    named = shape["type"]
    return [named] if isinstance(named, str) else list(named)


def mapping(entries: Mapping[str, Shape], needed: Iterable[str] = (), *, some: bool = False) -> Shape:
    """A mapping that has no other keys, has those that are needed, and at least one where it must have `some`."""
    needs = {"required": list(needed)} if needed else {}
    return {
        "type": "object",
        "properties": dict(entries),
        "additionalProperties": False,
        **needs,
        **({"minProperties": 1} if some else {}),
    }


def named(name: re.Pattern[str], value: Shape, complaint: str) -> Shape:
    """A mapping from names of that form to values."""
    return {
        "type": "object",
        "propertyNames": matching(whole(name.pattern), complaint),
        "additionalProperties": value,
    }


def explained(shape: Shape, says: str) -> Shape:
    """The piece with the words an editor shows; links of the docs are left out, for they lead nowhere from there."""
    markdown = _LINK.sub(r"\1", says)
    return {"description": markdown.replace("`", "").replace("*", ""), "markdownDescription": markdown, **shape}


def of_table(table: Mapping[str, str], shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """For each key of a table of words its piece; whatever has none may hold anything."""
    return {key: explained(shapes.get(key, {}), says) for key, says in table.items()}
