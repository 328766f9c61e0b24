"""What `router.checking` reports, and what it must not report."""

import json
from itertools import combinations
from random import Random
from typing import Any

import pytest

from router.checking import check, overlaps
from router.coverage import coverage
from router.implication import Logic
from router.load import load
from router.ruleset import Ruleset
from tests.router.planted_conditions import condition, leaf, message

FIELDS = {"total": "number", "bought": "date", "gift": "boolean"}


def ruleset(*rules: dict[str, Any], tests: list[dict[str, Any]] | None = None, **more: Any) -> Ruleset:
    written = {
        "fields": FIELDS,
        "categories": {"one": {}, "two": {}, "general": {}},
        "default": "general",
        "rules": [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)],
        "tests": tests or [],
        **more,
    }
    return load([("rules.yaml", json.dumps(written))])


def kinds(rules: Ruleset) -> dict[str, str]:
    return {found.name: found.kind for found in check(rules) if found.kind not in ("no_test", "no_tests", "no_category")}


def excluded(*conditions: dict[str, Any]) -> bool:
    rules = ruleset({"when": {"all": list(conditions)}, "then": {"category": "one"}})
    return Logic(rules.vocabulary).exclude(rules.rules[0].when)


def implied(given: dict[str, Any], wanted: dict[str, Any]) -> bool:
    then = {"category": "one"}
    rules = ruleset({"when": given, "then": then}, {"when": wanted, "then": then})
    return Logic(rules.vocabulary).imply(rules.rules[0].when, rules.rules[1].when)


@pytest.mark.parametrize(
    "conditions",
    [
        ({"customer.tags": "vip"}, {"customer.tags": "press"}),
        ({"customer.tags": "vip"}, {"not": {"customer.tags": "press"}}),
        ({"text": {"words": "refund"}}, {"text": {"words": "order"}}),
        ({"text": {"words": "refund"}}, {"not": {"text": {"words": "send refund"}}}),
        ({"text": {"words": "send back"}}, {"not": {"text": {"contains": "send back"}}}),  # "send, back"
        ({"text": {"contains": "refund"}}, {"not": {"text": {"words": "refund"}}}),  # "refunds"
        ({"text": {"starts_with": ["re", "aw"]}}, {"text": {"starts_with": ["ref"]}}),
        ({"text": {"starts_with": "re"}}, {"not": {"text": {"starts_with": "ref"}}}),
        ({"not": {"sender.proof": ["verified", "claimed", "agent"]}},),  # missing
        ({"text": {"matches": "a"}}, {"not": {"text": {"matches": "aa"}}}),
        ({"channel": None}, {"not": {"channel": "email"}}),
        ({"not": {"channel": "email"}}, {"not": {"channel": None}}),
        ({"not": [{"kind": "text"}, {"kind": "call"}]},),
        ({"fields.total": "> 1"}, {"fields.total": "< 2"}),
        ({"fields.total": "!= 1"}, {"fields.total": "!= 2"}),
        ({"not": {"fields.total": "<= 1"}}, {"not": {"fields.total": "> 1"}}),  # missing
        ({"fields.bought": "> 2026-01-01"}, {"fields.bought": "< 2026-01-03"}),
        ({"not": {"fields.gift": True}}, {"not": {"fields.gift": False}}),  # missing
        ({"customer.new": False}, {"sender.proof": "claimed"}),
        ({"customer.new": True}, {"customer.messages": 5}),  # of two facts nothing is known
        ({"expr": "size(text) < 9"}, {"not": {"expr": "size(text) < 10"}}),
        ({"customer.tags": {"starts_with": "a"}}, {"customer.tags": {"starts_with": "b"}}),
    ],
)
def test_what_may_hold_together(conditions: tuple[dict[str, Any], ...]) -> None:
    assert not excluded(*conditions)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"channel": ["email", "sms"]}, {"channel": "email"}),
        ({"channel": None}, {"channel": {"contains": "m"}}),
        ({"not": {"channel": "email"}}, {"not": {"channel": ["email", "sms"]}}),
        ({"text": {"words": ["refund", "order"]}}, {"text": {"words": "refund"}}),
        ({"customer.messages": ["> 3", 1]}, {"customer.messages": "> 2"}),
        ({"not": {"fields.total": "> 3"}}, {"fields.total": "<= 3"}),  # missing
        ({"not": {"customer.new": True}}, {"customer.new": False}),  # missing
        ({"any": [{"channel": "sms"}, {"language": "it"}]}, {"channel": "sms"}),
        ({"customer.tags": "vip"}, {"not": {"customer.tags": "press"}}),
    ],
)
def test_what_is_not_implied(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert not implied(given, wanted)
    assert implied(given, given)


def test_no_proof_is_contradicted_by_a_message() -> None:
    draw, proven = Random(6), 0  # noqa: S311  # no secret
    for _ in range(100):
        pool = [leaf(draw) if draw.random() < 0.5 else condition(draw) for _ in range(6)]
        rules = ruleset(*({"when": one, "then": {"tags": [f"t{number}"]}} for number, one in enumerate(pool)))
        logic = Logic(rules.vocabulary)
        when = {f"t{number}": rule.when for number, rule in enumerate(rules.rules)}
        seen = [set(rules.route(message(draw)).tags) for _ in range(150)]
        for one, other in combinations(when, 2):
            if logic.exclude((*when[one], *when[other])):
                proven += 1
                assert not any({one, other} <= tags for tags in seen), (pool[int(one[1])], pool[int(other[1])])
            if logic.imply(when[one], when[other]):
                proven += 1
                assert not any(one in tags and other not in tags for tags in seen), (pool[int(one[1])], pool[int(other[1])])
    assert proven > 100


def test_a_rule_that_can_win_something_is_not_shadowed() -> None:
    wide, narrow = {"channel": ["email", "sms"]}, {"channel": "sms"}
    one, two = {"category": "one"}, {"category": "two"}
    above = {"when": wide, "then": one}
    assert kinds(ruleset(above, {"when": narrow, "then": two})) == {"r1": "never_wins"}
    for more in ({"tags": "t"}, {"priority": "+1"}, {"final": True}, {"priority": 3}, {"copy_to": "one"}):
        assert kinds(ruleset(above, {"when": narrow, "then": two | more})) == {}
    assert kinds(ruleset({"when": narrow, "then": one}, {"when": wide, "then": two})) == {}
    assert kinds(ruleset(above, {"then": {"final": False}})) == {"r1": "does_nothing"}


def test_two_rules_above_may_win_one_field_each() -> None:
    above = ({"when": {"channel": "sms"}, "then": {"category": "one"}}, {"then": {"priority": 3}})
    lower = {"when": {"channel": "sms"}, "then": {"category": "two", "priority": 9}}
    assert kinds(ruleset(*above, lower)) == {"r2": "never_wins"}


def test_a_dead_rule_wins_nothing_from_others() -> None:
    dead = {"when": {"all": [{"channel": "sms"}, {"channel": "email"}]}, "then": {"category": "one", "final": True}}
    assert kinds(ruleset(dead, {"when": {"channel": "sms"}, "then": {"category": "two"}})) == {"r0": "never_matches"}


def test_overlaps_are_pairs_that_may_meet() -> None:
    rules = ruleset(
        {"when": {"channel": "sms"}, "then": {"category": "one", "priority": 3}},
        {"when": {"channel": "email"}, "then": {"category": "two"}},
        {"when": {"language": "it"}, "then": {"category": "one", "priority": 4}},
    )
    assert [(found.name, found.by.name if found.by else None) for found in overlaps(rules)] == [("r2", "r0"), ("r2", "r1")]


def test_coverage_counts_matches_and_wins() -> None:
    tests = [{"message": {"channel": "sms"}, "expect": {"category": "one"}}]
    found = coverage(
        ruleset({"when": {"channel": "sms"}, "then": {"category": "one"}}, {"then": {"category": "two"}}, tests=tests)
    )
    assert [(rule.matched, rule.won) for rule in found.rules] == [(1, {"category": 1}), (1, {})]
    assert (found.categories, found.percent, found.categories_percent) == ({"one": 1, "two": 0, "general": 0}, 100, 33)


def test_hostile_conditions_end_soon() -> None:
    some = [{"text": {"contains": f"a{number}"}} for number in range(40)]
    many = {"all": [{"any": [*some, {"not": [{"all": some}]}]} for _ in range(40)]}
    rules = ruleset({"when": many, "then": {"category": "one"}}, {"when": many, "then": {"category": "two"}})
    assert {found.kind for found in check(rules)} <= {"never_wins", "no_tests", "no_category"}


def test_named_things_that_no_rule_uses() -> None:
    rules = ruleset(
        {"when": {"use": "written", "text": {"words": "$used"}}, "then": {"category": "one"}},
        lists={"used": ["a"], "idle": ["b"]},
        patterns={"number": "[0-9]{3}"},
        conditions={"written": {"channel": "email"}, "spoken": {"channel": "call"}},
    )
    told = {str(found) for found in check(rules) if found.kind == "unused"}
    assert {line.partition("warning: ")[2] for line in told} == {
        "list 'idle' is used by no rule",
        "pattern 'number' is used by no rule",
        "condition 'spoken' is used by no rule",
    }
