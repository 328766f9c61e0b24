"""A ruleset that is ready: one evaluation gives the decision and its explanation.

Rules are tried from top to bottom; the first rule that sets a field wins it, lists accumulate, `priority: +n` is added
after the winner, and a rule with `final` is the last one tried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from router.answers import Answers, AnswerTemplate
from router.atoms import Atoms, has_expression, leaves
from router.calendars import Calendar, Clock
from router.cases import Case
from router.compile import NO_VALUE, Check, compare_by_fact, compile_chance, compile_condition
from router.deciding import Won, decision
from router.evaluation import Evaluation
from router.expressions import Expressions
from router.extractors import Extractor, Extractors
from router.index import INDEXED, Index
from router.model import Category, Condition, Decision, Expression, FactTest, Group, Rule
from router.names import Names
from router.shown import PLAIN, is_exact, shown
from router.triggers import Triggers
from router.vocabulary import Fact, Facts, FactType
from router.working_time import WorkingTime


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
    extractors: tuple[Extractor, ...]
    templates: Mapping[str, AnswerTemplate]
    names: Names


class Ruleset:
    """Rules with the categories and queues they name. Immutable, and safe to share between threads.

    `hash` names the version (`sha256:…`), `sources` are the files as (name, text), `fields` the declared fields with
    their types, extracted ones included, `calendars` the declared calendars, `targets` every name a message can be routed
    to, `tests` the cases of the files for `router.testing`, `names` the named things for `router.names.unused`, `answers` the
    templates for `Decision.reply`, `extractors` what fills fields before any rule is tried.
    """

    def __init__(self, contents: Contents, tests: Iterable[Case], expressions: Expressions) -> None:
        self.hash = contents.hash
        self.sources = contents.sources
        self.fields = contents.fields
        self.calendars = contents.calendars
        self.working_times = {name: WorkingTime(calendar) for name, calendar in contents.calendars.items()}
        """Of each calendar, for what was promised by it."""
        self.vocabulary = contents.vocabulary
        self.categories = contents.categories
        self.queues = contents.queues
        self.targets = contents.queues | contents.categories.keys()
        self.default = contents.default
        self.rules = contents.rules
        self.promises = any(one.sla for one in self.categories.values()) or any("sla" in one.then.sets for one in self.rules)
        """Whether any time can be promised."""
        self.extractors = contents.extractors
        self.names = contents.names
        self.tests = tuple(tests)
        self.conditions = {part.id: part for rule in contents.rules for top in rule.when for part in _parts(top)}
        self.atoms = Atoms(condition for rule in contents.rules for condition in rule.when)
        self._checks = tuple(tuple(self._compiled(rule)) for rule in contents.rules)
        self._index = Index(
            (number, atom)
            for number, atom in enumerate(self.atoms.all)
            if isinstance(atom, FactTest) and atom.operator in INDEXED
        )
        self._triggers = Triggers(contents.rules, self.atoms)
        self._extractors = Extractors(contents.extractors)
        self.answers = Answers(contents.templates, contents.calendars)
        self._expressions = expressions
        self._named = _named(self.conditions.values())
        self.asked = tuple(self._asked())
        """The facts that conditions ask about, in the order in which an explanation holds their values."""
        self._asking = self._rules_by_expression()
        self._clock = Clock(contents.calendars, frozenset(self.asked))
        self._shown = tuple((name, self.vocabulary[name].private) for name in self.asked)
        self._compared = compare_by_fact(self.atoms)

    def route(self, facts: Facts) -> Decision:
        """Decide where a message goes. Never fails: what cannot be evaluated does not match, and is explained."""
        facts, extracted = self._extractors.run(facts)
        e = Evaluation(self._clock.told(facts), self._expressions, self._named)
        e.held = self._index.held(e)
        won = Won()
        matched: dict[str, list[str]] = {}
        stopped = None
        for place in self._triggers.places(e.held):
            if all(check(e) for check in self._checks[place]):
                rule = self.rules[place]
                matched[str(place)] = won.take(rule.name, rule.then)
                if rule.then.final:
                    stopped = place
                    break
        category = won.complete(self.categories, self.default)
        names = tuple(self.rules[int(place)].name for place in matched)
        explanation = self._explanation(e, matched, stopped, won.by)
        return decision(won, category, explanation, extracted, failed=self._failed(e), matched=names)

    def _failed(self, e: Evaluation) -> tuple[tuple[str, str], ...]:
        """The rules with an expression that was asked and failed, not for want of a value, each with the reason."""
        if not e.expressions:
            return ()
        reasons = {number: found for number, found in e.expressions.items() if found.__class__ is str}
        told = ((number, str(reason)) for number, reason in reasons.items() if not str(reason).startswith(NO_VALUE))
        return tuple((rule, reason) for number, reason in told for rule in self._asking[number])

    def _rules_by_expression(self) -> dict[int, list[str]]:
        """The names of the rules that ask each expression, by its number."""
        found: dict[int, list[str]] = {}
        for rule in self.rules:
            asked = {
                self.atoms.number(atom) for condition in rule.when for atom in leaves(condition) if isinstance(atom, Expression)
            }
            for number in asked:
                found.setdefault(number, []).append(rule.name)
        return found

    def _compiled(self, rule: Rule) -> Iterable[Check]:
        """Its conditions, those with an expression last: it costs most, and nothing where the rule fails without it."""
        plain = [condition for condition in rule.when if not has_expression(condition)]
        asking = [condition for condition in rule.when if has_expression(condition)]
        yield from (compile_condition(condition, self.atoms) for condition in plain)
        yield from (compile_chance(condition, self.atoms) for condition in asking if isinstance(condition, Group))
        yield from (compile_condition(condition, self.atoms) for condition in asking)

    def _explanation(
        self, e: Evaluation, matched: Mapping[str, list[str]], stopped: int | None, decided_by: Mapping[str, str]
    ) -> bytes:
        get = e.get
        values = [value if (value := get(name)).__class__ in PLAIN else shown(value, private) for name, private in self._shown]
        written: dict[str, Any] = {
            "ruleset": self.hash,
            "matched": matched,
            "held": sorted(e.held),
            "values": values,
            "decided_by": decided_by,
        }
        if stopped is not None:
            written["stopped"] = stopped
        if e.expressions:
            written["expressions"] = {str(number): outcome for number, outcome in e.expressions.items()}
        if unlike := self._unlike(e):
            written["unlike"] = unlike
        return orjson.dumps(written)

    def _unlike(self, e: Evaluation) -> dict[str, list[int]]:
        """Of facts whose value is not shown as it is (a very large number, one that is none), the comparisons that hold."""
        found: dict[str, list[int]] = {}
        for fact, tests in self._compared.items():
            value = e.get(fact)
            if value is not None and not is_exact(value):
                found[fact] = [number for number, holds in tests if holds(value)]
        return found

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
