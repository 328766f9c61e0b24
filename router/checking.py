"""What a ruleset that loads may still have wrong: rules and names that nothing ever reaches. No warning is a guess."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Final, Literal

from config.document import read_yaml
from router.coverage import coverage
from router.fates import Fate, fates
from router.implication import Logic
from router.model import Condition, FactTest, Group, Place, Rule
from router.names import unused
from router.reading import suggestion
from router.ruleset import Ruleset
from router.wording import ENGLISH, Words, condition_in_words

Kind = Literal[
    "never_matches",
    "never_tried",
    "never_wins",
    "does_nothing",
    "no_category",
    "no_queue",
    "no_test",
    "no_tests",
    "unused",
    "no_value",
    "overlap",
]

_PARTS_MAX: Final = 30  # pairs of more would take long, and say no more


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. `name` is the rule, category, queue or value; `by` the rule above that has to do with it."""

    kind: Kind
    place: Place
    name: str
    message: str
    by: Rule | None = None

    def __str__(self) -> str:
        file, line, column = self.place
        return f"{file}:{line}:{column}: {'info' if self.kind == 'overlap' else 'warning'}: {self.message}"


def check(
    ruleset: Ruleset, known: Mapping[str, Collection[str]] = MappingProxyType({}), words: Words = ENGLISH
) -> list[Finding]:
    """All warnings, in the order of the files. `known` has all values that some facts can have, such as `brand`. Conditions are
    said in these words."""
    found = fates(ruleset)
    logic = Logic(ruleset.vocabulary)
    warnings = [finding for fate in found for finding in _of_rule(fate, logic, words)]
    warnings += _unreached(ruleset, found)
    warnings += _untested(ruleset, found)
    warnings += _no_values(ruleset, known)
    warnings += (
        Finding("unused", place, name, f"{kind} {name!r} is used by no rule") for kind, name, place in unused(ruleset.names)
    )
    order = {name: index for index, (name, _) in enumerate(ruleset.sources)}
    return sorted(warnings, key=lambda finding: (order.get(finding.place[0], 0), finding.place[1:]))


def overlaps(ruleset: Ruleset) -> list[Finding]:
    """Pairs of rules that may match one message and then both set a field, to different values. The upper one wins."""
    logic = Logic(ruleset.vocabulary)
    live = [fate for fate in fates(ruleset) if fate.live]
    setting: dict[str, list[int]] = {}
    for place, fate in enumerate(live):
        for name in fate.wins:
            if name in fate.rule.then.sets:
                setting.setdefault(name, []).append(place)
    found = []
    for one, other in sorted({pair for places in setting.values() for pair in combinations(places, 2)}):
        upper, lower = live[one], live[other]
        above, below = upper.rule, lower.rule
        fields = [name for name in lower.wins if name in upper.wins and above.then.sets[name] != below.then.sets[name]]
        if fields and not above.then.final and not logic.exclude((*above.when, *below.when)):
            told = f"rule {below.name!r} and rule {above.name!r} ({_at(above)}) may both match and set another"
            message = f"{told} {' and '.join(fields)}; {above.name!r} wins, for it stands above"
            found.append(Finding("overlap", below.place, below.name, message, above))
    return sorted(found, key=lambda finding: finding.place)


def _of_rule(fate: Fate, logic: Logic, words: Words) -> Iterator[Finding]:
    rule = fate.rule
    if fate.impossible:
        yield Finding("never_matches", rule.place, rule.name, f"rule {rule.name!r} can never match: {_why(rule, logic, words)}")
    elif fate.stopped_by is not None:
        by = fate.stopped_by
        told = f"rule {by.name!r} ({_at(by)}) is final and matches whenever it would"
        yield Finding("never_tried", rule.place, rule.name, f"rule {rule.name!r} is never tried: {told}", by)
    elif fate.idle and fate.lost:
        by = next(iter(fate.lost.values()))
        told = ", ".join(f"{name} is always set by rule {above.name!r} ({_at(above)})" for name, above in fate.lost.items())
        yield Finding("never_wins", rule.place, rule.name, f"rule {rule.name!r} can never win: {told}", by)
    elif fate.idle:
        yield Finding("does_nothing", rule.place, rule.name, f"rule {rule.name!r} does nothing when it matches")


def _why(rule: Rule, logic: Logic, words: Words) -> str:
    """The one condition, or the two, that are enough for it."""
    parts = list(_flat(rule.when))[:_PARTS_MAX]
    for part in parts:
        if logic.exclude([part]):
            return f"no message meets {_said(part, words)}"
    for one, other in combinations(parts, 2):
        if logic.exclude([one, other]):
            return f"{_said(one, words)} and {_said(other, words)} exclude each other"
    return "its conditions exclude one another"


def _flat(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, Group) and condition.word == "all":
            yield from _flat(condition.parts)
        else:
            yield condition


def _said(condition: Condition, words: Words) -> str:
    return f"line {condition.place[1]} ({condition_in_words(condition, words)})"


def _at(rule: Rule) -> str:
    return "{}:{}:{}".format(*rule.place)


def _unreached(ruleset: Ruleset, found: list[Fate]) -> Iterator[Finding]:
    """Categories and queues that no rule which may win gives to a message."""
    reached = {ruleset.default}
    for fate in (fate for fate in found if fate.live):
        reached.update(str(fate.rule.then.sets[name]) for name in fate.wins if name in ("category", "queue"))
        reached.update(fate.rule.then.adds.get("copy_to", ()))
    missing = [name for name in (*ruleset.categories, *ruleset.queues) if name not in reached]
    places = _places(ruleset) if missing else {}
    for name in missing:
        what = "category" if name in ruleset.categories else "queue"
        kind: Kind = "no_category" if what == "category" else "no_queue"
        yield Finding(kind, places[name], name, f"no message can get {what} {name!r}: no rule that may win names it")


def _places(ruleset: Ruleset) -> Mapping[str, Place]:
    """Where categories and queues are declared. Read again from the text, for nothing else asks for it."""
    places: dict[str, Place] = {}
    for file, text in ruleset.sources:
        document = read_yaml(text, file)
        for name in document.get("categories") or ():
            places[name] = (file, *document.position(("categories", name), key=True))
        for index, name in enumerate(document.get("queues") or ()):
            places[name] = (file, *document.position(("queues", index)))
    return places


def _no_values(ruleset: Ruleset, known: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Values that a fact never has, each where it is asked for first."""
    told: set[tuple[str, str]] = set()
    for atom in ruleset.atoms.all:
        if not isinstance(atom, FactTest) or atom.operator != "equals" or atom.fact not in known:
            continue
        for value in (one for one in atom.operands if isinstance(one, str) and one not in known[atom.fact]):
            if (atom.fact, value) not in told:
                told.add((atom.fact, value))
                hint = suggestion(value, known[atom.fact])
                message = f"no message has the {atom.fact} {value!r}" + (f" ({hint})" if hint else "")
                yield Finding("no_value", atom.place, value, message)


def _untested(ruleset: Ruleset, found: list[Fate]) -> Iterator[Finding]:
    if not ruleset.rules:
        return
    if not ruleset.tests:
        first = ruleset.rules[0]
        yield Finding("no_tests", first.place, first.name, f"there is no test, for none of {len(ruleset.rules)} rules")
        return
    for fate, covered in zip(found, coverage(ruleset).rules, strict=True):
        if fate.live and not fate.idle and not covered.matched:
            name = fate.rule.name
            yield Finding("no_test", fate.rule.place, name, f"no test makes rule {name!r} match")
