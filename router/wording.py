"""Conditions and values in words, for people who ask why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.model import Condition, Expression, FactOperator, FactTest, Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that is said of conditions and values, in one language. What the rules' own files call something stays as it is:
    names of facts, `any`, `all`, `not`, `expr`, `true`, `false`."""

    operators: Mapping[FactOperator, str]
    has: str
    any_of: str
    all_of: str
    more: str
    missing: str
    empty: str
    private: str


ENGLISH: Final = Words(
    operators={
        "equals": "is",
        "compare": "",
        "words": "has the word",
        "contains": "contains",
        "starts_with": "starts with",
        "matches": "matches",
    },
    has="has",
    any_of="or",
    all_of="and",
    more="{number} more",
    missing="missing",
    empty="empty",
    private="a text of {length} characters",
)
_ITEMS_MAX: Final = 8


def condition_in_words(condition: Condition, words: Words = ENGLISH) -> str:
    """`text has the word "reso" or "rimborso"`, without any value of a message."""
    if isinstance(condition, FactTest):
        return _fact_test(condition, words)
    if isinstance(condition, Expression):
        return f"expr {' '.join(condition.source.split())}"
    joint = words.all_of if condition.word == "all" else words.any_of
    return f"{condition.word} ({f' {joint} '.join(condition_in_words(part, words) for part in condition.parts)})"


def facts_of(condition: Condition) -> tuple[str, ...]:
    """The facts the condition asks about, in order."""
    if isinstance(condition, FactTest):
        return (condition.fact,)
    if isinstance(condition, Group):
        return tuple(dict.fromkeys(fact for part in condition.parts for fact in facts_of(part)))
    return condition.facts


def value_in_words(value: Any, words: Words = ENGLISH) -> str:
    """A value as an explanation holds it."""
    if value is None:
        return words.missing
    if isinstance(value, dict):
        return words.private.format(length=value["length"])
    if isinstance(value, list):
        return ", ".join(value_in_words(one, words) for one in value) or words.empty
    return _quoted(value)


def _fact_test(test: FactTest, words: Words) -> str:
    wanted = [words.missing if operand is None else _quoted(operand) for operand in test.operands]
    more = [words.more.format(number=len(wanted) - _ITEMS_MAX)] if len(wanted) > _ITEMS_MAX else []
    verb = words.has if test.type == "list" and test.operator == "equals" else words.operators[test.operator]
    said = f" {words.any_of} ".join([*wanted[:_ITEMS_MAX], *more])
    return " ".join(part for part in (test.fact, verb, said) if part)


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
