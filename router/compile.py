"""Conditions made ready to run: each becomes a function from an evaluation to 0, or to the id of what failed.

Ids begin at 1, so 0 says that the condition holds. Everything that can be prepared (folded words, patterns, sets)
is prepared here; evaluating compiles nothing.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from router.evaluation import Evaluation
from router.fold import fold, phrase, words
from router.model import Bound, Condition, Expression, FactTest, Group
from router.patterns import compile_pattern

Check: TypeAlias = Callable[[Evaluation], int]

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_condition(condition: Condition) -> Check:
    """The condition as a function. What it fails on is the condition itself, or inside `all` the first part that fails."""
    if isinstance(condition, FactTest):
        return _FACT_TESTS[condition.operator](condition)
    if isinstance(condition, Expression):
        return _expression(condition)
    return _group(condition)


def _group(group: Group) -> Check:
    number = group.id
    checks = tuple(compile_condition(part) for part in group.parts)

    def every(e: Evaluation) -> int:
        for check in checks:
            failed = check(e)
            if failed:
                return failed
        return 0

    def some(e: Evaluation) -> int:
        for check in checks:
            if not check(e):
                return 0
        return number

    def none(e: Evaluation) -> int:
        return 0 if some(e) else number

    return {"all": every, "any": some, "not": none}[group.word]


def _expression(expression: Expression) -> Check:
    number, name, facts, evaluate = expression.id, str(expression.id), expression.facts, expression.evaluate

    def check(e: Evaluation) -> int:
        outcome = evaluate(e.activation())
        if outcome is True:
            return 0
        if outcome is not False:
            missing = [fact for fact in facts if e.get(fact) is None]
            e.errors[name] = "no value for " + ", ".join(missing) if missing else outcome
        return number

    return check


def _equals(test: FactTest) -> Check:
    if test.type == "list":
        return _list_has(test)
    number, fact = test.id, test.fact
    values = frozenset(cast("tuple[str | bool | None, ...]", test.operands))
    if None in values:
        values |= {""}

    def check(e: Evaluation) -> int:
        return 0 if e.get(fact) in values else number

    return check


def _list_has(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    missing = 0 if None in test.operands else test.id
    values = frozenset(cast("tuple[str, ...]", test.operands))

    def check(e: Evaluation) -> int:
        value = e.get(fact)
        if not value:
            return missing
        return number if not isinstance(value, tuple | frozenset) or values.isdisjoint(value) else 0

    return check


def _compare(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    missing = 0 if None in test.operands else test.id
    kinds = (str,) if test.type == "date" else (int, float)
    bounds = tuple((_COMPARE[bound.comparison], bound.value) for bound in test.operands if isinstance(bound, Bound))

    def check(e: Evaluation) -> int:
        value = e.get(fact)
        if value is None:
            return missing
        if value.__class__ in kinds:  # not isinstance: True is an int
            for compare, bound in bounds:
                if compare(value, bound):
                    return 0
        return number

    return check


def _words(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    wanted = [words(text) for text in cast("tuple[str, ...]", test.operands)]
    single = frozenset(found[0] for found in wanted if len(found) == 1)
    phrases = tuple(phrase(found) for found in wanted if len(found) > 1)

    def check(e: Evaluation) -> int:
        if not single.isdisjoint(e.word_sets.get(fact) or e.words(fact)):
            return 0
        if phrases:
            text = e.phrases(fact)
            for wanted in phrases:
                if wanted in text:
                    return 0
        return number

    return check


def _contains(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    wanted = tuple(map(fold, cast("tuple[str, ...]", test.operands)))

    def check(e: Evaluation) -> int:
        return 0 if any(part in text for text in e.folded(fact) for part in wanted) else number

    return check


def _starts_with(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    wanted = tuple(map(fold, cast("tuple[str, ...]", test.operands)))

    def check(e: Evaluation) -> int:
        return 0 if any(text.startswith(wanted) for text in e.folded(fact)) else number

    return check


def _matches(test: FactTest) -> Check:
    number, fact = test.id, test.fact
    patterns = tuple(map(compile_pattern, cast("tuple[str, ...]", test.operands)))

    def check(e: Evaluation) -> int:
        return 0 if any(pattern.search(text) for text in e.encoded(fact) for pattern in patterns) else number

    return check


_FACT_TESTS: Final[Mapping[str, Callable[[FactTest], Check]]] = {
    "equals": _equals,
    "compare": _compare,
    "words": _words,
    "contains": _contains,
    "starts_with": _starts_with,
    "matches": _matches,
}
