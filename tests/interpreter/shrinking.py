"""Makes a failing pair of ruleset and message short."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.interpreter.generator import Ruleset

Fails = Callable[[Ruleset, Mapping[str, Any]], bool]
Path = tuple[Any, ...]


def shrink(ruleset: Ruleset, message: Mapping[str, Any], fails: Fails) -> tuple[Ruleset, dict[str, Any]]:
    """The shortest that is found by leaving out one thing after the other. `fails` says whether it still differs."""
    facts = dict(message)
    shorter = True
    while shorter:
        shorter = False
        for smaller in _smaller(ruleset.documents):
            candidate = replace(ruleset, documents=smaller)
            if fails(candidate, facts):
                ruleset, shorter = candidate, True
                break
        for less in _less(facts):
            if fails(ruleset, less):
                facts, shorter = less, True
                break
    return ruleset, facts


def _less(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in facts:
        yield {key: value for key, value in facts.items() if key != name}
    for name, value in facts.items():
        if isinstance(value, str) and name != "received":
            for size in (len(value) // 2, 1):
                for start in range(0, len(value), size or 1):
                    yield {**facts, name: value[:start] + value[start + (size or 1) :]}


def _smaller(documents: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in _paths(documents, ()):
        for change in (_drop, _lift):
            smaller = copy.deepcopy(documents)
            if change(smaller, path):
                yield smaller


def _paths(value: Any, path: Path) -> Iterator[Path]:
    """All that can be left out, the largest first."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _paths(one, (*path, key))


def _parent(documents: Any, path: Path) -> Any:
    for key in path[:-1]:
        documents = documents[key]
    return documents


def _drop(documents: dict[str, Any], path: Path) -> bool:
    del _parent(documents, path)[path[-1]]
    return True


def _lift(documents: dict[str, Any], path: Path) -> bool:
    """What stands inside `any`, `all` or `not` takes its place, and one value that of a list."""
    holder, key = _parent(documents, path), path[-1]
    value = holder[key]
    if key in ("any", "all", "not") and isinstance(holder, dict):
        inner = value if isinstance(value, dict) else value[0]
        del holder[key]
        holder.update({name: one for name, one in inner.items() if name not in holder})
        return True
    if isinstance(value, list) and len(value) == 1:
        holder[key] = value[0]
        return True
    return False
