"""Rulesets with faults in known places, and messages to look for a way in which a report about them is wrong."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from router.checking import Finding, check
from router.load import load
from router.ruleset import Ruleset
from tests.router.planted_conditions import condition, message
from tests.router.planted_kinds import KINDS, dead, shadowed, stopped

_SINGLE: Final = ("category", "queue", "priority", "product")
_UNREACHED: Final = ("unused", "spare", "hidden", "q-hidden", "of-the-dead", "q-of-the-dead")
_WAYS: Final = {"never_matches": (dead, KINDS[0]), "never_wins": (shadowed, KINDS[1]), "never_tried": (stopped, KINDS[1])}

_REPORTED: Final = {
    "never_matches": ("never_matches",),
    "never_tried": ("never_matches", "never_tried"),
    "never_wins": ("never_matches", "never_tried", "never_wins"),
    "unreached": ("no_category", "no_queue"),
}


@dataclass(frozen=True)
class Planted:
    """A ruleset as it was written, and what is surely wrong with it by name."""

    written: dict[str, Any]
    faults: dict[str, str]

    @property
    def ruleset(self) -> Ruleset:
        return load([("rules.yaml", json.dumps(self.written, indent=1))])

    @property
    def probe(self) -> Ruleset:
        """The same conditions in rules that tell by a tag that they match, and never stop."""
        rules = [{**rule, "then": {"tags": [rule["name"]]}} for rule in self.written["rules"]]
        return load([("probe.yaml", json.dumps({**self.written, "rules": rules}))])


def planted(number: int, seed: int) -> Planted:
    """The ruleset of that number. All ways to be at fault are planted within any 8 numbers in a row."""
    draw = Random(f"{seed} {number}")  # noqa: S311 - it guards nothing
    rules = [_rule(draw, f"r{index}") for index in range(draw.randint(5, 12))]
    faults = dict.fromkeys(_UNREACHED, "unreached")
    for kind, (plant, ways) in _WAYS.items():
        for which in range(number * 3, number * 3 + 3):
            name = f"{kind}-{which % ways}"
            position = 0
            for new in plant(draw, which, name):
                position = draw.randint(position, len(rules))
                rules.insert(position, new)
                position += 1
            faults[name] = kind
    written = {
        "fields": {"total": "number", "bought": "date", "gift": "boolean"},
        "categories": dict.fromkeys(("one", "two", "three", "general", "unused", "hidden", "of-the-dead")),
        "queues": ["q", "p", "spare", "q-hidden", "q-of-the-dead"],
        "default": "general",
        "rules": rules,
        "tests": [{"message": {"channel": "email", "text": "refund"}, "expect": {"discard": False}}],
    }
    return Planted(written, faults)


def _rule(draw: Random, name: str) -> dict[str, Any]:
    then: dict[str, Any] = {}
    fields = {"category": ("one", "two", "three"), "queue": ("q", "p"), "priority": (1, 5, "+1"), "tags": "abc"}
    for key, values in fields.items():
        if draw.random() < 0.4:
            then[key] = draw.choice(values)
    if not then or draw.random() < 0.1:
        then["final"] = True
    return {"name": name, "when": condition(draw), "then": then}


def missed(rules: Planted, found: Iterable[Finding]) -> dict[str, str]:
    """Planted faults that were not reported. Random conditions may make one worse than it was planted."""
    reported = {finding.name: finding.kind for finding in found if finding.kind != "no_test"}
    return {name: kind for name, kind in rules.faults.items() if reported.get(name) not in _REPORTED[kind]}


def false_alarms(rules: Planted, found: Iterable[Finding], messages: int, seed: int) -> Iterator[str]:
    """Findings that some message shows to be wrong, with the message."""
    draw, ruleset, probe = Random(seed), rules.ruleset, rules.probe  # noqa: S311 - it guards nothing
    never = {(finding.kind, finding.name) for finding in found if not finding.kind.startswith("no_test")}
    for _ in range(messages):
        facts = message(draw)
        decision = ruleset.route(facts)
        happened = set(_happened(rules.written["rules"], set(probe.route(facts).tags)))
        happened |= {("no_category", decision.category), *(("no_queue", target) for target in decision.targets)}
        yield from (f"{kind} {name}: {facts}" for kind, name in never & happened)


def _happened(rules: list[dict[str, Any]], matched: set[str]) -> Iterator[tuple[str, str]]:
    """What a message does that a finding says can never be, by what the rules say and nothing else of the router."""
    stopped, won = False, set[str]()
    for rule in (rule for rule in rules if rule["name"] in matched):
        then = rule["then"]
        yield "never_matches", rule["name"]
        if stopped:
            continue
        yield "never_tried", rule["name"]
        sets = {key for key in _SINGLE if key in then and not (key == "priority" and isinstance(then[key], str))}
        if sets - won or then.keys() - sets:
            yield "never_wins", rule["name"]
        won |= sets
        stopped = then.get("final", False)


def examined(number: int, seed: int, messages: int) -> tuple[dict[str, str], list[str], int]:
    """What was missed of a ruleset, the false alarms, and how many faults were planted."""
    rules = planted(number, seed)
    found = check(rules.ruleset)
    return missed(rules, found), list(false_alarms(rules, found, messages, seed)), len(rules.faults)
