"""The JSON Schema of conditions and of the messages of tests: both are made from the vocabulary."""

import re
from typing import Final

from router import keys
from router.conditions import BOUND
from router.names import NAME
from router.shapes import (
    DATE,
    FLAG,
    NULL,
    NUMBER,
    TEXT,
    Shape,
    explained,
    mapping,
    matching,
    of_table,
    one_or_many,
    or_null,
    whole,
)
from router.vocabulary import FIELD_NAME, OF_CALENDARS, OF_FIELDS, RECEIVED, VOCABULARY, Fact

CONDITION: Final[Shape] = {"$ref": "#/definitions/condition"}

_NAMED: Final = rf"\${NAME.pattern}$"
_DOLLAR: Final = "$NAME is one of lists: (of patterns: under matches); write $$ where a text begins with a dollar sign"
OPERAND: Final = matching(rf"^(?:{_NAMED}|\$\$|(?!\$)[\s\S]*\S)", f"is empty, or names nothing: {_DOLLAR}")
"""A text, or the name of some."""
_WORD: Final = matching(
    rf"^(?:{_NAMED}|(?=[\s\S]*[^\x00-/:-@\[-`{{-\x7f])(?:\$\$|(?!\$)))",
    f"is no word (use contains for signs), or names nothing: {_DOLLAR}",
)
_COMPARED: Final = BOUND.pattern.removesuffix(r"(\S+)\s*")
_NUMBER: Final[Shape] = {
    **matching(rf"^{_COMPARED}{NUMBER}\s*$", 'must be a number or a comparison with one, for example 2 or ">= 2"'),
    "type": ["number", "string"],
    "examples": [">= 2"],
}
_DATE: Final[Shape] = matching(
    rf"^(?:{DATE}|{_COMPARED}{DATE}\s*)$", 'must be a date or a comparison with one, for example ">= 2026-11-30"'
)
_DAY: Final = matching(f"^{DATE}$", "must be a date, for example 2026-11-30")
_MOMENT: Final = matching(
    rf"^{DATE}T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?$",
    "must be a date and a time, for example 2026-12-25T10:00",
)
_VALUE: Final[Shape] = {**TEXT, "type": ["string", "number", "boolean", "null"]}


def condition() -> Shape:
    """A mapping of conditions, all of which must hold."""
    listed = {"type": "array", "minItems": 1, "items": CONDITION}
    logic: dict[str, Shape] = {
        "any": listed,
        "all": listed,
        "not": {"anyOf": [CONDITION, listed]},
        "expr": TEXT,
        "use": one_or_many(matching(whole(NAME.pattern), "is no name of conditions:")),
    }
    facts = {name: explained(_question(fact), fact.says) for name, fact in VOCABULARY.items()}
    return {
        **mapping({**facts, **of_table(keys.LOGIC, logic)}, some=True),
        "patternProperties": {_pattern(name): explained(_question(fact), fact.says) for name, fact in OF_CALENDARS.items()}
        | {_pattern("fields"): explained(_asked("any"), OF_FIELDS)},
    }


def operators() -> Shape:
    """What may be asked of a text, or of the items of a list."""
    shapes = {name: one_or_many(_WORD if name == "words" else OPERAND) for name in keys.OPERATORS}
    return mapping(of_table(keys.OPERATORS, shapes), some=True)


def text_names() -> Shape:
    """The name of a text to look into."""
    choices = sorted(name for name, fact in VOCABULARY.items() if fact.type == "text")
    prefixes = ["fields", *(name for name, fact in OF_CALENDARS.items() if fact.type == "text")]
    declared = {"type": "string", "pattern": rf"^(?:{'|'.join(prefixes)})\.{FIELD_NAME.pattern}$"}
    return {"anyOf": [{"type": "string", "enum": choices}, declared]}


def message() -> Shape:
    """The facts of a test's message, with dots or nested."""
    flat = {name: explained(_given(name, fact), fact.says) for name, fact in VOCABULARY.items()}
    nested = {
        prefix: mapping({name.partition(".")[2]: shape for name, shape in flat.items() if name.startswith(f"{prefix}.")})
        for prefix in dict.fromkeys(name.partition(".")[0] for name in flat if "." in name)
    }
    declared = {name: explained(_given(name, fact), fact.says) for name, fact in OF_CALENDARS.items()}
    declared["fields"] = explained(_VALUE, OF_FIELDS)
    return {
        **mapping(flat | nested | {name: values(shape) for name, shape in declared.items()}),
        "patternProperties": {_pattern(name): shape for name, shape in declared.items()},
    }


def values(shape: Shape = _VALUE) -> Shape:
    """A mapping from the names of fields or calendars to values."""
    return {"type": "object", "patternProperties": {whole(FIELD_NAME.pattern): shape}, "additionalProperties": False}


def _pattern(prefix: str) -> str:
    return rf"^{re.escape(prefix)}\.{FIELD_NAME.pattern}$"


def questions() -> dict[str, Shape]:
    """What may stand under a fact, by its type: `asked-TYPE`; and `operators`, which ask more of texts."""
    of_text = {
        "text": or_null(one_or_many(OPERAND)),
        "any": or_null(one_or_many({**OPERAND, "type": ["string", "number", "boolean"]})),
    }
    asked = {
        **{name: {**shape, **operators(), "type": [*shape["type"], "object"]} for name, shape in of_text.items()},
        "boolean": or_null(one_or_many(FLAG)),
        "number": or_null(one_or_many(_NUMBER)),
        "date": or_null(one_or_many(_DATE)),
    }
    return {"operators": operators(), **{f"asked-{name}": shape for name, shape in asked.items()}}


def _asked(name: str) -> Shape:
    # behind `allOf` an editor does not see that a list is allowed too, and begins none where a key is chosen
    return {"type": questions()[f"asked-{name}"]["type"], "allOf": [{"$ref": f"#/definitions/asked-{name}"}]}


def _question(fact: Fact) -> Shape:
    """What may stand under a fact in a condition."""
    if not fact.choices:
        return _asked({"list": "text", "integer": "number"}.get(fact.type, fact.type))
    asked = {"$ref": "#/definitions/operators"}
    one = {"anyOf": [{"type": "string", "enum": sorted(fact.choices)}, {"type": "string", "pattern": f"^{_NAMED}"}]}
    return {"anyOf": [*one["anyOf"], {"type": "array", "minItems": 1, "items": one}, asked, NULL]}


def _given(name: str, fact: Fact) -> Shape:
    """What a test may give as a fact."""
    if name == RECEIVED:
        return or_null(_MOMENT)
    if fact.type == "list":
        return or_null(one_or_many(TEXT))
    if fact.type == "text" and fact.choices:
        return {"enum": [*sorted(fact.choices), None]}
    return or_null({"text": TEXT, "boolean": FLAG, "integer": {"type": "integer"}, "number": {"type": "number"},
                    "date": _DAY}[fact.type])  # fmt: skip
