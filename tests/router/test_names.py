"""Named lists, patterns and conditions: what they stand for, what is wrong with them, and what nobody uses."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import ConfigError, Problem
from router import explain
from router.load import load
from router.model import Decision
from router.names import NESTED_MAX, SIZE_MAX, Usage, reading_order, unused
from router.ruleset import Ruleset
from router.vocabulary import Facts

HEAD = """\
categories: {hit: {}, miss: {}}
default: miss
lists: {refunds: [reso, send back], all: [$refunds, "$$9", rimborso], channels: [email, sms], press: [vip], photos: [image/]}
patterns: {order: '\\bIT-[0-9]+\\b', dollar: '[$][0-9]'}
conditions:
  written: {channel: $channels}
  written-italian: {use: written, language: it}
  nobody: {any: [{use: written-italian}, {text: {words: $refunds}}]}
"""
"""Eight lines: what follows begins in line 9."""


def decide(when: str, facts: Facts) -> Decision:
    rule = f"rules:\n  - name: rule\n    when: {when}\n    then: {{category: hit}}\n"
    return load([("a.yaml", HEAD + rule)]).route(facts)


HITS: list[tuple[str, Facts]] = [
    ("{channel: $channels}", {"channel": "sms"}),
    ("{channel: [form, $channels]}", {"channel": "sms"}),
    ("{channel: [form, $channels]}", {"channel": "form"}),
    ("{text: {words: $all}}", {"text": "Can I SEND it, or send back?"}),
    ("{text: {contains: $all}}", {"text": "it was $99"}),
    ("{text: {contains: $$9}}", {"text": "it was $99"}),
    ("{subject: $$9}", {"subject": "$9"}),
    ("{subject: $$refunds}", {"subject": "$refunds"}),
    ("{subject: a$refunds}", {"subject": "a$refunds"}),
    ("{subject: $$$9}", {"subject": "$$9"}),
    ("{subject: {starts_with: $all}}", {"subject": "Rimborso"}),
    ("{attachments.types: {starts_with: $photos}}", {"attachments.types": ("image/png",)}),
    ("{customer.tags: $press}", {"customer.tags": frozenset({"vip"})}),
    ("{text: {matches: $order}}", {"text": "IT-2231"}),
    ("{text: {matches: [never, $order]}}", {"text": "IT-2231"}),
    ("{text: {matches: $dollar}}", {"text": "$5"}),
    ("{use: written}", {"channel": "email"}),
    ("{use: written-italian}", {"channel": "email", "language": "it"}),
    ("{use: [written, written-italian], subject: x}", {"channel": "email", "language": "it", "subject": "x"}),
    ("{not: {use: written}}", {"channel": "form"}),
    ("{any: [{use: written-italian}, {language: de}]}", {"language": "de"}),
    ("{use: nobody}", {"text": "reso"}),
]

MISSES: list[tuple[str, Facts]] = [
    ("{channel: $channels}", {"channel": "$channels"}),
    ("{use: written-italian}", {"channel": "email", "language": "de"}),
    ("{use: [written, written-italian]}", {"channel": "email"}),
    ("{not: {use: written-italian}}", {"channel": "sms", "language": "it"}),
    ("{any: [{use: written-italian}, {language: de}]}", {"language": "it"}),
    ("{text: {words: $refunds}}", {"text": "rimborso"}),
]


@pytest.mark.parametrize(("when", "facts"), HITS)
def test_holds(when: str, facts: Facts) -> None:
    assert decide(when, facts).category == "hit"


@pytest.mark.parametrize(("when", "facts"), MISSES)
def test_does_not_hold(when: str, facts: Facts) -> None:
    assert decide(when, facts).category == "miss"


def problems(*texts: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load([(f"{chr(97 + n)}.yaml", text) for n, text in enumerate(texts)])
    return [str(problem) for problem in caught.value.problems]


IN_RULE: list[tuple[str, str]] = [
    ("{channel: $chanels}", "11:21: rules[0].when.channel: there is no list 'chanels' (did you mean 'channels'?)"),
    ("{text: {words: [a, $rfunds]}}", "11:30: rules[0].when.text.words[1]: there is no list 'rfunds'"
     " (did you mean 'refunds'?)"),
    ("{text: {words: $order}}", "11:26: rules[0].when.text.words: there is no list 'order' (it is a pattern: use matches)"),
    ("{text: {matches: $refunds}}", "11:28: rules[0].when.text.matches: there is no pattern 'refunds'"
     " (it is a list: matches takes patterns only)"),
    ("{text: {matches: $ordr}}", "11:28: rules[0].when.text.matches: there is no pattern 'ordr' (did you mean 'order'?)"),
    ("{text: {contains: $100}}", "11:29: rules[0].when.text.contains: names nothing"
     " (write $$ where a text begins with a dollar sign)"),
    ("{text: {contains: $}}", "11:29: rules[0].when.text.contains: names nothing"
     " (write $$ where a text begins with a dollar sign)"),
    ("{text: {matches: 'x*'}}", "11:28: rules[0].when.text.matches: matches the empty text, so it matches everywhere"
     " (ask for more than what may be left out)"),
    ("{text: {matches: ['a', '^']}}", "11:34: rules[0].when.text.matches[1]: matches the empty text, so it matches everywhere"
     " (ask for more than what may be left out)"),
    ("{use: writen}", "11:17: rules[0].when.use: there is no condition 'writen' (did you mean 'written'?)"),
    ("{use: $written}", "11:17: rules[0].when.use: there is no condition '$written' (did you mean 'written'?)"),
    ("{use: [written, x]}", "11:27: rules[0].when.use[1]: there is no condition 'x'"
     " (known: nobody, written, written-italian)"),
    ("{use: {written: true}}", "11:17: rules[0].when.use: must be text, not a mapping"),
    ("{use: []}", "11:17: rules[0].when.use: is an empty list (name at least one value, or leave the key out)"),
    ("{kind: $refunds}", "3:19: lists.refunds[0]: can never be so, as a.yaml:11 uses it (known: call, comment, contact,"
     " delete, edit, form, location, media, postback, reaction, text, unsupported, visit)"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "expected"), IN_RULE)
def test_wrong_in_a_rule(when: str, expected: str) -> None:
    found = problems(f"{HEAD}rules:\n  - name: r\n    when: {when}\n    then: {{tags: t}}\n")
    assert found[0] == f"a.yaml:{expected}"


DECLARED: list[tuple[str, list[str]]] = [
    ("lists: {A: [x]}", ["3:9: lists.A: is no name for a list (use a to z, 0 to 9, - and _, and begin with a letter)"]),
    ("lists: {a: []}", ["3:12: lists.a: is an empty list (name at least one value, or leave the key out)"]),
    ("lists: {a: [x, 3]}", ["3:16: lists.a[1]: must be text, not a number (put the value in quotes)"]),
    ("lists: [a]", ["3:8: lists: must be a mapping of names to values"]),
    ("lists: {a: [$b]}", ["3:13: lists.a[0]: there is no list 'b' (known: a)"]),
    ("lists: {a: [$a]}", ["3:9: lists.a: list 'a' leads to itself: a > a"]),
    ("lists: {a: [x, $b], b: $c, c: [$a, $b]}", ["3:9: lists.a: list 'a' leads to itself: a > b > c > a",
                                                "3:21: lists.b: list 'b' leads to itself: b > c > b"]),
    ("lists: {a: [x]}\npatterns: {a: x}", ["4:12: patterns.a: pattern 'a' is declared already, at a.yaml:3"]),
    ("patterns: {a: '(b'}", ["3:15: patterns.a: is no RE2 pattern: missing ): (b"
                             " (each ( needs its ); for the sign itself write \\()"]),
    ("patterns: {a: 'b?'}", ["3:15: patterns.a: matches the empty text, so it matches everywhere"
                             " (ask for more than what may be left out)"]),
    ("patterns: {a: $b}", ["3:15: patterns.a: a pattern cannot begin with $, the end of the text"
                           " (write the pattern itself: it cannot name another)"]),
    ("patterns: {a: [b]}", ["3:15: patterns.a: must be text, not a list"]),
    ("conditions: {a: {use: a}}", ["3:14: conditions.a: condition 'a' leads to itself: a > a"]),
    ("conditions: {a: {not: {use: b}}, b: {any: [{use: [c, a]}, {use: c}]}, c: {channel: x}}",
     ["3:14: conditions.a: condition 'a' leads to itself: a > b > a"]),
    ("conditions: {a: }", ["3:14: conditions.a: must be a mapping with at least one condition (for example {channel: email})"]),
    ("conditions: {a: {use: b}}", ["3:23: conditions.a.use: there is no condition 'b' (known: a)"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DECLARED)
def test_wrong_where_it_is_declared(text: str, expected: list[str]) -> None:
    assert problems(f"categories: {{c: }}\ndefault: c\n{text}\n") == [f"a.yaml:{one}" for one in expected]


def test_a_mistake_in_a_named_thing_is_told_once() -> None:
    declared = "lists: {a: [ok, '!']}\npatterns: {p: '('}\nconditions: {w: {chanel: x}}\n"
    rule = "  - {{name: {0}, when: {{text: {{words: $a, matches: $p}}, use: w}}, then: {{tags: t}}}}\n"
    rules = "".join(map(rule.format, "xyz"))
    assert problems(f"categories: {{c: }}\ndefault: c\n{declared}rules:\n{rules}") == [
        "a.yaml:3:17: lists.a[1]: has no letter or digit, so it is no word, as a.yaml:7 uses it (use contains for signs)",
        "a.yaml:4:15: patterns.p: is no RE2 pattern: missing ): ( (each ( needs its ); for the sign itself write \\()",
        "a.yaml:5:18: conditions.w.chanel: unknown condition (did you mean 'channel'?)",
    ]


def test_names_of_all_files_are_one() -> None:
    first = "categories: {hit: , miss: }\ndefault: miss\nconditions: {b: {use: a}}\nlists: {m: [$l]}\n"
    second = "lists: {l: [x]}\nconditions: {a: {channel: $m}}\nrules:\n  - {name: r, when: {use: b}, then: {category: hit}}\n"
    assert load([("a.yaml", first), ("b.yaml", second)]).route({"channel": "x"}).category == "hit"
    assert problems(first, second, second.partition("rules")[0]) == [
        "c.yaml:1:9: lists.l: list 'l' is declared already, at b.yaml:1",
        "c.yaml:2:14: conditions.a: condition 'a' is declared already, at b.yaml:2",
    ]


def test_the_explanation_shows_the_declaration() -> None:
    text = HEAD + "rules:\n  - name: rule\n    when: {use: written-italian}\n    then: {category: hit}\n"
    ruleset = load([("a.yaml", text)])
    rendered = explain.render(ruleset, ruleset.route({"channel": "form"}).explanation)
    assert '    line 6: channel is "email" or "sms"\n    channel was "form"\n' in rendered
    rendered = explain.render(ruleset, ruleset.route({"channel": "sms"}).explanation)
    assert '    line 7: language is "it"\n    language was missing\n' in rendered


def test_unused() -> None:
    text = HEAD + "extract: {o: $order}\nrules:\n  - {name: r, when: {text: {words: $all}}, then: {category: hit}}\n"
    assert unused(load([("a.yaml", text)]).names) == (
        ("list", "channels", ("a.yaml", 3, 71)),
        ("list", "press", ("a.yaml", 3, 95)),
        ("list", "photos", ("a.yaml", 3, 109)),
        ("pattern", "dollar", ("a.yaml", 4, 36)),
        ("condition", "written", ("a.yaml", 6, 3)),
        ("condition", "written-italian", ("a.yaml", 7, 3)),
        ("condition", "nobody", ("a.yaml", 8, 3)),
    )
    used = HEAD + "rules:\n  - {name: r, when: {use: nobody}, then: {category: hit}}\n"
    assert [name for _, name, _ in unused(load([("a.yaml", used)]).names)] == ["all", "press", "photos", "order", "dollar"]


def chain(kind: str, length: int) -> str:
    """`n0` uses `n1`, and so on; the last uses nothing."""
    link = {"lists": "[${}]", "conditions": "{{use: {}}}"}[kind]
    last = {"lists": "[x]", "conditions": "{channel: x}"}[kind]
    links = [f"  n{n}: {link.format(f'n{n + 1}')}" for n in range(length)]
    return "\n".join(["categories: {c: }", "default: c", f"{kind}:", *links, f"  n{length}: {last}"]) + "\n"


@pytest.mark.parametrize("kind", ["lists", "conditions"])
def test_a_chain_has_an_end(kind: str) -> None:
    load([("a.yaml", chain(kind, NESTED_MAX))])
    (problem,) = problems(chain(kind, NESTED_MAX + 1))
    assert (
        problem
        == {
            "lists": "a.yaml:4:3: lists.n0: list 'n0' leads through more than 16 others",
            "conditions": "a.yaml:4:13: conditions.n0.use: conditions are nested deeper than 16, with those of 'n1'",
        }[kind]
    )


def test_depth_counts_through_names() -> None:
    def rules(depth: int) -> str:
        when = "{not: " * depth + "{use: a}" + "}" * depth
        head = "categories: {c: }\ndefault: c\nconditions: {a: {any: [{not: {use: b}}]}, b: {all: [{channel: x}]}}\n"
        return f"{head}rules:\n  - {{name: r, when: {when}, then: {{tags: t}}}}\n"

    load([("a.yaml", rules(NESTED_MAX - 5))])
    (problem,) = problems(rules(NESTED_MAX - 4))
    assert problem.endswith("use: conditions are nested deeper than 16, with those of 'a'")


def laughing(kind: str) -> str:
    """Nine levels of ten: a billion, if it were ever written out."""
    if kind == "lists":
        levels = [f"  l{n}: [{', '.join([f'$l{n - 1}'] * 10)}]" for n in range(1, 10)]
        return "\n".join(["categories: {c: }", "default: c", "lists:", "  l0: [a, b, c, d, e, f, g, h]", *levels]) + "\n"
    levels = [f"  l{n}: {{any: [{', '.join([f'{{use: l{n - 1}}}'] * 10)}]}}" for n in range(1, 10)]
    return "\n".join(["categories: {c: }", "default: c", "conditions:", "  l0: {channel: [a, b, c]}", *levels]) + "\n"


TOO_MUCH = "with this, names stand for too many texts and conditions (at most 500,000, counted at each use)"


def test_a_billion_conditions() -> None:
    started = time.perf_counter()
    (problem,) = problems(laughing("conditions"))
    assert problem == f"a.yaml:10:20: conditions.l6.any[0].use: {TOO_MUCH}"
    assert time.perf_counter() - started < 5


def test_a_list_counts_a_text_once() -> None:
    assert load([("a.yaml", laughing("lists"))]).names.declared


def test_many_uses_of_a_large_list() -> None:
    large = f"categories: {{c: }}\ndefault: c\nlists: {{l: [{', '.join(f'w{n}' for n in range(5_000))}]}}\nrules:\n"
    rules = [f"  - {{name: r{n}, when: {{text: {{words: $l}}}}, then: {{tags: t}}}}\n" for n in range(SIZE_MAX // 5_000 + 3)]
    started = time.perf_counter()
    (problem,) = problems(large + "".join(rules))
    assert problem == f"a.yaml:105:39: rules[100].when.text.words: {TOO_MUCH}"
    assert time.perf_counter() - started < 10


def test_long_chains_and_many_cycles_end_quickly() -> None:
    size = 3_000
    everything = [f"  n{n}: [$n{max(n - 1, 0)}, $n{n + 1}, $n0]" for n in range(size)]
    started = time.perf_counter()
    found = problems("\n".join(["categories: {c: }", "default: c", "lists:", *everything, f"  n{size}: [$n{size // 2}]"]))
    assert time.perf_counter() - started < 10
    assert "a.yaml:4:3: lists.n0: list 'n0' leads to itself: n0 > n0" in found
    assert len(found) <= 2 * size
    assert all(len(problem) < 200 for problem in found)


graphs = st.dictionaries(st.integers(0, 9).map(str), st.lists(st.integers(0, 10).map(str), max_size=4), max_size=10)


@settings(deadline=None)
@given(graphs)
def test_the_order_of_reading(graph: dict[str, list[str]]) -> None:
    order, cycles = reading_order(graph)
    assert sorted(order) == sorted(graph)
    reached = {name: {used for used in graph[name] if used in graph} for name in graph}
    for _ in graph:
        reached = {name: used.union(*(reached[one] for one in used)) for name, used in reached.items()}
    circular = {name for name in graph if name in reached[name]}
    assert bool(cycles) == bool(circular)
    assert cycles.keys() <= circular
    for first, written in cycles.items():
        names = written.split(" > ")
        assert names[0] == names[-1] == first
        assert "…" in names or all(after in graph[before] for before, after in pairwise(names))
    if not circular:
        places = {name: place for place, name in enumerate(order)}
        assert all(places[used] < places[name] for name in graph for used in graph[name] if used in graph)


def test_the_account_is_told_once() -> None:
    usage = Usage()
    assert [usage.spend(size) for size in (SIZE_MAX - 1, 1, 1, 0, 5)] == [True, True, False, None, None]


WORDS = ["reso", "send back", "$5", "ordine"]
CHANNELS = ["email", "sms", "$5"]

texts_of = {
    "w": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    "c": st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3),
}


@st.composite
def named_rules(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A rules file with names, and the same written out."""
    lists: dict[str, list[str]] = {}
    plain: dict[str, list[str]] = {}

    def operands(kind: str) -> tuple[list[str], list[str]]:
        own = draw(texts_of[kind])
        names = draw(st.lists(st.sampled_from([n for n in plain if n[0] == kind] or [""]), max_size=2))
        names = [name for name in names if name]
        return [*(f"${text}" if text[0] == "$" else text for text in own), *(f"${name}" for name in names)], [
            text for part in (own, *(plain[name] for name in names)) for text in part
        ]

    for n in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from("wc"))
        lists[f"{kind}{n}"], plain[f"{kind}{n}"] = operands(kind)

    blocks: dict[str, Any] = {}
    written: dict[str, Any] = {}

    def condition(depth: int) -> tuple[dict[str, Any], dict[str, Any]]:
        what = draw(st.sampled_from(["channel", "text", "use", "any", "all", "not"][: 6 if depth < 2 else 3]))
        if what == "channel":
            short, long = operands("c")
            return {"channel": short}, {"channel": [f"${x}" if x[0] == "$" else x for x in long]}
        if what == "text" or (what == "use" and not blocks):
            short, long = operands("w")
            return {"text": {"contains": short}}, {"text": {"contains": [f"${x}" if x[0] == "$" else x for x in long]}}
        if what == "use":
            names = draw(st.lists(st.sampled_from(sorted(blocks)), min_size=1, max_size=2))
            return {"use": names}, {"all": [written[name] for name in names]}
        parts = [condition(depth + 1) for _ in range(draw(st.integers(1, 2)))]
        return {what: [short for short, _ in parts]}, {what: [long for _, long in parts]}

    for n in range(draw(st.integers(0, 3))):
        blocks[f"b{n}"], written[f"b{n}"] = condition(0)
    rules = [condition(0) for _ in range(draw(st.integers(1, 4)))]
    head = {"categories": {"c": None}, "default": "c"}
    then = [{"tags": [f"t{n}"]} for n in range(len(rules))]
    named = [{"name": f"r{n}", "when": short, "then": then[n]} for n, (short, _) in enumerate(rules)]
    inline = [{"name": f"r{n}", "when": long, "then": then[n]} for n, (_, long) in enumerate(rules)]
    more = {"lists": lists} | {"conditions": blocks}
    return {**head, **{key: value for key, value in more.items() if value}, "rules": named}, {**head, "rules": inline}


def loaded(data: dict[str, Any]) -> Ruleset:
    return load([("a.yaml", json.dumps(data))])


@settings(max_examples=200, deadline=None)
@given(
    named_rules(),
    st.lists(
        st.fixed_dictionaries({}, optional={"channel": st.sampled_from([*CHANNELS, "form"]), "text": st.sampled_from(
            [*WORDS, "x", "ORDINE $5", "Reso send  back"])}), min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_names_decide_as_what_they_stand_for(files: tuple[dict[str, Any], dict[str, Any]], messages: list[Facts]) -> None:
    named, inline = map(loaded, files)
    for facts in messages:
        assert named.route(facts).tags == inline.route(facts).tags


names = st.one_of(st.sampled_from(["a", "b", "c"]), st.text(max_size=4))
texts = st.one_of(names.map(lambda name: f"${name}"), st.text(max_size=5), st.integers(), st.none())
hostile_conditions: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"use": st.one_of(names, st.lists(names), st.none(), st.integers())}),
        st.fixed_dictionaries({"channel": st.one_of(texts, st.lists(texts))}),
        st.fixed_dictionaries({"text": st.dictionaries(st.sampled_from(["words", "contains", "matches"]), texts)}),
        texts,
    ),
    lambda inner: st.dictionaries(st.sampled_from(["any", "all", "not", "use"]), st.one_of(inner, st.lists(inner, max_size=3))),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(names, st.one_of(texts, st.lists(texts, max_size=3)), max_size=3),
    st.dictionaries(names, texts, max_size=2),
    st.dictionaries(names, hostile_conditions, max_size=3),
    hostile_conditions,
)
def test_whatever_is_named_is_read_or_an_error_with_its_place(lists: Any, patterns: Any, conditions: Any, when: Any) -> None:
    data = {
        "categories": {"c": None},
        "default": "c",
        "lists": lists,
        "patterns": patterns,
        "conditions": conditions,
        "extract": {"field": next(iter(patterns.values()), "x")},
        "rules": [{"name": "r", "when": when, "then": {"tags": "t"}}],
    }
    found: list[Problem] = []
    try:
        ruleset = loaded(data)
    except ConfigError as error:
        found += error.problems
    else:
        assert ruleset.route({"text": "x", "channel": "a"}).category == "c"
    assert all(problem.line for problem in found)
