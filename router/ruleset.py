"""A ruleset that is ready: one evaluation gives the decision and its explanation.

Rules are tried from top to bottom; the first rule that sets a field wins it, lists accumulate, `priority: +n` is added
after the winner, and a rule with `final` is the last one tried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from router.calendars import Calendar, Clock
from router.cases import Case
from router.compile import compile_condition
from router.deciding import Won, decision
from router.evaluation import Evaluation
from router.expressions import Expressions
from router.model import Category, Condition, Decision, Expression, FactTest, Group, Rule
from router.shown import PLAIN, shown
from router.vocabulary import Fact, Facts, FactType


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the rules files say, all together."""

    hash: str
    sources: tuple[tuple[str, str], ...]
    fields: Mapping[str, FactType]
    calendars: Mapping[str, Calendar]
    vocabulary: Mapping[str, Fact]
    categories: Mapping[str, Category]
    queues: frozenset[str]
    default: str
    rules: tuple[Rule, ...]


class Ruleset:
    """Rules with the categories and queues they name. Immutable, and safe to share between threads.

    `hash` names the version (`sha256:…`), `sources` are the files as (name, text), `fields` the declared fields with
    their types, `calendars` the declared calendars, `targets` every name a message can be routed to, `tests` the cases of
    the files for `router.testing`.
    """

    def __init__(self, contents: Contents, tests: Iterable[Case], expressions: Expressions) -> None:
        self.hash = contents.hash
        self.sources = contents.sources
        self.fields = contents.fields
        self.calendars = contents.calendars
        self.vocabulary = contents.vocabulary
        self.categories = contents.categories
        self.queues = contents.queues
        self.targets = contents.queues | contents.categories.keys()
        self.default = contents.default
        self.rules = contents.rules
        self.tests = tuple(tests)
        self.conditions = {part.id: part for rule in contents.rules for top in rule.when for part in _parts(top)}
        self._compiled = tuple((rule, tuple(map(compile_condition, rule.when))) for rule in contents.rules)
        self._expressions = expressions
        self._named = _named(self.conditions.values())
        self.asked = tuple(self._asked())
        """The facts that conditions ask about, in the order in which an explanation holds their values."""
        self._clock = Clock(contents.calendars, frozenset(self.asked))
        self._shown = tuple((name, self.vocabulary[name].private) for name in self.asked)

    def route(self, facts: Facts) -> Decision:
        """Decide where a message goes. Never fails: what cannot be evaluated does not match, and is explained."""
        e = Evaluation(self._clock.told(facts), self._expressions, self._named)
        won = Won()
        tried: list[int | list[str]] = []
        for rule, checks in self._compiled:
            for check in checks:
                failed = check(e)
                if failed:
                    tried.append(failed)
                    break
            else:
                tried.append(won.take(rule.name, rule.then))
                if rule.then.final:
                    break
        category = won.complete(self.categories, self.default)
        return decision(won, category, self._explanation(e, tried, won.by))

    def _explanation(self, e: Evaluation, tried: list[int | list[str]], decided_by: Mapping[str, str]) -> bytes:
        get = e.get
        written: dict[str, Any] = {
            "ruleset": self.hash,
            "tried": tried,
            "values": [
                value if (value := get(name)).__class__ in PLAIN else shown(value, private) for name, private in self._shown
            ],
            "decided_by": decided_by,
        }
        if e.errors:
            written["errors"] = e.errors
        return orjson.dumps(written)

    def _asked(self) -> Iterable[str]:
        """Every fact that some condition asks about, in order of first use."""
        asked: dict[str, None] = {}
        for condition in self.conditions.values():
            if isinstance(condition, FactTest):
                asked[condition.fact] = None
            elif isinstance(condition, Expression):
                asked.update(dict.fromkeys(condition.facts))
        return asked


def _parts(condition: Condition) -> Iterable[Condition]:
    yield condition
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from _parts(part)


def _named(conditions: Iterable[Condition]) -> tuple[str, ...]:
    found = (name for condition in conditions if isinstance(condition, Expression) for name in condition.facts)
    return tuple(dict.fromkeys(found))
