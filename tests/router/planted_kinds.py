"""The faults that `tests.router.planted` plants, each a way in which conditions exclude or imply one another."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.router.planted_conditions import CHANNELS, condition, leaf

Rules = list[dict[str, Any]]
Condition = dict[str, Any]


def _and_not(one: Condition, *more: Condition) -> Condition:
    return {"all": [one, {"not": [*more, one]}]}


def _narrowed(one: Condition, more: Condition) -> tuple[Condition, Condition]:
    return one, {"all": [more, one]}


def _widened(one: Condition, more: Condition) -> tuple[Condition, Condition]:
    return {"any": [more, one]}, one


_DEAD: Final[tuple[Callable[[Random], Condition], ...]] = (
    lambda draw: {"all": [{"channel": CHANNELS[0]}, {"channel": list(CHANNELS[1:])}]},
    lambda draw: {"all": [{"customer.messages": ">= 5"}, {"customer.messages": "< 2"}]},
    lambda draw: {"all": [{"customer.messages": "> 1"}, {"customer.messages": "< 2"}]},
    lambda draw: {"all": [{"fields.total": "> 1.5"}, {"fields.total": ["<= 1", 1.5]}]},
    lambda draw: {"all": [{"fields.bought": "> 2026-01-01"}, {"fields.bought": "< 2026-01-02"}]},
    lambda draw: {"customer.new": True, "not": {"customer.new": [True]}},
    lambda draw: {"not": [{"fields.gift": True}, {"fields.gift": False}, {"fields.gift": None}]},
    lambda draw: _and_not(leaf(draw)),
    lambda draw: _and_not(condition(draw), leaf(draw)),
    lambda draw: {"text": {"words": ["send back", "broken"]}, "not": {"text": {"words": ["back", "broken"]}}},
    lambda draw: {"text": {"words": "refund"}, "not": {"text": {"contains": "fun"}}},
    lambda draw: {"text": {"starts_with": "Order"}, "not": {"text": {"contains": ["ord"]}}},
    lambda draw: {"all": [{"text": {"starts_with": "ord"}}, {"text": {"starts_with": "refund"}}]},
    lambda draw: {"channel": "email", "not": {"channel": {"contains": "MAIL"}}},
    lambda draw: {"all": [{"channel": None}, {"channel": {"contains": "m"}}]},
    lambda draw: {"sender.proof": {"words": "gold"}},
    lambda draw: {"all": [{"customer.tags": None}, {"customer.tags": "vip"}]},
    lambda draw: {"customer.tags": ["vip", "press"], "not": {"customer.tags": ["press", "vip", "shop"]}},
    lambda draw: {"customer.tags": "vip-gold", "not": {"customer.tags": {"words": "gold"}}},
    lambda draw: {"any": [{"channel": "sms"}, {"channel": "line"}], "not": {"channel": ["line", "sms"]}},
    lambda draw: {"expr": "customer.messages > 2", "not": {"expr": "customer.messages > 2"}},
)

_IMPLIED: Final[tuple[Callable[[Random], tuple[Condition | None, Condition]], ...]] = (
    lambda draw: (None, condition(draw)),
    lambda draw: (condition(draw),) * 2,
    lambda draw: _narrowed(condition(draw), leaf(draw)),
    lambda draw: _widened(condition(draw), leaf(draw)),
    lambda draw: ({"channel": ["email", "sms", "form"]}, {"channel": ["sms", "email"]}),
    lambda draw: ({"channel": {"contains": "M"}}, {"channel": ["sms", "email"]}),
    lambda draw: ({"not": {"channel": None}}, {"channel": {"starts_with": "e"}}),
    lambda draw: ({"not": {"channel": ["email"]}}, {"channel": "line"}),
    lambda draw: ({"text": {"words": ["back", "refund"]}}, {"text": {"words": ["send back"]}}),
    lambda draw: ({"text": {"contains": ["REF", "x"]}}, {"text": {"words": "refund"}}),
    lambda draw: ({"text": {"contains": "order"}}, {"text": {"starts_with": ["Order", "an order"]}}),
    lambda draw: ({"text": {"words": "perche"}}, {"text": {"words": "Perché"}, "channel": "sms"}),
    lambda draw: ({"customer.messages": ">= 2"}, {"customer.messages": ["== 3", "> 4"]}),
    lambda draw: ({"customer.messages": ">= 2"}, {"customer.messages": "> 1"}),
    lambda draw: ({"fields.total": "!= 1.5"}, {"fields.total": "> 1.5"}),
    lambda draw: ({"fields.total": ["< 2", ">= 2"]}, {"fields.total": "<= 3"}),
    lambda draw: ({"fields.bought": ">= 2026-01-02"}, {"fields.bought": "> 2026-01-01"}),
    lambda draw: ({"customer.tags": ["vip", "press"]}, {"customer.tags": "vip"}),
    lambda draw: ({"customer.tags": {"words": "vip"}}, {"customer.tags": ["vip", "vip-gold"]}),
    lambda draw: ({"any": [{"channel": "sms"}, {"channel": "email"}]}, {"channel": ["sms", "email"]}),
    lambda draw: ({"not": {"kind": ["text", "call"]}}, {"kind": "media"}),
    lambda draw: ({"not": {"customer.new": True}}, {"any": [{"customer.new": False}, {"customer.new": None}]}),
    lambda draw: ({"not": {"text": {"words": "send back"}}}, {"not": {"text": {"words": "back"}}}),
    lambda draw: ({"expr": "size(text) < 9"}, {"expr": "size(text) < 9", "channel": "form"}),
)


def dead(draw: Random, which: int, name: str) -> Rules:
    """A rule whose conditions no message meets."""
    then = {"category": "of-the-dead", "queue": "q-of-the-dead", "tags": ["dead"], "final": draw.random() < 0.5}
    return [{"name": name, "when": _DEAD[which % len(_DEAD)](draw), "then": then}]


def shadowed(draw: Random, which: int, name: str) -> Rules:
    """A rule, and one that implies it and sets the same fields only."""
    wide, narrow = _IMPLIED[which % len(_IMPLIED)](draw)
    fields: dict[str, tuple[Any, Any]] = {
        "category": ("one", "hidden"), "queue": ("p", "q-hidden"), "priority": (3, 4), "product": ("a", "b"),
    }  # fmt: skip
    chosen = draw.sample(sorted(fields), draw.randint(1, 4))
    above = {key: fields[key][0] for key in chosen} | ({"tags": ["t"]} if draw.random() < 0.5 else {})
    return [_rule(f"{name}-above", wide, above), _rule(name, narrow, {key: fields[key][1] for key in chosen})]


def stopped(draw: Random, which: int, name: str) -> Rules:
    """A final rule, and one that implies it."""
    wide, narrow = _IMPLIED[which % len(_IMPLIED)](draw)
    then = {"category": "hidden", "tags": ["t"], "copy_to": ["q-hidden"]}
    return [_rule(f"{name}-above", wide, {"final": True}), _rule(name, narrow, then)]


KINDS: Final = (len(_DEAD), len(_IMPLIED))
"""How many ways to be dead there are, and how many to imply another."""


def _rule(name: str, when: Condition | None, then: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, **({"when": when} if when else {}), "then": then}
