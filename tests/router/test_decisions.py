"""What the actions of matching rules make together."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from router.load import load
from router.model import Decision, Escalation, Sla

HEAD = """
categories:
  returns: {owners: [r@example.it], sla: {first_reply: 4h, calendar: office}, priority: 3, playbook: https://example.it/r}
  general:
queues: [recovery, partners]
templates: {received: {text: {it: Grazie}}, night: {text: {it: Buonanotte}}}
calendars: {office: {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}}}
default: general
rules:
"""

NOTHING: dict[str, Any] = {
    "category": "general",
    "targets": ("general",),
    "priority": 0,
    "tags": (),
    "owners": (),
    "sla": None,
    "playbook": None,
    "product": None,
    "reply": None,
    "notify": (),
    "discard": None,
    "decided_by": {"category": "default"},
    "extracted": {},
    "failed": (),
}

RETURNS: dict[str, Any] = {
    **NOTHING,
    "category": "returns",
    "targets": ("returns",),
    "priority": 3,
    "owners": ("r@example.it",),
    "sla": Sla(first_reply=4 * 3600, calendar="office"),
    "playbook": "https://example.it/r",
    "decided_by": {"category": "a", **dict.fromkeys(("priority", "sla", "playbook", "owners"), "category")},
}


def by(**fields: str) -> dict[str, str]:
    return {"category": "default", **fields}


CASES: list[tuple[str, list[str], dict[str, Any]]] = [
    ("no rule", [], NOTHING),
    ("the category gives what no rule sets", ["{category: returns}"], RETURNS),
    ("the first to set a field wins it", ["{category: returns}", "{category: general}"], RETURNS),
    (
        "rules before the category",
        ["{category: returns, priority: 0, owners: o@example.it, sla: {first_reply: 90s}, playbook: http://example.it/a}"],
        {
            **RETURNS,
            "priority": 0,
            "owners": ("o@example.it",),
            "sla": Sla(first_reply=90),
            "playbook": "http://example.it/a",
            "decided_by": dict.fromkeys(("category", "priority", "owners", "sla", "playbook"), "a"),
        },
    ),
    (
        "all that can be promised",
        [
            "{sla: {first_reply: 4h, next_reply: 8h, resolution: 3d, calendar: office, warn: 30m,"
            " on_warning: {notify: lead@example.it}, on_breach: {notify: [lead@example.it, boss@example.it],"
            " copy_to: [recovery, general], priority: 9}}}"
        ],
        {
            **NOTHING,
            "sla": Sla(
                first_reply=4 * 3600,
                next_reply=8 * 3600,
                resolution=72 * 3600,
                calendar="office",
                warn=1800,
                on_warning=Escalation(notify=("lead@example.it",)),
                on_breach=Escalation(("lead@example.it", "boss@example.it"), ("recovery", "general"), 9),
            ),
            "decided_by": by(sla="a"),
        },
    ),
    ("a queue", ["{queue: recovery}"], {**NOTHING, "targets": ("recovery",), "decided_by": by(queue="a")}),
    ("a category as queue", ["{queue: returns}"], {**NOTHING, "targets": ("returns",), "decided_by": by(queue="a")}),
    (
        "copies, without repeats",
        ["{copy_to: partners}", "{copy_to: [partners, general, recovery]}"],
        {**NOTHING, "targets": ("general", "partners", "recovery"), "decided_by": by(copy_to="a, b")},
    ),
    (
        "lists accumulate",
        ["{tags: [x, y], owners: [o@example.it]}", "{tags: [y, z], owners: [p@example.it]}"],
        {
            **NOTHING,
            "tags": ("x", "y", "z"),
            "owners": ("o@example.it", "p@example.it"),
            "decided_by": by(tags="a, b", owners="a, b"),
        },
    ),
    ("a raise of nothing", ['{priority: "+2"}'], {**NOTHING, "priority": 2, "decided_by": by(priority="a")}),
    (
        "a raise comes after the winner, wherever it stands",
        ['{priority: "+2"}', "{priority: 4}", '{priority: "+1"}', "{priority: 8}"],
        {**NOTHING, "priority": 7, "decided_by": by(priority="b, a, c")},
    ),
    ("nine at most", ["{priority: 8}", '{priority: "+5"}'], {**NOTHING, "priority": 9, "decided_by": by(priority="a, b")}),
    (
        "a raise of the category's priority",
        ["{category: returns}", '{priority: "+1"}'],
        {**RETURNS, "priority": 4, "decided_by": {**RETURNS["decided_by"], "priority": "category, b"}},
    ),
    (
        "the first reply wins, all are told",
        ["{notify: [a@example.it, b@example.it]}", "{reply: night}", "{reply: received, notify: a@example.it}"],
        {
            **NOTHING,
            "reply": "night",
            "notify": ("a@example.it", "b@example.it"),
            "decided_by": by(reply="b", notify="a, c"),
        },
    ),
    ("product", ["{product: PAN-28}"], {**NOTHING, "product": "PAN-28", "decided_by": by(product="a")}),
    (
        "discarded: no target, but the rest is known",
        ["{discard: spam, copy_to: partners}", "{discard: other}", "{category: returns}"],
        {
            **RETURNS,
            "discard": "spam",
            "targets": (),
            "decided_by": {**RETURNS["decided_by"], "category": "c", "discard": "a", "copy_to": "a"},
        },
    ),
    ("final stops", ["{tags: [x], final: true}", "{tags: [y]}"], {**NOTHING, "tags": ("x",), "decided_by": by(tags="a")}),
    ("final: false does not", ["{product: p, final: false}", "{tags: [y]}"], {
        **NOTHING, "product": "p", "tags": ("y",), "decided_by": by(product="a", tags="b")}),
]  # fmt: skip


def decide(rules: list[str]) -> Decision:
    text = HEAD + "".join(f"  - {{name: {chr(97 + n)}, then: {then}}}\n" for n, then in enumerate(rules))
    return load([("rules.yaml", text)]).route({"channel": "email"})


@pytest.mark.parametrize(("rules", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_decision(rules: list[str], expected: dict[str, Any]) -> None:
    decision = decide(rules)
    assert {f.name: getattr(decision, f.name) for f in fields(decision) if f.name not in ("explanation", "matched")} == expected
    tried = next((n + 1 for n, then in enumerate(rules) if "final: true" in then), len(rules))
    assert decision.matched == tuple(chr(97 + n) for n in range(tried)), "every one of these rules matches, until one is final"


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("30m", 1800), ("4h", 14400), ("1h30m", 5400), ("2d", 172_800), ("1d12h", 129_600)]
)
def test_durations(written: str, seconds: int) -> None:
    assert decide([f"{{sla: {{first_reply: {written}}}}}"]).sla == Sla(first_reply=seconds)


def test_a_decision_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        decide([]).priority = 9  # type: ignore[misc]


def test_files_join_in_their_order() -> None:
    first = "fields: {a: text}\ncategories: {one: {}}\ndefault: one\nrules: [{name: x, then: {queue: q, tags: [x]}}]\n"
    second = "fields: {b: number}\ncategories: {two: }\nqueues: [q]\nrules: [{name: y, then: {category: two, tags: [y]}}]\n"
    ruleset = load([("a.yaml", first), ("b.yaml", second), ("empty.yaml", "")])
    decision = ruleset.route({})
    assert (decision.category, decision.targets, decision.tags) == ("two", ("q",), ("x", "y"))
    assert ruleset.targets == {"one", "two", "q"}
    assert ruleset.queues == {"q"}
    assert ruleset.fields == {"a": "text", "b": "number"}
    assert ruleset.categories["two"].label == "two"
    assert ruleset.sources == (("a.yaml", first), ("b.yaml", second), ("empty.yaml", ""))


def test_the_hash_is_of_the_texts_in_order() -> None:
    one, two = "categories: {x: {}}\n", "default: x\n"
    hashes = [load(sources).hash for sources in (
        [("a", one), ("b", two)],
        [("elsewhere/a", one), ("elsewhere/b", two)],
        [("b", two), ("a", one)],
        [("a", one + two)],
    )]  # fmt: skip
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(value.startswith("sha256:") and len(value) == 71 for value in hashes)
