"""The record that an evaluation writes, and how it reads."""

import json
from typing import Any

import pytest

from router import explain
from router.load import load
from router.ruleset import Ruleset
from router.vocabulary import Facts

RULES = """\
fields: {total: number}
categories:
  returns: {owners: [r@example.it]}
  general:
queues: [recovery]
default: general
rules:
  - name: recovery
    when: {history.unanswered: ">= 2"}
    then: {queue: recovery}
  - name: returns
    when:
      channel: [email, whatsapp]
      any:
        - text: {words: [reso, non arrivato]}
        - all:
            - subject: {contains: reso}
            - customer.tags: vip
    then: {category: returns, tags: [rma]}
  - name: big
    when:
      expr: fields.total > 500.0
    then: {priority: 8}
  - name: last
    when: {not: {channel: sms}, text: {matches: "[0-9]"}, backlog: false, automated: null}
    then: {category: general, tags: [end], priority: "+1", final: true}
  - name: never
    when: {customer.tags: null}
    then: {tags: [x]}
"""

FACTS: Facts = {
    "channel": "email",
    "text": "Il mio pacco 7 non è arrivato",
    "subject": "RESO " + "è" * 100,
    "history.unanswered": 0,
    "customer.tags": frozenset({"b", "a"}),
    "backlog": False,
}


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return load([("rules.yaml", RULES)])


def test_the_record(ruleset: Ruleset) -> None:
    assert json.loads(ruleset.route(FACTS).explanation) == {
        "ruleset": ruleset.hash,
        "matched": {"3": ["category", "tags", "priority"]},
        "stopped": 3,
        "held": [1, 3, 7, 8, 9],
        "expressions": {"5": "no value for fields.total"},
        "values": [0, "email", {"length": 29}, "RESO " + "è" * 74 + "…", ["a", "b"], None, False, None],
        "decided_by": {"category": "last", "tags": "last", "priority": "last"},
    }


def test_as_data(ruleset: Ruleset) -> None:
    data = explain.as_data(ruleset, ruleset.route(FACTS).explanation)
    subject = "RESO " + "è" * 74 + "…"
    assert data["ruleset"] == ruleset.hash
    assert data["decided_by"] == {"category": "last", "tags": "last", "priority": "last"}
    assert data["values"] == {
        "history.unanswered": 0,
        "channel": "email",
        "text": {"length": 29},
        "subject": subject,
        "customer.tags": ["a", "b"],
        "fields.total": None,
        "backlog": False,
        "automated": None,
    }
    file = {"file": "rules.yaml"}
    words = 'text has the word "reso" or "non arrivato"'
    assert data["rules"] == [
        {**file, "name": "recovery", "line": 8, "outcome": "failed", "failed": {
            **file, "line": 9, "column": 12, "condition": "history.unanswered >= 2", "values": {"history.unanswered": 0}}},
        {**file, "name": "returns", "line": 11, "outcome": "failed", "failed": {
            **file, "line": 14, "column": 7,
            "condition": f'any ({words} or all (subject contains "reso" and customer.tags has "vip"))',
            "values": {"text": {"length": 29}, "subject": subject, "customer.tags": ["a", "b"]}}},
        {**file, "name": "big", "line": 20, "outcome": "failed", "failed": {
            **file, "line": 22, "column": 7, "condition": "expr fields.total > 500.0",
            "values": {"fields.total": None}, "error": "no value for fields.total"}},
        {**file, "name": "last", "line": 24, "outcome": "matched", "won": ["category", "tags", "priority"]},
        {**file, "name": "never", "line": 27, "outcome": "not_tried"},
    ]  # fmt: skip


def test_render(ruleset: Ruleset) -> None:
    facts = {**FACTS, "text": "reso 7", "fields.total": 7.5, "customer.tags": frozenset({"vip"})}
    assert explain.render(ruleset, ruleset.route(facts).explanation) == (
        "- recovery (rules.yaml:8) did not match\n"
        "    line 9: history.unanswered >= 2\n"
        "    history.unanswered was 0\n"
        "+ returns (rules.yaml:11) matched; won category, tags\n"
        "- big (rules.yaml:20) did not match\n"
        "    line 22: expr fields.total > 500.0\n"
        "    fields.total was 7.5\n"
        "+ last (rules.yaml:24) matched; won tags, priority\n"
        "  never (rules.yaml:27) not tried: a final rule matched before\n"
        "decided by\n"
        "  category: returns\n"
        "  tags: returns, last\n"
        "  owners: category\n"
        "  priority: last\n"
    )


FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"channel": None}, '    line 13: channel is "email" or "whatsapp"\n    channel was missing\n'),
    ({"channel": "sms"}, '    line 25: not (channel is "sms")\n    channel was "sms"\n'),
    ({"text": "nothing"}, '    line 25: text matches "[0-9]"\n    text was a text of 7 characters\n'),
    ({"backlog": True}, "    line 25: backlog is false\n    backlog was true\n"),
    ({"automated": "bounce"}, '    line 25: automated is missing\n    automated was "bounce"\n'),
    ({"fields.total": "x"}, '    fields.total was "x"\n    could not be evaluated: a value is not of its declared type\n'),
]


@pytest.mark.parametrize(("facts", "expected"), FAILURES)
def test_a_failure_in_words(ruleset: Ruleset, facts: dict[str, Any], expected: str) -> None:
    assert expected in explain.render(ruleset, ruleset.route({**FACTS, **facts}).explanation)


def test_a_rule_that_lost_every_field(ruleset: Ruleset) -> None:
    twice = load([("r.yaml", "categories: {a: {}}\ndefault: a\nrules:\n" + "".join(
        f"  - {{name: {name}, then: {{category: a}}}}\n" for name in "xy"))])  # fmt: skip
    assert "+ y (r.yaml:5) matched; won nothing\n" in explain.render(twice, twice.route({}).explanation)


def test_many_operands_are_cut() -> None:
    rules = f"rules: [{{name: x, when: {{channel: {list('abcdefghijk')}}}, then: {{tags: t}}}}]"
    many = load([("r.yaml", f"categories: {{a: {{}}}}\ndefault: a\n{rules}\n")])
    assert '"g" or "h" or 3 more\n' in explain.render(many, many.route({}).explanation)


def test_values_are_cut_and_the_text_is_never_there(ruleset: Ruleset) -> None:
    tags = tuple(f"{n:02d}" + "y" * 200 for n in range(30))
    explanation = ruleset.route({"text": "my own words", "customer.tags": tags, "channel": "\ud800"}).explanation
    values = explain.as_data(ruleset, explanation)["values"]
    assert b"words" not in explanation
    assert [len(tag) for tag in values["customer.tags"]] == [80] * 10
    assert values["channel"] == "?"


def test_the_explanation_of_other_rules_is_refused(ruleset: Ruleset) -> None:
    other = load([("rules.yaml", RULES + "# changed\n")])
    with pytest.raises(explain.ExplanationMismatch, match=f"written by ruleset {other.hash}"):
        explain.render(ruleset, other.route({}).explanation)
