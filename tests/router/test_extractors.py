"""`extract:`: what is taken out of which text, what it becomes, and that a message's own fields are left alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import ConfigError
from router import explain
from router.extractors import EXTRACTORS_MAX, TEXT_MAX, VALUE_MAX
from router.load import load
from router.testing import Mismatch, run_tests
from router.vocabulary import Facts

HEAD = """\
fields: {note: text, total: number, paid: boolean, due: date}
categories: {hit: {}, miss: {}}
default: miss
patterns: {order-number: '\\b(IT-[0-9]{4,6})\\b'}
"""


def extracted(extract: str, facts: Facts) -> dict[str, Any]:
    ruleset = load([("a.yaml", f"{HEAD}extract: {extract}\n")])
    found = ruleset.route(facts).extracted
    json.dumps(found)
    return dict(found)


CASES: list[tuple[str, Facts, dict[str, Any]]] = [
    ("{o: $order-number}", {"text": "It is IT-2231, or IT-2232"}, {"o": "IT-2231"}),
    ("{o: $order-number}", {"text": "IT-2231", "subject": "IT-9999"}, {"o": "IT-9999"}),
    ("{o: {pattern: $order-number, from: [text, subject]}}", {"text": "IT-2231", "subject": "IT-9999"}, {"o": "IT-2231"}),
    ("{o: {pattern: $order-number}}", {"text": "IT-2231"}, {"o": "IT-2231"}),
    ("{o: {pattern: $order-number, from: fields.note}}", {"text": "IT-2231", "fields.note": "IT-1111"}, {"o": "IT-1111"}),
    ("{o: {pattern: $order-number, from: fields.note}}", {"text": "IT-2231"}, {}),
    ("{o: $order-number}", {}, {}),
    ("{o: $order-number}", {"text": "none", "subject": ""}, {}),
    ("{o: '[A-Z]+-'}", {"text": "IT-2231"}, {"o": "IT-"}),
    ("{o: 'a(b)?(c)'}", {"text": "ac"}, {"o": "c"}),
    ("{o: 'a(b)?'}", {"text": "a"}, {}),
    ("{o: 'a(b)?'}", {"text": "a", "subject": "ab"}, {"o": "b"}),
    ("{o: 'a(b)?'}", {"text": "ab", "subject": "a"}, {}),  # the first text that matches decides
    ("{o: '(?:a)(x*)b'}", {"text": "ab"}, {}),
    ("{o: 'a(.*)b'}", {"text": "a \t b"}, {}),
    ("{o: '(?s)a(.*)b'}", {"text": "a x\n\n y\x07 b"}, {"o": "x y"}),
    ("{o: '[è]+'}", {"text": "caffèè"}, {"o": "èè"}),
    ("{o: 'x+'}", {"text": "x" * VALUE_MAX}, {"o": "x" * VALUE_MAX}),
    ("{o: 'x+'}", {"text": "x" * (VALUE_MAX + 1)}, {}),
    ("{o: 'y'}", {"text": "x" * (TEXT_MAX - 1) + "y"}, {"o": "y"}),
    ("{o: 'y'}", {"text": "x" * TEXT_MAX + "y"}, {}),
    ("{o: 'y.'}", {"text": "y\udc80"}, {"o": "y?"}),
    ("{o: 'y\\C'}", {"text": "yè"}, {"o": "y\ufffd"}),
    ("{total: '[0-9.,]+'}", {"text": "EUR 89,90"}, {"total": 89.9}),
    ("{total: '[0-9.,]+'}", {"text": "EUR 1.234,50"}, {"total": 1234.5}),
    ("{total: '[0-9.,]+'}", {"text": "EUR 12"}, {"total": 12}),
    ("{total: '[0-9.,]+'}", {"text": "EUR 1.234"}, {}),
    ("{total: '[0-9]+'}", {"text": "9" * 16}, {}),
    ("{total: '[a-z0-9]+'}", {"text": "1e400"}, {}),
    ("{total: 'nan|inf'}", {"text": "inf"}, {}),
    ("{due: '[0-9/-]+'}", {"text": "by 2026-11-30"}, {"due": "2026-11-30"}),
    ("{due: '[0-9/-]+'}", {"text": "by 3/2/2026"}, {"due": "2026-02-03"}),
    ("{due: '[0-9/-]+'}", {"text": "by 30/2/2026"}, {}),
    ("{paid: 'paid: (\\S+)'}", {"text": "paid: SÌ"}, {"paid": True}),
    ("{paid: 'paid: (\\S+)'}", {"text": "paid: no"}, {"paid": False}),
    ("{paid: 'paid: (\\S+)'}", {"text": "paid: maybe"}, {}),
    ("{note: 'x'}", {"text": "x", "fields.note": "own"}, {}),
    ("{note: 'x'}", {"text": "x", "fields.note": ""}, {"note": "x"}),
    ("{note: 'x'}", {"text": "x", "fields.note": None}, {"note": "x"}),
    ("{total: '[0-9]'}", {"text": "1", "fields.total": 0}, {}),
    ("{paid: 'yes'}", {"text": "yes", "fields.paid": False}, {}),
    ("{a: 'x', b: {pattern: 'x', from: fields.a}}", {"text": "x"}, {"a": "x"}),  # not of one another
    ("{a: {pattern: 'x', from: [fields.a, text]}}", {"text": "x"}, {"a": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("extract", "facts", "expected"), CASES)
def test_extracted(extract: str, facts: Facts, expected: dict[str, Any]) -> None:
    found = extracted(extract, facts)
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in expected.items()}


RULES = """\
extract: {order: $order-number, total: 'EUR ([0-9,]+)'}
rules:
  - name: order
    when: {fields.order: IT-2231, fields.total: '> 5'}
    then: {category: hit}
  - name: expression
    when: {expr: "fields.order == 'IT-2231' && fields.total > 5.0"}
    then: {tags: [expr]}
"""


def test_rules_and_expressions_see_the_field() -> None:
    ruleset = load([("a.yaml", HEAD + RULES)])
    facts = {"text": "IT-2231, EUR 12,5"}
    decision = ruleset.route(facts)
    assert (decision.category, decision.tags) == ("hit", ("expr",))
    assert facts == {"text": "IT-2231, EUR 12,5"}
    values = explain.as_data(ruleset, decision.explanation)["values"]
    assert values == {"fields.order": "IT-2231", "fields.total": 12.5}
    assert ruleset.fields["order"] == "text"


def test_a_test_of_the_file_runs_extractors() -> None:
    tests = """\
tests:
  - message: {text: "IT-2231, EUR 12,5", fields: {note: x}}
    expect: {fields: {order: IT-2231, total: 12.5, note: x, paid: null}}
  - message: {text: "IT-2231", fields: {order: IT-7}}
    expect: {fields: {order: IT-2231, total: 1}}
"""
    first, second = run_tests(load([("a.yaml", HEAD + RULES + tests)]))
    assert first.passed
    assert second.mismatches == (Mismatch("fields", {"order": "IT-2231", "total": 1}, {"order": "IT-7", "total": None}),)


WRONG: list[tuple[str, str]] = [
    ("extract: {x-y: a}", "5:11: extract.x-y: is no name for a field (use letters, digits and _, and begin with a letter)"),
    ("extract: {o: $nummer}", "5:14: extract.o: there is no pattern 'nummer' (known: order-number)"),
    ("extract: {o: 7}", "5:14: extract.o: must be text, not a number (put the value in quotes)"),
    ("extract: {o: 'a*'}", "5:14: extract.o: matches the empty text, so it matches everywhere"
     " (ask for more than what may be left out)"),
    ("extract: {o: 'a(?=b)'}", "5:14: extract.o: is no RE2 pattern: invalid perl operator: (?="
     " (lookaround and back-references do not exist in RE2)"),
    ("extract: {o: {from: text}}", "5:14: extract.o: must have a pattern (for example {pattern: 'IT-[0-9]+', from: text})"),
    ("extract: {o: {pattern: a, form: text}}", "5:27: extract.o.form: unknown key (did you mean 'from'?)"),
    ("extract: {o: {pattern: a, from: txt}}", "5:33: extract.o.from: there is no text 'txt' (did you mean 'text'?)"),
    ("extract: {o: {pattern: a, from: [text, fields.total]}}", "5:40: extract.o.from[1]: is a number"
     " (only texts can be looked into)"),
    ("extract: {o: {pattern: a, from: []}}", "5:33: extract.o.from: is an empty list"
     " (name at least one value, or leave the key out)"),
    ("extract: [o]", "5:10: extract: must be a mapping of names to values"),
    ("tests:\n  - {message: {}, expect: {fields: {ordr: x}}}", "6:37: tests[0].expect.fields.ordr: there is no field 'ordr'"
     " (known: due, note, paid, total)"),
    ("tests:\n  - {message: {}, expect: {fields: {total: x}}}", "6:44: tests[0].expect.fields.total: must be a number"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_wrong(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load([("a.yaml", f"{HEAD}{text}\n")])
    assert str(caught.value) == f"a.yaml:{expected}"


def test_a_field_has_one_extractor() -> None:
    with pytest.raises(ConfigError, match=r"extractor 'o' is declared already, at a\.yaml:5$"):
        load([("a.yaml", f"{HEAD}extract: {{o: a}}\n"), ("b.yaml", "extract: {o: b}\n")])


def test_there_are_not_too_many() -> None:
    many = "".join(f"  f{n}: a\n" for n in range(EXTRACTORS_MAX))
    load([("a.yaml", f"{HEAD}extract:\n{many}")])
    with pytest.raises(ConfigError) as caught:
        load([("a.yaml", f"{HEAD}extract:\n{many}  more: a\n  evenmore: a\n")])
    assert str(caught.value) == (
        "a.yaml:106:3: extract.more: is one extractor more than 100 (each of them looks into every message)"
    )


PATTERNS = ["[0-9.,/-]+", "(a)|(b)", "(?s).+", "a(b*)c", "\\S+", "(?:x|(y))z", "\\C"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["note", "total", "paid", "due", "own"]), st.sampled_from(PATTERNS)),
    st.fixed_dictionaries(
        {},
        optional={name: st.one_of(st.text(max_size=300), st.from_regex(r"[abc0-9.,/-]{1,20}"), st.none(), st.integers())
                  for name in ("text", "subject", "fields.note", "fields.own", "fields.total")},
    ),
)  # fmt: skip
def test_whatever_a_message_has(extract: dict[str, str], facts: Facts) -> None:
    found = extracted(json.dumps(extract), facts)
    kinds = {"total": (int, float), "paid": (bool,), "due": (str,), "note": (str,), "own": (str,)}
    for name, value in found.items():
        assert facts.get(f"fields.{name}") in (None, "")
        assert isinstance(value, kinds[name])
        assert not isinstance(value, str) or 0 < len(value.encode()) <= 4 * VALUE_MAX
