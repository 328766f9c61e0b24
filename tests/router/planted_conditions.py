"""Random conditions, and messages of which they often hold."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from router.vocabulary import Facts

CHANNELS: Final = ("email", "sms", "form", "line")
WORDS: Final = ("refund", "send back", "order", "perché", "back", "broken")
PIECES: Final = ("ref", "und", "refund", "ord", "perche", "oke")
TAGS: Final = ("vip", "press", "shop", "vip-gold")
KINDS: Final = ("text", "media", "call")
DAYS: Final = ("2026-01-01", "2026-01-02", "2026-03-01")
COMPARE: Final = ("<", "<=", ">", ">=", "==", "!=")


def message(draw: Random) -> Facts:
    """A message in which every fact is often one that rules ask for."""
    text = " ".join(draw.choice((*WORDS, *PIECES, "PERCHE", "hello")) for _ in range(draw.randint(0, 4)))
    facts: dict[str, Any] = {
        "channel": draw.choice((*CHANNELS, "other", None)),
        "kind": draw.choice(KINDS),
        "sender.proof": draw.choice(("verified", "claimed", "agent")),
        "text": draw.choice((text, text, text, None)),
        "customer.tags": frozenset(draw.sample(TAGS, draw.randint(0, 3))),
        "customer.new": draw.choice((True, False, None)),
        "customer.messages": draw.randint(0, 5),
        "fields.total": draw.choice((None, -1, 0, 0.5, 1, 1.25, 1.5, 2, 3)),
        "fields.bought": draw.choice((None, "2025-12-31", "2026-01-15", *DAYS)),
        "fields.gift": draw.choice((True, False, None)),
    }
    return {name: value for name, value in facts.items() if value is not None}


def leaf(draw: Random) -> dict[str, Any]:
    """One condition."""
    return draw.choice(_LEAVES)(draw)


def condition(draw: Random, depth: int = 0) -> dict[str, Any]:
    """A condition, joined from others at times."""
    shape = draw.randint(0, 9) if depth < 2 else 0
    if shape < 5:
        return leaf(draw)
    if shape < 7:
        return leaf(draw) | leaf(draw)
    parts = [condition(draw, depth + 1) for _ in range(draw.randint(1, 3))]
    return {("any", "all", "not")[shape - 7]: parts}


def _some(draw: Random, values: tuple[Any, ...], most: int = 2) -> list[Any]:
    return draw.sample(values, draw.randint(1, most))


def _bound(draw: Random, values: tuple[Any, ...]) -> str:
    return f"{draw.choice(COMPARE)} {draw.choice(values)}"


_LEAVES: Final[tuple[Callable[[Random], dict[str, Any]], ...]] = (
    lambda draw: {"channel": draw.choice((None, *_some(draw, CHANNELS)))},
    lambda draw: {"channel": _some(draw, CHANNELS, 3)},
    lambda draw: {"channel": {"starts_with": _some(draw, ("e", "em", "s", "f"))}},
    lambda draw: {"channel": {"contains": _some(draw, ("m", "a", "or"))}},
    lambda draw: {"kind": _some(draw, KINDS)},
    lambda draw: {"kind": {"contains": draw.choice(("e", "ll"))}},
    lambda draw: {"text": {"words": _some(draw, WORDS, 3)}},
    lambda draw: {"text": {"contains": _some(draw, PIECES, 3)}},
    lambda draw: {"text": {"starts_with": _some(draw, PIECES)}},
    lambda draw: {"text": {"matches": draw.choice(("ref", "^r", "b.c"))}},
    lambda draw: {"text": None},
    lambda draw: {"customer.tags": _some(draw, TAGS)},
    lambda draw: {"customer.tags": {"words": draw.choice(("vip", "gold"))}},
    lambda draw: {"customer.tags": None},
    lambda draw: {"customer.new": draw.choice((True, False, None))},
    lambda draw: {"customer.messages": [_bound(draw, (0, 1, 2, 3, 4)) for _ in range(draw.randint(1, 2))]},
    lambda draw: {"fields.total": _bound(draw, (0, 1, 1.5, 2))},
    lambda draw: {"fields.bought": _bound(draw, DAYS)},
    lambda draw: {"fields.gift": draw.choice((True, False, None))},
    lambda draw: {"expr": draw.choice(("customer.messages > 2", "size(text) < 9"))},
)
