"""Whether one fact can have a value that answers several tests as wanted: a no is certain, a yes may be too good.

Where few values matter (a closed list, true or false, the places around the bounds of numbers and dates, the values
of an equality) each of them is tried. Any other text or list has too many; there only what one operand brings with it
counts: who finds the word "refunds" finds the characters "refund".
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any, Final, TypeAlias

from router.fold import fold, phrase, words
from router.model import Bound, FactTest
from router.patterns import compile_pattern
from router.vocabulary import Fact

Asked: TypeAlias = Sequence[tuple[FactTest, bool]]
"""Tests of one fact, each with whether it must hold."""

_MEMO: Final = 65_536
_OPERATORS: Final = frozenset(("equals", "contains", "words", "starts_with", "matches", "compare"))
_TYPES: Final = frozenset(("text", "integer", "number", "boolean", "date", "list"))


def possible(fact: Fact, asked: Asked) -> bool:
    """Whether some value (or none) may answer all the tests as wanted. False is certain."""
    wanted_of: dict[object, bool] = {}
    if any(wanted_of.setdefault((test.operator, test.operands), wanted) is not wanted for test, wanted in asked):
        return False
    if fact.type not in _TYPES:
        return True
    asked = [(test, wanted) for test, wanted in asked if test.operator in _OPERATORS]
    if fact.type == "list":
        return _list_possible(asked)
    values = _values(fact, asked)
    if values is None:
        return _text_possible(asked)
    return any(all(holds(test, value) is wanted for test, wanted in asked) for value in values)


def holds(test: FactTest, value: Any) -> bool:
    """Whether the test of a fact that is no list holds for this value."""
    if value is None or (value == "" and test.operator == "equals" and None in test.operands):
        return None in test.operands
    if test.operator == "compare":
        return any(_COMPARE[bound.comparison](value, bound.value) for bound in test.operands if isinstance(bound, Bound))
    if isinstance(value, bool):
        return any(operand is value for operand in test.operands)
    return any(_text_holds(test.operator, operand, value) for operand in test.operands if isinstance(operand, str))


def _values(fact: Fact, asked: Asked) -> Iterable[Any] | None:
    """All values that make a difference to the tests, or None where they cannot be counted."""
    if fact.type == "boolean":
        return (True, False, None)
    if fact.choices:
        return (*fact.choices, None)
    if fact.type != "text":
        bounds = [operand.value for test, _ in asked for operand in test.operands if isinstance(operand, Bound)]
        return (None, *_AROUND[fact.type](bounds))
    equal = next((test for test, wanted in asked if wanted and test.operator == "equals"), None)
    if equal is None:
        return None
    return (*equal.operands, "") if None in equal.operands else equal.operands


def _integers(bounds: Iterable[float]) -> Iterator[int]:
    """Every integer at a bound, and one in each space between two."""
    yield 0
    for bound in bounds:
        if math.isfinite(bound):
            yield from range(math.floor(bound) - 1, math.floor(bound) + 2)


def _numbers(bounds: Iterable[float]) -> Iterator[float | Fraction]:
    """Every bound, a number between each two, and what lies outside of all. Fractions, for between two floats is one."""
    exact = sorted({Fraction(bound) for bound in bounds if math.isfinite(bound)} or {Fraction(0)})
    yield from exact
    yield from ((low + high) / 2 for low, high in pairwise(exact))
    yield from (exact[0] - 1, exact[-1] + 1, math.inf, -math.inf, math.nan)


def _dates(bounds: Iterable[str]) -> Iterator[str]:
    """Every bound with the days before and after it."""
    yield from (date.min.isoformat(), date.max.isoformat())
    for bound in bounds:
        day = date.fromisoformat(bound).toordinal()
        near = range(max(day - 1, 1), min(day + 1, date.max.toordinal()) + 1)
        yield from (date.fromordinal(ordinal).isoformat() for ordinal in near)


def _text_possible(asked: Asked) -> bool:
    """For a text that no test pins to a value."""
    forbidden = [test for test, wanted in asked if not wanted]
    needed = [test for test, wanted in asked if wanted]
    if not all(any(_item_possible(test, operand, forbidden) for operand in test.operands) for test in needed):
        return False
    starts = [tuple(map(fold, map(str, test.operands))) for test in needed if test.operator == "starts_with"]
    return all(any(_one_start(a, b) for a in one for b in other) for one, other in combinations(starts, 2))


def _one_start(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _list_possible(asked: Asked) -> bool:
    """An empty list is missing; in any other each test that must hold can have an item of its own."""
    if all((None in test.operands) is wanted for test, wanted in asked):
        return True
    forbidden = [test for test, wanted in asked if not wanted]
    needed = [test for test, wanted in asked if wanted]
    return all(any(_item_possible(test, item, forbidden) for item in test.operands if item is not None) for test in needed)


def _item_possible(test: FactTest, operand: object, forbidden: Sequence[FactTest]) -> bool:
    """Whether a text may have this operand of the test, and nothing of what is forbidden."""
    unwanted = ((other.operator, text) for other in forbidden for text in other.operands if isinstance(text, str))
    if test.operator == "equals":
        return not any(_text_holds(operator, text, str(operand)) for operator, text in unwanted)
    return not any(_brings(test.operator, str(operand), operator, text) for operator, text in unwanted)


@lru_cache(_MEMO)
def _text_holds(operator: str, operand: str, text: str) -> bool:
    if operator == "equals":
        return text == operand
    if operator == "matches":
        return compile_pattern(operand).search(text.encode("utf-8", "replace")) is not None
    if operator == "words":
        return phrase(words(operand)) in phrase(words(text))
    return fold(text).startswith(fold(operand)) if operator == "starts_with" else fold(operand) in fold(text)


@lru_cache(_MEMO)
def _brings(operator: str, operand: str, other: str, text: str) -> bool:
    """Whether every text with the one operand has the other one too."""
    if (operator, other) == ("words", "words"):
        return phrase(words(text)) in phrase(words(operand))
    if (operator, other) == ("words", "contains"):
        return any(fold(text) in word for word in words(operand))
    if other == "contains" and operator in ("contains", "starts_with"):
        return fold(text) in fold(operand)
    if (operator, other) == ("starts_with", "starts_with"):
        return fold(operand).startswith(fold(text))
    return operator == other and operand == text


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda value, bound: value == bound,
    "!=": lambda value, bound: value != bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_AROUND: Final[dict[str, Callable[[Any], Iterator[Any]]]] = {"integer": _integers, "number": _numbers, "date": _dates}
