"""Makes a failing pair of ruleset and message short."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tests.interpreter.generator import Ruleset

Fails = Callable[[Ruleset, Mapping[str, Any]], bool]
Path = tuple[Any, ...]
Change = Callable[[], dict[str, Any] | None]


def shrink(ruleset: Ruleset, message: Mapping[str, Any], fails: Fails) -> tuple[Ruleset, dict[str, Any]]:
    """The shortest that is found by leaving out one thing after the other. `fails` says whether it still differs."""
    facts = dict(message)
    shorter = True
    while shorter:
        ruleset, smaller = _shorter_ruleset(ruleset, facts, fails)
        facts, less = _shorter(facts, _less, partial(fails, ruleset))
        shorter = smaller or less
    return ruleset, facts


def _shorter_ruleset(ruleset: Ruleset, facts: Mapping[str, Any], fails: Fails) -> tuple[Ruleset, bool]:
    documents, found = _shorter(ruleset.documents, _changes, lambda one: fails(replace(ruleset, documents=one), facts))
    return replace(ruleset, documents=documents), found


def _shorter(value: Any, changes: Callable[[Any], list[Any]], fails: Callable[[Any], bool]) -> tuple[Any, bool]:
    """One way through all changes; what follows a change that does no harm is tried on the shorter one."""
    number, found = 0, False
    while number < len(changed := changes(value)):
        smaller = changed[number]()
        if smaller is not None and fails(smaller):
            value, found = smaller, True
        else:
            number += 1
    return value, found


def _less(facts: dict[str, Any]) -> list[Change]:
    changes: list[Change] = [partial(_without, facts, name) for name in facts]
    for name, value in facts.items():
        if isinstance(value, str) and name != "received":
            half = len(value) // 2
            changes += [partial(_cut, facts, name, 0, half), partial(_cut, facts, name, half, len(value))] if half else []
            changes += [partial(_cut, facts, name, start, start + 1) for start in range(len(value))]
    return changes


def _without(facts: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key != name}


def _cut(facts: dict[str, Any], name: str, start: int, end: int) -> dict[str, Any]:
    return {**facts, name: facts[name][:start] + facts[name][end:]}


def _changes(documents: dict[str, Any]) -> list[Change]:
    return [partial(_changed, documents, path, change) for path in _paths(documents, ()) for change in (_drop, _lift)]


def _changed(documents: dict[str, Any], path: Path, change: Callable[[dict[str, Any], Path], bool]) -> dict[str, Any] | None:
    smaller = copy.deepcopy(documents)
    return smaller if change(smaller, path) else None


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
