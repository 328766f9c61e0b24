"""The questions of a ruleset, each once, however many conditions ask it: a question about one fact, or an expression."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from router.model import Condition, Expression, FactTest, Group

Atom: TypeAlias = FactTest | Expression


class Atoms:
    """`all` in order of first use; `number` says which of them a condition asks."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self.all: list[Atom] = []
        self._numbers: dict[int, int] = {}
        known: dict[object, int] = {}
        for condition in conditions:
            for atom in leaves(condition):
                key = _key(atom)
                if key not in known:
                    known[key] = len(self.all)
                    self.all.append(atom)
                self._numbers[atom.id] = known[key]

    def number(self, atom: Atom) -> int:
        return self._numbers[atom.id]


def leaves(condition: Condition) -> Iterator[Atom]:
    """The questions inside a condition."""
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def has_expression(condition: Condition) -> bool:
    return any(isinstance(atom, Expression) for atom in leaves(condition))


def _key(atom: Atom) -> object:
    if isinstance(atom, Expression):
        return atom.source
    # True is 1, and 1 is 1.0: a question is about values of one type.
    return (atom.fact, atom.operator, tuple((operand.__class__, operand) for operand in atom.operands))
