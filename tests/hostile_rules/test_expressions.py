"""Hostile expressions are refused where they stand, or evaluated within a bound; one that fails is named and stops nothing."""

import json
import time
from typing import cast

import pytest

from router.model import Decision
from router.ruleset import Ruleset
from router.vocabulary import Facts
from tests.hostile_rules.expressions import BOUNDED, FACTS, FAILING, LONG, REFUSED
from tests.hostile_rules.loading import loaded, rules_with

SECONDS = 8.0
"""For one evaluation, on a machine that others use."""


def ready(expression: str) -> Ruleset:
    ruleset = loaded(rules_with({"expr": expression}))
    assert isinstance(ruleset, Ruleset), ruleset
    return ruleset


def decided(expression: str) -> Decision:
    return ready(expression).route(cast(Facts, FACTS))


def _numbered(expressions: list[str]) -> list[object]:
    return [pytest.param(one, id=f"{number} {one[:30]!a}") for number, one in enumerate(expressions)]


@pytest.mark.parametrize("expression", _numbered(REFUSED))
def test_refused_where_it_stands(expression: str) -> None:
    outcome = loaded(rules_with({"expr": expression}))
    assert isinstance(outcome, list)
    assert all(one.startswith("rules.yaml:6:") or one == "rules.yaml:6:26: is not UTF-8" for one in outcome), outcome


@pytest.mark.parametrize("expression", _numbered(BOUNDED))
def test_evaluated_within_a_bound(expression: str) -> None:
    ruleset = ready(expression)
    started = time.process_time()
    assert ruleset.route(cast(Facts, FACTS)).failed == ()
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("expression", _numbered(FAILING))
def test_a_rule_that_fails_does_not_match_and_is_named(expression: str) -> None:
    decision = decided(expression)
    assert decision.category == "miss"
    [(rule, reason)] = decision.failed
    assert rule == "r"
    assert json.loads(decision.explanation)["expressions"] == {"0": reason}
    assert len(reason) < 40
    assert LONG[:5] not in reason


def test_an_expression_without_its_value_is_no_failure() -> None:
    assert ready("fields.total > 1.0").route({}).failed == ()


def test_every_rule_that_asks_it_is_named_and_the_others_go_on() -> None:
    rules = (
        "  - {name: a, when: {channel: x, expr: 'int(text) > 1'}, then: {tags: a}}\n"
        "  - {name: b, when: {any: [{expr: 'int(text) > 1'}, {channel: x}]}, then: {tags: b}}\n"
        "  - {name: c, when: {not: {expr: 'int(text) > 1'}}, then: {tags: c}}\n"
        "  - {name: d, then: {tags: d}}\n"
    )
    ruleset = loaded(f"categories: {{miss: }}\ndefault: miss\nrules:\n{rules}")
    assert isinstance(ruleset, Ruleset)
    decision = ruleset.route({"channel": "x", "text": "a secret"})
    assert decision.failed == tuple((name, "invalid argument") for name in "abc")
    assert decision.tags == ("b", "c", "d")


def test_a_list_that_is_too_long_is_missing_to_an_expression() -> None:
    ruleset = ready("'t0' in customer.tags")
    tags = [f"t{n}" for n in range(201)]
    assert ruleset.route({"customer.tags": frozenset(tags[:200])}).category == "hit"
    assert ruleset.route({"customer.tags": frozenset(tags)}).category == "miss"


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("text.matches(subject)", "26: rules[0].when.expr: a pattern must be written out here"
         " (write text.matches('…') with one text in quotes)"),
        ("backlog || text.matches('(a')", "45: rules[0].when.expr: is no RE2 pattern: missing ): (a"
         " (each ( needs its ); for the sign itself write \\()"),
        ("[1].all(a, [2].all(b, a == b))", "36: rules[0].when.expr: more than one loop"
         " (an expression may have one: use several expr under all: or any:)"),
        ("[1].all(a, a + 1 == 2)", "34: rules[0].when.expr: + beside a loop (a loop asks again for each item: use a"
         " condition of its own, such as {attachments.types: {matches: …}})"),
        ("[1].map(a, a) == [1]", "28: rules[0].when.expr: undeclared reference to 'map' (in container '')"
         " (map does not exist here: use exists, all, exists_one or filter)"),
        ("'" + "x" * 2_000 + "' == text", "21: rules[0].when.expr: the expression is too long (at most 2,000 characters:"
         " use lists and several conditions)"),
    ],
)  # fmt: skip
def test_an_error_says_what_to_do(expression: str, told: str) -> None:
    outcome = loaded(rules_with({"expr": expression}))
    assert isinstance(outcome, list)
    assert f"rules.yaml:6:{told}" in outcome


def test_signs_inside_texts_and_comments_are_no_signs() -> None:
    inside = "text != '+ .all( .exists(' && text != \"it's .matches(x)\" && text != r'\\d' && text != '''a'b''' // .all(+"
    assert decided(f"{inside}\n && customer.tags.exists(a, a == 'tag1')").category == "hit"


@pytest.mark.parametrize(
    "hidden",
    [
        "{'a//b': 1}.`a//b` == 1 && text.matches(text)",
        r"text == r'\' || text.matches(text) || text == ''",
        r'text == r"\" || text.matches(text) || text == ""',
        r"text == r'''\''' || text.matches(text) || text == ''",
        "text == '''it's''' || text.matches(text)",
        "text == '' || text.matches(text) || text == ''",
        r"text == '\'' || text.matches(text) || text == '\''",
        "text // '\n.matches(text) || text == ''",
        "text\n.\nmatches\n(\ntext\n)",
    ],
)
def test_nothing_hides_behind_quotes_and_comments(hidden: str) -> None:
    assert isinstance(loaded(rules_with({"expr": hidden})), list)
