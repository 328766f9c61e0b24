"""Conditions and values in words, for people who ask why."""

from collections.abc import Mapping
from typing import Any, Final

from router.model import Condition, Expression, FactTest, Group

_OPERATORS: Final[Mapping[str, str]] = {
    "equals": "is",
    "compare": "",
    "words": "has the word",
    "contains": "contains",
    "starts_with": "starts with",
    "matches": "matches",
}
_ITEMS_MAX: Final = 8


def condition_in_words(condition: Condition) -> str:
    """`text has the word "reso" or "rimborso"`, without any value of a message."""
    if isinstance(condition, FactTest):
        return _fact_test(condition)
    if isinstance(condition, Expression):
        return f"expr {' '.join(condition.source.split())}"
    joined = {"all": " and ", "any": " or ", "not": " or "}[condition.word].join(map(condition_in_words, condition.parts))
    return f"{condition.word} ({joined})"


def facts_of(condition: Condition) -> tuple[str, ...]:
    """The facts the condition asks about, in order."""
    if isinstance(condition, FactTest):
        return (condition.fact,)
    if isinstance(condition, Group):
        return tuple(dict.fromkeys(fact for part in condition.parts for fact in facts_of(part)))
    return condition.facts


def value_in_words(value: Any) -> str:
    """A value as an explanation holds it."""
    if value is None:
        return "missing"
    if isinstance(value, dict):
        return f"a text of {value['length']} characters"
    if isinstance(value, list):
        return ", ".join(map(value_in_words, value)) or "empty"
    return _quoted(value)


def _fact_test(test: FactTest) -> str:
    wanted = ["missing" if operand is None else _quoted(operand) for operand in test.operands]
    more = [f"{len(wanted) - _ITEMS_MAX} more"] if len(wanted) > _ITEMS_MAX else []
    verb = "has" if test.type == "list" and test.operator == "equals" else _OPERATORS[test.operator]
    return " ".join(part for part in (test.fact, verb, " or ".join([*wanted[:_ITEMS_MAX], *more])) if part)


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
