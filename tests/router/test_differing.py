"""What differs between two decisions."""

from dataclasses import fields, replace
from typing import Any

import pytest

from router.differing import Change, changes
from router.load import load
from router.model import Decision, Sla
from router.vocabulary import Facts

HEAD = """
fields: {order: text, model: text}
categories:
  returns: {owners: [r@example.it], sla: {first_reply: 4h, calendar: office}, priority: 3, playbook: https://example.it/r}
  general:
queues: [recovery, partners]
calendars: {office: {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}}}
default: general
"""


def decide(rules: str, facts: Facts = {}) -> Decision:  # noqa: B006 - never written to
    return load([("rules.yaml", HEAD + rules)]).route(facts)


def rule(then: str, name: str = "x") -> str:
    return f"rules: [{{name: {name}, then: {{{then}}}}}]"


CASES: list[tuple[str, str, list[Change]]] = [
    ("rules: []", "rules: []", []),
    (rule("tags: [a, b]"), rule("tags: [b, a]"), []),
    (rule("category: general", "one"), rule("category: general", "two"), []),
    (rule("tags: [a]"), rule("tags: [a, b]", "y"), [Change("tags", ("a",), ("a", "b"), "x", "y")]),
    (rule("priority: 2"), rule('priority: "+3"'), [Change("priority", 2, 3, "x", "x")]),
    (rule("product: PAN-28"), "rules: []", [Change("product", "PAN-28", None, "x", None)]),
    ("rules: []", rule("sla: {first_reply: 1h}"), [Change("sla", None, Sla(first_reply=3600), None, "x")]),
    (
        rule("sla: {first_reply: 1h, calendar: office}"),
        rule("sla: {first_reply: 1h}"),
        [Change("sla", Sla(first_reply=3600, calendar="office"), Sla(first_reply=3600), "x", "x")],
    ),
    (rule("queue: recovery"), "rules: []", [Change("targets", ("recovery",), ("general",), "x", "default")]),
    (
        rule("copy_to: [partners]", "copies"),
        rule("queue: recovery, copy_to: [partners]"),
        [Change("targets", ("general", "partners"), ("recovery", "partners"), "default, copies", "x")],
    ),
    (
        "rules: []",
        rule("discard: spam"),
        [
            Change("targets", ("general",), (), "default", "x"),
            Change("discard", None, "spam", None, "x"),
        ],
    ),
    (
        "rules: []",
        rule("category: returns"),
        [
            Change("category", "general", "returns", "default", "x"),
            Change("targets", ("general",), ("returns",), "default", "x"),
            Change("priority", 0, 3, None, "category"),
            Change("owners", (), ("r@example.it",), None, "category"),
            Change("sla", None, Sla(first_reply=14400, calendar="office"), None, "category"),
            Change("playbook", None, "https://example.it/r", None, "category"),
        ],
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_changes(before: str, after: str, expected: list[Change]) -> None:
    assert list(changes(decide(before), decide(after))) == expected


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_the_other_way_round(before: str, after: str, expected: list[Change]) -> None:
    turned = [Change(one.field, one.after, one.before, one.by_after, one.by_before) for one in expected]
    assert list(changes(decide(after), decide(before))) == turned


def test_no_field_of_a_decision_is_left_out() -> None:
    """Also one that is added later: whatever is set to something else is a change."""
    decision = decide("rules: []")
    for one in fields(Decision):
        if one.name in ("decided_by", "explanation", "failed", "matched"):
            continue
        other: Any = {"extracted": {"order": "7"}, "sla": Sla(first_reply=5)}.get(one.name, ("something else",))
        (change,) = changes(decision, replace(decision, **{one.name: other}))
        assert change.field == {"extracted": "fields.order"}.get(one.name, one.name)


def test_what_extractors_found_is_told_without_its_value() -> None:
    facts = {"text": "My order IT-2231 of MP-28"}
    orders = decide("extract: {order: 'IT-[0-9]+'}", facts)
    both = decide("extract: {order: 'IT-[0-9]{4}', model: 'MP-[0-9]+'}", facts)
    other = decide("extract: {order: 'MP-[0-9]+'}", facts)
    assert changes(orders, both) == (Change("fields.model", None, "found", None, None),)
    assert changes(both, orders) == (Change("fields.model", "found", None, None, None),)
    assert changes(orders, other) == (Change("fields.order", "found", "found another value", None, None),)
