"""What was found to hold for a message, read from its explanation: for saying which condition of a rule failed first."""

from typing import Any

from router.atoms import has_expression
from router.compile import comparison
from router.index import INDEXED
from router.model import Condition, Expression, FactTest, Group, Rule
from router.ruleset import Ruleset


class Found:
    """`record` is an explanation whose `values` go by the names of facts."""

    def __init__(self, ruleset: Ruleset, record: dict[str, Any]) -> None:
        self._atoms = ruleset.atoms
        self._held = frozenset(record["held"])
        self._values = record["values"]
        self._unlike = record.get("unlike", {})
        self._expressions = record.get("expressions", {})

    def first_failed(self, rule: Rule) -> Condition:
        """The first condition of a rule that failed. Where the rule fails whatever its expressions say, that is the first that
        does so; otherwise the first in the order in which they are asked: as written, those with an expression last. Inside
        `all` it is the part."""
        asked = sorted(rule.when, key=has_expression)
        holds = self._holds if all(map(self._may, asked)) else self._may
        failed = next(one for one in asked if not holds(one))
        while isinstance(failed, Group) and failed.word == "all":
            failed = next(part for part in failed.parts if not holds(part))
        return failed

    def _may(self, condition: Condition) -> bool:
        """Whether it may hold, as far as that is known without expressions."""
        return self._chance(condition, may=True)

    def _chance(self, condition: Condition, *, may: bool) -> bool:
        if isinstance(condition, Expression):
            return may
        if not isinstance(condition, Group):
            return self._holds(condition)
        if condition.word == "not":
            return not any(self._chance(part, may=not may) for part in condition.parts)
        return (all if condition.word == "all" else any)(self._chance(part, may=may) for part in condition.parts)

    def _holds(self, condition: Condition) -> bool:
        if isinstance(condition, Group):
            if condition.word == "all":
                return all(map(self._holds, condition.parts))
            return any(map(self._holds, condition.parts)) is (condition.word == "any")
        number = self._atoms.number(condition)
        if isinstance(condition, Expression):
            return self._expressions.get(str(number)) is True
        if condition.operator in INDEXED:
            return number in self._held
        return self._compared(condition, number)

    def _compared(self, test: FactTest, number: int) -> bool:
        if test.fact in self._unlike:
            return number in self._unlike[test.fact]
        return comparison(test)(self._values[test.fact])
