"""The `tests:` of rules files: what a message has by itself, and how a decision is compared."""

import pytest

from router.load import load
from router.testing import Mismatch, run_tests
from router.vocabulary import VOCABULARY, Value

HEAD = """\
fields: {total: number, bought: date}
calendars:
  office: &hours {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}}
  shop: *hours
categories:
  returns: {owners: [r@example.it], sla: {first_reply: 4h, calendar: office}}
  general:
queues: [recovery]
default: general
rules:
  - {name: spam, when: {subject: spam}, then: {discard: spam}}
  - {name: r, when: {text: {words: reso}}, then: {category: returns, tags: [rma, b], copy_to: recovery, product: PAN}}
tests:
"""

RESO = "message: {channel: sms, text: Reso}"

RESULTS: list[tuple[str, list[Mismatch]]] = [
    (f"{RESO}, expect: {{category: returns, tags: [b, rma], queue: returns, product: PAN}}", []),
    (f"{RESO}, expect: {{targets: [recovery, returns], priority: 0}}", []),
    (f"{RESO}, expect: {{sla: {{first_reply: 4h, calendar: office}}}}", []),
    (f"{RESO}, expect: {{owners: [r@example.it], playbook: null, discard: false, decided_by: {{category: r}}}}", []),
    ("message: {subject: spam}, expect: {discard: true, targets: []}", []),
    ("message: {subject: spam}, expect: {discard: spam, tags: [], sla: {first_reply: null}}", []),
    (f"{RESO}, expect: {{category: general}}", [Mismatch("category", "general", "returns")]),
    (f"{RESO}, expect: {{tags: [rma]}}", [Mismatch("tags", ("rma",), ("rma", "b"))]),
    (f"{RESO}, expect: {{discard: true}}", [Mismatch("discard", True, None)]),
    (f"{RESO}, expect: {{sla: {{calendar: shop}}}}", [Mismatch("sla.calendar", "shop", "office")]),
    (f"{RESO}, expect: {{queue: recovery, priority: 2}}", [
        Mismatch("queue", "recovery", "returns"), Mismatch("priority", 2, 0)]),
    ("message: {subject: spam}, expect: {queue: general, discard: null}", [
        Mismatch("queue", "general", None), Mismatch("discard", None, "spam")]),
]  # fmt: skip


@pytest.mark.parametrize(("test", "mismatches"), RESULTS)
def test_result(test: str, mismatches: list[Mismatch]) -> None:
    (result,) = run_tests(load([("rules.yaml", HEAD + f"  - {{{test}}}\n")]))
    assert list(result.mismatches) == mismatches
    assert result.passed == (not mismatches)
    assert result.place == ("rules.yaml", 14, 5)
    assert result.name == "tests[0]"


FACTS: list[tuple[str, dict[str, Value]]] = [
    ("{}", {name: fact.default for name, fact in VOCABULARY.items()} | {
        "kind": "text", "sender.proof": "verified", "customer.new": True, "customer.match": "new",
        "fields.total": None, "fields.bought": None}),
    ("{customer: {messages: 3, tags: [vip]}}", {"customer.new": False, "customer.match": "verified",
                                                "customer.tags": frozenset({"vip"})}),
    ("{customer.messages: 3, customer.match: claimed}", {"customer.new": False, "customer.match": "claimed"}),
    ("{customer.new: false}", {"customer.new": False, "customer.match": "verified"}),
    ("{customer: {new: true, messages: 2}}", {"customer.new": True, "customer.messages": 2}),
    ("{sender: {handle: Anna@Example.it}}", {"sender.kind": "email", "sender.domain": "example.it"}),
    ("{sender: {handle: a@example.it, domain: other.it, proof: claimed}}", {"sender.domain": "other.it",
                                                                           "sender.proof": "claimed"}),
    ("{sender.handle: '+39333'}", {"sender.kind": None, "sender.domain": None}),
    ("{attachments: {types: [image/png, text/plain]}}", {"attachments.types": ("image/png", "text/plain"),
                                                         "attachments.count": 2}),
    ("{fields: {total: 89.9, bought: 2026-11-30}, backlog: true}", {"fields.total": 89.9, "fields.bought": "2026-11-30",
                                                                    "backlog": True}),
    ("{language: null}", {"language": None}),
    ("{received: 2026-12-25T10:00}", {"received": "2026-12-25T09:00:00.000Z"}),
    ("{received: 2026-07-25T10:00:59}", {"received": "2026-07-25T08:00:59.000Z"}),
    ("{received: 2026-10-25T02:30}", {"received": "2026-10-25T00:30:00.000Z"}),  # the first of two
    ("{received: 2026-10-25T02:30+01:00}", {"received": "2026-10-25T01:30:00.000Z"}),
    ("{received: 2026-03-29T02:30Z}", {"received": "2026-03-29T02:30:00.000Z"}),
    ("{received: 2026-12-25T10:00:00-05:00}", {"received": "2026-12-25T15:00:00.000Z"}),
    ("{received: null, hours: {office: open}, weekday.shop: null}", {"received": None, "hours.office": "open"}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), FACTS)
def test_facts_of_a_message(message: str, expected: dict[str, Value]) -> None:
    ruleset = load([("rules.yaml", HEAD + f"  - {{name: t, message: {message}, expect: {{priority: 0}}}}\n")])
    facts = ruleset.tests[0].facts
    assert {name: facts.get(name) for name in expected} == expected
    assert ruleset.tests[0].name == "t"


def test_a_local_time_without_calendars_is_utc() -> None:
    text = "categories: {a: {}}\ndefault: a\ntests:\n  - {message: {received: 2026-12-25T10:00}, expect: {priority: 0}}\n"
    assert load([("rules.yaml", text)]).tests[0].facts["received"] == "2026-12-25T10:00:00.000Z"
