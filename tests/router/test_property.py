"""Random rules over random messages, against an interpreter that is too plain to be wrong."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router import explain
from router.load import load
from router.vocabulary import Facts

CHANNELS = ["email", "sms", "form"]
WORDS = ["reso", "rimborso", "ordine", "perché"]

leaves = st.one_of(
    st.sampled_from(CHANNELS).map(lambda value: {"channel": value}),
    st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=2).map(lambda values: {"channel": values}),
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(0, 3)).map(
        lambda bound: {"history.unanswered": f"{bound[0]} {bound[1]}"}
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda words: {"text": {"words": words}}),
    st.sampled_from(["vip", "press"]).map(lambda tag: {"customer.tags": tag}),
    st.just({"language": None}),
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
    },
)


def holds(condition: dict[str, Any], facts: Facts) -> bool:
    return all(holds_one(key, wanted, facts) for key, wanted in condition.items())


def holds_one(key: str, wanted: Any, facts: Facts) -> bool:
    parts = wanted if isinstance(wanted, list) else [wanted]
    if key in ("any", "all", "not"):
        each = [holds(part, facts) for part in parts]
        return {"any": any(each), "all": all(each), "not": not any(each)}[key]
    value: Any = facts.get(key)
    if wanted is None or value is None:
        return wanted is value
    if key == "history.unanswered":
        return bool(eval(f"{value} {wanted}"))  # noqa: S307 - the strategy above makes nothing else than comparisons
    if key == "text":
        plain = value.lower().replace("é", "e").replace("!", " ").split()
        return any(word.replace("é", "e") in plain for word in wanted["words"])
    return wanted in value if key == "customer.tags" else value in parts


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
        outcomes = [rule["outcome"] for rule in explain.as_data(ruleset, decision.explanation)["rules"]]
        found = {name: getattr(decision, name) for name in ("category", "targets", "priority", "tags", "product")}
        matched = [outcome == "matched" for outcome in outcomes if outcome != "not_tried"]
        assert {**found, "matched": matched} == interpret(given_rules, facts)
