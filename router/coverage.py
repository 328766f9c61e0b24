"""Which rules and categories the tests of a ruleset reach."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from router import explain
from router.model import Rule
from router.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Covered:
    """How many tests a rule matches, and how many of them it won each field of."""

    rule: Rule
    matched: int
    won: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the tests reach: the rules in order, and for each category how many tests it decides."""

    tests: int
    rules: tuple[Covered, ...]
    categories: Mapping[str, int]

    @property
    def percent(self) -> int:
        """The share of rules that some test matches, rounded down; 100 where there are no rules."""
        return _percent(sum(rule.matched > 0 for rule in self.rules), len(self.rules))

    @property
    def categories_percent(self) -> int:
        """The share of categories that some test gets, rounded down."""
        return _percent(sum(map(bool, self.categories.values())), len(self.categories))


def coverage(ruleset: Ruleset) -> Coverage:
    """Run the tests' messages. Whether the tests pass does not matter here."""
    matched: Counter[str] = Counter()
    won: dict[str, Counter[str]] = {rule.name: Counter() for rule in ruleset.rules}
    categories = dict.fromkeys(ruleset.categories, 0)
    for case in ruleset.tests:
        decision = ruleset.route(case.facts)
        categories[decision.category] += 1
        for entry in explain.as_data(ruleset, decision.explanation)["rules"]:
            if entry["outcome"] == "matched":
                matched[entry["name"]] += 1
                won[entry["name"]].update(entry["won"])
    rules = tuple(Covered(rule, matched[rule.name], won[rule.name]) for rule in ruleset.rules)
    return Coverage(len(ruleset.tests), rules, categories)


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 100
