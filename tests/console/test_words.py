"""Whatever the router says of rules, an Italian page says in Italian: every sentence in its code is on the list."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest

from regia.trying import attempt
from router.checking import check
from router.explain import as_data
from router.load import load, load_to_try
from router.model import FactOperator
from web.console.problems import in_language
from web.console.texts.conditions import CONDITIONS
from web.console.texts.problems_it import FINDINGS, PROBLEMS
from web.console.texts.problems_it_hints import HINTS

SAYING = frozenset(
    {"fail", "fail_inside", "Problem", "ExpressionProblem", "Wrong", "Broken", "PatternInvalid", "_Stop", "Finding"}
)
FILES = (*sorted(Path("router").glob("*.py")), Path("config/parse.py"), Path("config/syntax.py"))
CODES = frozenset(
    {
        "never_matches",
        "never_tried",
        "never_wins",
        "does_nothing",
        "unused",
        "overlap",
        "no_value",
        "no_category",
        "no_queue",
        "no_test",
        "no_tests",
        "rules",
        "",
    }
)
OURS = frozenset({"{}.{}", "{} {}", "{}{}", "{}", "{}…", "{}, and begin with a letter"})
"""Names and sentences put together."""


def constants(tree: ast.AST) -> dict[str, ast.expr]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


def sentences(node: ast.expr, known: Mapping[str, ast.expr]) -> Iterator[str]:
    """What an argument may say, with `{}` for what is put into it. Of a call only the text that it formats."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*sentences(one, known), *sentences(other, known))
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from sentences(part, known)
        case ast.BinOp(left=one, right=other):
            for left in [*sentences(one, known)] or ["{}"]:
                for right in [*sentences(other, known)] or ["{}"]:
                    yield left + right
        case ast.Name(id=name) if name in known:
            yield from sentences(known[name], {})
        case ast.Call(func=ast.Attribute(attr="format", value=text)):
            yield from sentences(text, known)


def said() -> Iterator[tuple[str, str]]:
    for path in FILES:
        tree = ast.parse(path.read_text())
        known = constants(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in SAYING:
                for argument in node.args:
                    yield from ((path.name, text) for text in sentences(argument, known))


def test_every_sentence_of_the_router_is_said_in_italian() -> None:
    found = {(file, text) for file, text in said() if text not in CODES | OURS}
    assert len(found) > 150, "the sentences are found at all"
    assert [
        (file, text) for file, text in sorted(found) if in_language(text.replace("{}", "x"), "it") == text.replace("{}", "x")
    ] == []


def test_each_names_what_the_english_one_names() -> None:
    for english, italian in (*FINDINGS, *PROBLEMS, *HINTS):
        assert english.count("{}") == italian.count("{}"), english


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        ("did you mean 'customer.tier'?", "forse intendevi 'customer.tier'?"),
        ("must be text, not a number", "dev'essere testo, non un numero"),
        ("there is no list 'words'", "non esiste: lista 'words'"),
        ("is no RE2 pattern: missing ): (a", "non è un pattern RE2: missing ): (a"),
        ("something of a library", "something of a library"),
        ("known: a {b}, c", "conosciuti: a {b}, c"),
    ],
)
def test_a_sentence_with_what_it_names(english: str, italian: str) -> None:
    assert in_language(english, "it") == italian
    assert in_language(english, "en") == english


RULES = """
categories: {returns: {}, general: {}}
default: general
rules:
  - name: by-words
    when: {text: {words: [reso, rimborso]}, customer.tier: gold}
    then: {category: returns}
  - name: all-of-it
    then: {final: true}
  - name: never
    when: {any: [{customer.tags: vip}, {customer.messages: ">= 2"}]}
    then: {tags: x}
  - name: impossible
    when: {all: [{channel: email}, {channel: sms}]}
    then: {tags: x}
"""


def test_conditions_values_and_findings_are_said_in_italian() -> None:
    words = CONDITIONS["it"]
    assert set(words.operators) == set(get_args(FactOperator))
    rules, messages = load_to_try([("rules.yaml", RULES)])
    facts = messages.read("{text: Vorrei un reso}", "m")
    failed = as_data(rules, rules.route(facts).explanation, words)["rules"][0]["failed"]
    assert failed["condition"] == 'customer.tier è "gold"'
    failed = as_data(rules, rules.route({**facts, "text": "ciao"}).explanation, words)["rules"][0]["failed"]
    assert failed["condition"] == 'text ha la parola "reso" o "rimborso"'
    told = [in_language(one.message, "it") for one in check(load([("rules.yaml", RULES)]), {}, words)]
    assert told[:2] == [
        "non c'è nessun test, per nessuna di 4 regole",
        "la regola 'never' non viene mai provata: la regola 'all-of-it' (rules.yaml:8:5) è finale e scatta ogni volta che "
        "scatterebbe questa",
    ]
    assert told[2] == (
        'la regola \'impossible\' non può mai scattare: la riga 14 (channel è "email") e la riga 14 (channel è "sms") '
        "si escludono a vicenda"
    )
    (told_,) = attempt.checked((("rules.yaml", RULES.replace("final: true", "tags: x")),), {}, words)[:1]
    assert told_.kind == "no_tests"
