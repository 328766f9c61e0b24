"""Which rules a message may match at all: those for which something they need was found by `router.index`.

Of the conditions that a rule needs, one is chosen whose questions the index answers. Where it does not hold the rule cannot
match, and nothing of it is looked at. A rule for which there is no such condition is always looked at.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from router.atoms import Atoms
from router.index import INDEXED
from router.model import Condition, FactTest, Group, Rule

_TEXTS: Final = frozenset({"words", "contains", "starts_with", "matches"})


class Triggers:
    """`rules` in the order of the ruleset; `orders` says in which place one stands."""

    def __init__(self, rules: Sequence[Rule], atoms: Atoms) -> None:
        self._atoms = atoms
        needs = [[found for condition in rule.when if (found := self._needed(condition)) is not None] for rule in rules]
        used = Counter(number for each in needs for found in each for number in found)
        self._always: list[int] = []
        self._by_atom: dict[int, list[int]] = {}
        for place, each in enumerate(needs):
            if not each:
                self._always.append(place)
                continue
            for number in min(each, key=lambda found: self._cost(found, used)):
                self._by_atom.setdefault(number, []).append(place)

    def places(self, held: Collection[int]) -> list[int]:
        """The places of the rules to look at, in order."""
        found = set(self._always)
        for number in held & self._by_atom.keys():
            found.update(self._by_atom[number])
        return sorted(found)

    def _needed(self, condition: Condition) -> frozenset[int] | None:
        """Questions of the index of which at least one holds where the condition does; None where nothing can be said."""
        if isinstance(condition, FactTest):
            return frozenset((self._atoms.number(condition),)) if condition.operator in INDEXED else None
        if not isinstance(condition, Group) or condition.word == "not":
            return None
        parts = [self._needed(part) for part in condition.parts]
        if condition.word == "all":
            return next((found for found in parts if found is not None), None)
        known = [found for found in parts if found is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None

    def _cost(self, found: Collection[int], used: Counter[int]) -> tuple[bool, int]:
        """How often a message has it for nothing: a word is rarer than a channel, and what many rules need is common."""
        atoms = [self._atoms.all[number] for number in found]
        rare = all(isinstance(atom, FactTest) and atom.operator in _TEXTS for atom in atoms)
        return not rare, sum(used[number] for number in found)
