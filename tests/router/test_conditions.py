# ruff: noqa: RUF001 - look-alike characters are the point
"""Every condition, against a message that has it and one that has not."""

import json

import pytest

from router.load import load
from router.model import Decision
from router.vocabulary import Facts

HEAD = """
fields: {total: number, reason: text, bought: date, gift: boolean}
categories: {hit: {}, miss: {}}
default: miss
"""


def decide(when: str, facts: Facts) -> Decision:
    """The decision of one rule with the condition, written as a flow mapping or as an indented block."""
    text = HEAD + f"rules:\n  - name: rule\n    when: {when}\n    then: {{category: hit}}\n"
    return load([("rules.yaml", text)]).route(facts)


HITS: list[tuple[str, Facts]] = [
    ("{channel: email}", {"channel": "email"}),
    ("{channel: [email, sms]}", {"channel": "sms"}),
    ("{automated: null}", {}),
    ("{automated: null}", {"automated": ""}),
    ("{backlog: true}", {"backlog": True}),
    ("{backlog: false}", {"backlog": False}),
    ("{customer.new: null}", {}),
    ("{history.unanswered: 2}", {"history.unanswered": 2}),
    ("{history.unanswered: [1, 2]}", {"history.unanswered": 2}),
    ('{history.unanswered: ">= 2"}', {"history.unanswered": 2}),
    ('{history.unanswered: "> 2"}', {"history.unanswered": 3}),
    ('{history.unanswered: "< 2"}', {"history.unanswered": 1}),
    ('{history.unanswered: "<=2"}', {"history.unanswered": 2}),
    ('{history.unanswered: "!= 2"}', {"history.unanswered": 3}),
    ('{history.unanswered: "= 2"}', {"history.unanswered": 2}),
    ('{history.unanswered: ["< 2", "> 5"]}', {"history.unanswered": 6}),
    ('{fields.total: "> 89.9"}', {"fields.total": 89.91}),
    ('{fields.total: "> -1"}', {"fields.total": 0}),
    ("{fields.total: null}", {}),
    ("{fields.bought: 2026-11-30}", {"fields.bought": "2026-11-30"}),
    ('{fields.bought: ">= 2026-11-30"}', {"fields.bought": "2026-12-01"}),
    ("{fields.gift: true}", {"fields.gift": True}),
    ("{customer.tags: vip}", {"customer.tags": frozenset({"press", "vip"})}),
    ("{customer.tags: [vip, press]}", {"customer.tags": frozenset({"press"})}),
    ("{customer.tags: null}", {"customer.tags": frozenset()}),
    ("{conversation.channels: email}", {"conversation.channels": ("sms", "email")}),
    ("{text: {words: reso}}", {"text": "Vorrei fare un RESO."}),
    ("{text: {words: [reso, rimborso]}}", {"text": "il rimborso?"}),
    ("{text: {words: perche}}", {"text": "Perché?"}),
    ("{text: {words: perché}}", {"text": "PERCHE' NON ARRIVA"}),
    ("{text: {words: perché}}", {"text": "perche\u0301 mai"}),
    ("{text: {words: strasse}}", {"text": "in der Straße"}),
    ("{text: {words: ordine}}", {"text": "dell’ordine"}),
    ("{text: {words: non arrivato}}", {"text": "È NON\n  arrivato!"}),
    ("{text: {words: l'ordine}}", {"text": "dov’è l’ordine"}),
    ("{text: {words: ёлка}}", {"text": "где Елка?"}),
    ("{text: {words: rimborso}}", {"text": "rim\u00adborso"}),
    ("{subject: {contains: order}}", {"subject": "Re: PREORDERS"}),
    ("{subject: {contains: [IT-, FR-]}}", {"subject": "fr-22"}),
    ("{subject: {starts_with: 're:'}}", {"subject": "RE: hello"}),
    ("{text: {matches: 'IT-\\d{4}'}}", {"text": "ordine IT-2231 grazie"}),
    ("{text: {matches: ['x{9}', '(?i)iban']}}", {"text": "il mio IBAN"}),
    ("{text: {matches: '^\\pL+$'}}", {"text": "perché"}),
    ("{text: {words: reso, matches: '\\d'}}", {"text": "reso 7"}),
    ("{sender.name: {words: anna}}", {"sender.name": "Anna Bianchi"}),
    ("{attachments.types: {starts_with: image/}}", {"attachments.types": ("text/plain", "image/png")}),
    ("{customer.tags: {words: big buyer}}", {"customer.tags": ("x", "big buyer")}),
    ("{channel: email, language: it}", {"channel": "email", "language": "it"}),
    ("{any: [{channel: email}, {language: it}]}", {"language": "it"}),
    ("{all: [{history.contacts: '> 1'}, {history.contacts: '< 5'}]}", {"history.contacts": 3}),
    ("{any: [{channel: email, language: it}, {channel: sms}]}", {"channel": "sms"}),
    ("{not: {channel: email}}", {"channel": "sms"}),
    ("{not: {channel: email}}", {}),
    ("{not: {channel: email, language: it}}", {"channel": "email", "language": "fr"}),
    ("{not: [{channel: email}, {language: it}]}", {"channel": "sms", "language": "fr"}),
    ("{not: {not: {channel: email}}}", {"channel": "email"}),
    ("{expr: \"customer.tier == 'gold'\"}", {"customer.tier": "gold"}),
    ('{expr: "fields.total > 500.0"}', {"fields.total": 501}),
    ('{expr: "history.unanswered + 1 > 2"}', {"history.unanswered": 2}),
    ("{expr: \"'vip' in customer.tags\"}", {"customer.tags": frozenset({"vip"})}),
    ("{expr: \"fields.bought >= '2026-01-01'\"}", {"fields.bought": "2026-02-01"}),
    ('{expr: "backlog && !customer.new"}', {"backlog": True, "customer.new": False}),
    ("{expr: \"channel == 'sms' || fields.total > 1.0\"}", {"channel": "sms"}),
    ("{expr: \"text.matches('^[a-z]+$')\"}", {"text": "abc"}),
    ("{not: {expr: 'fields.total > 1.0'}}", {}),
]

MISSES: list[tuple[str, Facts]] = [
    ("{channel: email}", {"channel": "e-mail"}),
    ("{channel: email}", {"channel": "Email"}),
    ("{channel: email}", {}),
    ("{automated: null}", {"automated": "bounce"}),
    ("{backlog: true}", {"backlog": False}),
    ("{backlog: false}", {}),
    ("{history.unanswered: 1}", {"history.unanswered": True}),
    ('{history.unanswered: "!= 2"}', {}),
    ('{history.unanswered: ">= 2"}', {"history.unanswered": "3"}),
    ('{fields.total: "> 89.9"}', {"fields.total": 89.9}),
    ("{fields.total: null}", {"fields.total": 0}),
    ('{fields.bought: ">= 2026-11-30"}', {"fields.bought": "2026-11-29"}),
    ("{customer.tags: vip}", {"customer.tags": frozenset({"vip2"})}),
    ("{customer.tags: vip}", {"customer.tags": "vip"}),
    ("{customer.tags: null}", {"customer.tags": frozenset({"x"})}),
    ("{text: {words: reso}}", {"text": "il resoconto"}),
    ("{text: {words: reso}}", {"text": "arresò"}),
    ("{text: {words: reso}}", {}),
    ("{text: {words: non arrivato}}", {"text": "non è arrivato"}),
    ("{customer.tags: {words: big buyer}}", {"customer.tags": ("big", "buyer")}),
    ("{subject: {contains: order}}", {"subject": "ord er"}),
    ("{subject: {starts_with: 're:'}}", {"subject": "fwd re: hello"}),
    ("{text: {matches: 'IT-\\d{4}'}}", {"text": "it-2231"}),
    ("{text: {words: reso, matches: '\\d'}}", {"text": "reso"}),
    ("{channel: email, language: it}", {"channel": "email", "language": "fr"}),
    ("{any: [{channel: email}, {language: it}]}", {"language": "fr"}),
    ("{any: [{channel: email, language: it}, {channel: sms}]}", {"channel": "email"}),
    ("{not: {channel: email}}", {"channel": "email"}),
    ("{not: [{channel: email}, {language: it}]}", {"language": "it"}),
    ("{expr: \"customer.tier == 'gold'\"}", {"customer.tier": "silver"}),
    ('{expr: "fields.total > 500.0"}', {}),
    ("{expr: \"channel == 'email' || fields.total > 1.0\"}", {"channel": "sms"}),
]


@pytest.mark.parametrize(("when", "facts"), HITS)
def test_a_condition_that_holds(when: str, facts: Facts) -> None:
    assert decide(when, facts).category == "hit"


@pytest.mark.parametrize(("when", "facts"), MISSES)
def test_a_condition_that_does_not_hold(when: str, facts: Facts) -> None:
    assert decide(when, facts).category == "miss"


ERRORS: list[tuple[str, Facts, str]] = [
    ("fields.total > 1.0", {}, "no value for fields.total"),
    ("fields.total > 1.0", {"fields.total": "many"}, "a value is not of its declared type"),
    ("history.unanswered > 1", {"history.unanswered": 2**70}, "a value is not of its declared type"),
    ("10 / history.unanswered > 1", {"history.unanswered": 0}, "invalid argument"),
    ("int(text) > 1", {"text": "a secret"}, "invalid argument"),
    ("'x' in customer.tags", {"customer.tags": ("x",) * 201}, "a value is not of its declared type"),
]


@pytest.mark.parametrize(("expression", "facts", "reason"), ERRORS)
def test_an_expression_that_fails_does_not_match_and_says_so(expression: str, facts: Facts, reason: str) -> None:
    decision = decide(f'{{expr: "{expression}"}}', facts)
    assert decision.category == "miss"
    assert json.loads(decision.explanation)["expressions"] == {"0": reason}
    assert b"a secret" not in decision.explanation


HOSTILE: list[Facts] = [
    {"text": "\ud800 reso", "subject": "\ud800"},
    {"text": 7, "history.unanswered": "x", "customer.tags": 5, "channel": ("a",), "fields.total": frozenset()},
    {"text": "a" * 100_000, "history.unanswered": 10**5000, "fields.total": float("nan")},
    {"fields.total": 10**400, "customer.tags": ("\udfff",), "subject": "\0", "channel": "\0"},
]


@pytest.mark.parametrize("facts", HOSTILE)
def test_no_fact_makes_routing_fail(facts: Facts) -> None:
    when = """
      any:
        - {channel: x, text: {words: q}}
        - text: {words: [zz, z z], contains: zz, matches: zz, starts_with: zz}
        - text: {matches: zz}
        - text: {contains: zz}
        - subject: [zz, yy]
        - history.unanswered: 1
        - customer.tags: [zz]
        - customer.tags: {matches: zz}
        - fields.total: "== 1"
        - expr: "subject == 'zz' && text == 'zz' && 'zz' in customer.tags && fields.total > 1.0 && history.unanswered > 1"
    """
    assert decide(when, facts).category == "miss"
