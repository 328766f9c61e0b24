"""Random rules over random messages, against an interpreter that is too plain to be wrong."""

import json
import re
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router import explain
from router.load import load
from router.vocabulary import Facts

CHANNELS = ["email", "sms", "form"]
WORDS = ["reso", "rimborso", "ordine", "perché"]
PATTERNS = [
    "RMA-[0-9]+",
    "(?i)rma",
    "^re:",
    "[0-9]{2}",
    "a+|b",
    "(?:R|x)MA-1",
    "ma.1",
    "R?MA-?2",
    r"\bRMA\b",
    "RMA-1|RMA-2",
]
SUBJECTS = ["re: RMA-12", "RE: rma", "perché", "PERCHE", "x RMA-2", "MA2 b", "", "aa"]

leaves = st.one_of(
    st.sampled_from(CHANNELS).map(lambda value: {"channel": value}),
    st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=2).map(lambda values: {"channel": values}),
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(0, 3)).map(
        lambda bound: {"history.unanswered": f"{bound[0]} {bound[1]}"}
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda words: {"text": {"words": words}}),
    st.sampled_from(["vip", "press"]).map(lambda tag: {"customer.tags": tag}),
    st.just({"language": None}),
    st.sampled_from(["rma", "per", "e: r", "é"]).map(lambda text: {"subject": {"contains": text}}),
    st.lists(st.sampled_from(["re:", "Perch", "x"]), min_size=1, max_size=2).map(
        lambda texts: {"subject": {"starts_with": texts}}
    ),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3).map(lambda patterns: {"subject": {"matches": patterns}}),
    st.just({"text": {"words": "reso ordine"}}),
    st.just({"expr": "history.unanswered > 1 || channel == 'sms'"}),
)
conditions: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        inner.map(lambda part: {"not": part}),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"not": parts}),
        st.tuples(leaves, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=5,
)
actions = st.fixed_dictionaries(
    {"tags": st.lists(st.sampled_from("abc"), min_size=1, max_size=2)},
    optional={
        "category": st.sampled_from(["one", "two"]),
        "queue": st.sampled_from(["q", "p"]),
        "copy_to": st.lists(st.sampled_from(["q", "p", "one"]), min_size=1, max_size=2),
        "priority": st.one_of(st.integers(0, 9), st.sampled_from(["+1", "+5"])),
        "product": st.sampled_from(["x", "y"]),
        "final": st.booleans(),
    },
)
rules = st.lists(st.fixed_dictionaries({"when": conditions, "then": actions}), max_size=6)
messages = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(CHANNELS),
        "history.unanswered": st.integers(0, 4),
        "text": st.lists(st.sampled_from([*WORDS, "PERCHE", "resoconto", "Reso!"]), max_size=3).map(" ".join),
        "customer.tags": st.frozensets(st.sampled_from(["vip", "press"])),
        "language": st.just("it"),
        "subject": st.sampled_from(SUBJECTS),
    },
)


def holds(condition: dict[str, Any], facts: Facts) -> bool:
    return all(holds_one(key, wanted, facts) for key, wanted in condition.items())


def holds_one(key: str, wanted: Any, facts: Facts) -> bool:
    parts = wanted if isinstance(wanted, list) else [wanted]
    if key in ("any", "all", "not"):
        each = [holds(part, facts) for part in parts]
        return {"any": any(each), "all": all(each), "not": not any(each)}[key]
    if key == "expr":
        return facts.get("history.unanswered", 0) > 1 or facts.get("channel") == "sms"  # type: ignore[operator]
    value: Any = facts.get(key)
    if wanted is None or value is None:
        return wanted is value
    asked = {
        "history.unanswered": is_number,
        "text": has_words,
        "subject": looks_into,
        "customer.tags": lambda tags, tag: tag in tags,
    }
    return bool(asked[key](value, wanted)) if key in asked else value in parts


def is_number(value: int, wanted: str) -> bool:
    return bool(eval(f"{value} {wanted}"))  # noqa: S307 - the strategy above makes nothing else than comparisons


def has_words(value: str, wanted: dict[str, Any]) -> bool:
    plain = value.lower().replace("é", "e").replace("!", " ").split()
    if wanted["words"] == "reso ordine":
        return ("reso", "ordine") in pairwise(plain)
    return any(word.replace("é", "e") in plain for word in wanted["words"])


def looks_into(value: str, wanted: dict[str, Any]) -> bool:
    ((operator, operands),) = wanted.items()
    plain = value.lower().replace("é", "e")
    operands = [operands] if isinstance(operands, str) else operands
    if operator == "matches":
        return any(re.search(pattern, value, re.ASCII) for pattern in operands)
    folded = [text.lower().replace("é", "e") for text in operands]
    return any(plain.startswith(text) if operator == "starts_with" else text in plain for text in folded)


def first_failed(rule: dict[str, Any], facts: Facts) -> str:
    """The key of the condition that is asked first of those that fail; inside `all` that of its part."""
    conditions = sorted(rule["when"].items(), key=lambda entry: "expr" in json.dumps(entry))
    key, wanted = next(entry for entry in conditions if not holds_one(*entry, facts))
    if key == "all":
        return first_failed({"when": next(part for part in wanted if not holds(part, facts))}, facts)
    return key


def interpret(given: list[dict[str, Any]], facts: Facts) -> dict[str, Any]:
    won: dict[str, Any] = {}
    tags: list[str] = []
    copies: list[str] = []
    raised = 0
    matched = []
    for rule in given:
        matched.append(holds(rule["when"], facts))
        if not matched[-1]:
            continue
        then = rule["then"]
        tags += then["tags"]
        copies += then.get("copy_to", [])
        if isinstance(then.get("priority"), str):
            raised += int(then["priority"])
        for field in ("category", "queue", "product", *(() if isinstance(then.get("priority"), str) else ("priority",))):
            if field in then:
                won.setdefault(field, then[field])
        if then.get("final"):
            break
    category = won.get("category", "one")
    base = won.get("priority", 4 if category == "two" else 0)
    return {
        "category": category,
        "targets": tuple(dict.fromkeys([won.get("queue", category), *copies])),
        "priority": min(9, base + raised),
        "tags": tuple(dict.fromkeys(tags)),
        "product": won.get("product"),
        "matched": matched,
    }


@settings(max_examples=150, deadline=None)
@given(rules, st.lists(messages, min_size=1, max_size=3))
def test_as_the_plain_interpreter(given_rules: list[dict[str, Any]], given_messages: list[Facts]) -> None:
    written = {
        "categories": {"one": None, "two": {"priority": 4}},
        "queues": ["q", "p"],
        "default": "one",
        "rules": [{"name": f"r{n}", **rule} for n, rule in enumerate(given_rules)],
    }
    ruleset = load([("rules.yaml", json.dumps(written))])
    for facts in given_messages:
        decision = ruleset.route(facts)
        explained = explain.as_data(ruleset, decision.explanation)["rules"]
        outcomes = [rule["outcome"] for rule in explained]
        found = {name: getattr(decision, name) for name in ("category", "targets", "priority", "tags", "product")}
        matched = [outcome == "matched" for outcome in outcomes if outcome != "not_tried"]
        assert {**found, "matched": matched} == interpret(given_rules, facts)
        for rule, told in zip(given_rules, explained, strict=True):
            if told["outcome"] == "failed":
                assert words_of(first_failed(rule, facts)) in told["failed"]["condition"]


def words_of(key: str) -> str:
    return f"{key} (" if key in ("any", "not") else key
