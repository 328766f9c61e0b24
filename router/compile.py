"""Conditions made ready to run: each becomes a function from an evaluation to whether it holds.

What `router.index` finds for a whole message is looked up. Comparisons are made when a rule asks, and expressions at most
once a message; everything that can be prepared is prepared here.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from router.atoms import Atoms
from router.evaluation import Evaluation
from router.index import INDEXED
from router.model import Bound, Condition, Expression, FactTest, Group

Check: TypeAlias = Callable[[Evaluation], bool]

NO_VALUE: Final = "no value for "
"""How the reason begins where an expression needs what the message does not have. That is no failure of the rule."""

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_condition(condition: Condition, atoms: Atoms) -> Check:
    """The condition as a function."""
    if isinstance(condition, Group):
        return _group(condition, atoms)
    number = atoms.number(condition)
    if isinstance(condition, Expression):
        return _expression(condition, number)
    return _looked_up(number) if condition.operator in INDEXED else _compared(condition)


def comparison(test: FactTest) -> Callable[[object], bool]:
    """Whether a value is as a comparison asks."""
    missing = None in test.operands
    kinds = (str,) if test.type == "date" else (int, float)
    bounds = tuple((_COMPARE[bound.comparison], bound.value) for bound in test.operands if isinstance(bound, Bound))

    def holds(value: object) -> bool:
        if value is None:
            return missing
        # By the class: True is an int.
        return value.__class__ in kinds and any(compare(value, bound) for compare, bound in bounds)

    return holds


def compare_by_fact(atoms: Atoms) -> dict[str, list[tuple[int, Callable[[object], bool]]]]:
    """All comparisons, with their numbers."""
    found: dict[str, list[tuple[int, Callable[[object], bool]]]] = {}
    for number, atom in enumerate(atoms.all):
        if isinstance(atom, FactTest) and atom.operator not in INDEXED:
            found.setdefault(atom.fact, []).append((number, comparison(atom)))
    return found


def _looked_up(number: int) -> Check:
    def check(e: Evaluation) -> bool:
        return number in e.held

    return check


def _compared(test: FactTest) -> Check:
    fact, holds = test.fact, comparison(test)

    def check(e: Evaluation) -> bool:
        return holds(e.get(fact))

    return check


def _expression(expression: Expression, number: int) -> Check:
    facts, evaluate = expression.facts, expression.evaluate

    def check(e: Evaluation) -> bool:
        outcome = e.expressions.get(number)
        if outcome is None:
            outcome = evaluate(e.activation())
            if outcome is not True and outcome is not False:
                missing = [fact for fact in facts if e.get(fact) is None]
                outcome = NO_VALUE + ", ".join(missing) if missing else outcome
            e.expressions[number] = outcome
        return outcome is True

    return check


def _group(group: Group, atoms: Atoms) -> Check:
    checks = tuple(compile_condition(part, atoms) for part in group.parts)

    def every(e: Evaluation) -> bool:
        return all(check(e) for check in checks)

    def some(e: Evaluation) -> bool:
        return any(check(e) for check in checks)

    def none(e: Evaluation) -> bool:
        return not any(check(e) for check in checks)

    return {"all": every, "any": some, "not": none}[group.word]
