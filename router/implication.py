"""What is certain of conditions before any message comes: that they never hold together, or that some bring others.

Both are one question. Conditions bring another one exactly when they can never hold together with its opposite, and
that is searched for: `any` splits the search, everything else is collected fact by fact for `router.possible`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.model import Condition, FactTest, Group
from router.possible import Asked, possible
from router.vocabulary import Fact

_BRANCHES_MAX: Final = 500
_DEPTH_MAX: Final = 100  # well below the limit of Python's stack

_Wanted: TypeAlias = list[tuple[Condition, bool]]


@dataclass(frozen=True, slots=True)
class Logic:
    """Proofs over the facts of one ruleset. True is certain; False says only that there is no proof."""

    vocabulary: Mapping[str, Fact]

    def exclude(self, conditions: Iterable[Condition]) -> bool:
        """Whether no message can meet all the conditions."""
        return self._refuted([(condition, True) for condition in conditions])

    def imply(self, conditions: Iterable[Condition], wanted: Iterable[Condition]) -> bool:
        """Whether every message that meets all the conditions meets all the wanted ones too."""
        given = [(condition, True) for condition in conditions]
        return all(self._refuted([(one, False), *given]) for one in wanted)

    def _refuted(self, wanted: _Wanted) -> bool:
        return not _Search(self.vocabulary).possible(wanted, _Known(), [], 0)


class _Known:
    """What must hold on one path of the search: tests by fact, expressions by their text."""

    __slots__ = ("expressions", "tests")

    def __init__(self, tests: Mapping[str, Asked] | None = None, expressions: Mapping[str, bool] | None = None) -> None:
        self.tests: dict[str, Asked] = dict(tests or {})
        self.expressions: dict[str, bool] = dict(expressions or {})

    def copy(self) -> "_Known":
        return _Known(self.tests, self.expressions)


class _Search:
    """One search for a way in which conditions hold. When it grows too long it ends on the side of "possible"."""

    def __init__(self, vocabulary: Mapping[str, Fact]) -> None:
        self._vocabulary = vocabulary
        self._branches = 0

    def possible(self, wanted: _Wanted, known: _Known, choices: list[_Wanted], depth: int) -> bool:
        """Whether all of `wanted`, one of each of the `choices`, and what is `known` may hold together.

        Each condition comes with whether it must hold. `known` is changed.
        """
        todo, choices = list(wanted), list(choices)
        asked: dict[str, None] = {}
        while todo:
            condition, holds = todo.pop()
            if isinstance(condition, Group):
                parts = [(part, holds is not (condition.word == "not")) for part in condition.parts]
                if (condition.word == "any") is holds:  # "not all" and "not not" leave a choice too, "not any" none
                    choices.append(parts)
                else:
                    todo.extend(parts)
            elif isinstance(condition, FactTest):
                known.tests[condition.fact] = (*known.tests.get(condition.fact, ()), (condition, holds))
                asked[condition.fact] = None
            elif known.expressions.setdefault(condition.source, holds) is not holds:
                return False
        if not all(possible(self._vocabulary[fact], known.tests[fact]) for fact in asked):
            return False
        return self._choose(known, choices, depth)

    def _choose(self, known: _Known, choices: list[_Wanted], depth: int) -> bool:
        if not choices or depth >= _DEPTH_MAX:
            return True
        for part in choices[0]:
            self._branches += 1
            if self._branches > _BRANCHES_MAX or self.possible([part], known.copy(), choices[1:], depth + 1):
                return True
        return False
