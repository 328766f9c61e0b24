"""How an explanation holds the value of a fact: enough to understand a decision, never a message's text."""

from collections.abc import Mapping
from math import isfinite

from router.vocabulary import Value

LENGTH_MAX = 80
ITEMS_MAX = 10
_INT64 = 2**63

Shown = str | int | float | bool | list[str] | Mapping[str, int] | None


PLAIN = frozenset((type(None), bool, float))
"""Types whose values are shown as they are."""


def shown(value: Value, private: bool) -> Shown:
    """The value as JSON can hold it: a text cut to 80 characters, a list to 10 items; of a private one its length."""
    if isinstance(value, str):
        return {"length": len(value)} if private else _cut(value)
    if isinstance(value, tuple | frozenset):
        return [_cut(item) for item in (sorted(value) if isinstance(value, frozenset) else value)[:ITEMS_MAX]]
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_INT64 <= value < _INT64 else "a very large number"
    return value


def is_exact(value: Value) -> bool:
    """Whether a number or a date is shown as it is, so that it can be compared again."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return -_INT64 <= value < _INT64
    return not isinstance(value, str) or (len(value) <= LENGTH_MAX and value.isascii())


def _cut(text: str) -> str:
    short = text if len(text) <= LENGTH_MAX else text[: LENGTH_MAX - 1] + "…"
    return short if short.isascii() else short.encode("utf-8", "replace").decode()
