"""The router beside the interpreter: what differs for one message."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import router.explain
from router.ruleset import Ruleset
from tests.interpreter.interpreter import Interpreter, Outcome, Told

FIELDS: Final = ("category", "priority", "playbook", "product", "discard", "reply")
LISTS: Final = ("targets", "tags", "owners", "notify")


def differences(real: Ruleset, model: Interpreter, message: Mapping[str, Any]) -> list[str]:
    """One line for each thing that the router does in another way."""
    decision = real.route(message)
    outcome = model.route(message)
    found: dict[str, Any] = {name: getattr(decision, name) for name in FIELDS}
    found |= {name: list(getattr(decision, name)) for name in LISTS}
    found["sla"] = None if decision.sla is None else _said(asdict(decision.sla))
    found |= {"decided_by": dict(decision.decided_by), "extracted": _exact(decision.extracted)}
    expected = outcome.decision | {"extracted": _exact(outcome.extracted)}
    lines = [
        f"{name}: router {found[name]!r}, interpreter {expected[name]!r}" for name in expected if found[name] != expected[name]
    ]
    return lines + _explained(router.explain.as_data(real, decision.explanation), outcome)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was written down of it, in lists as JSON has them."""
    said = {name: _said(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items() if value not in (None, ())}


def _exact(values: Mapping[str, Any]) -> dict[str, Any]:
    """True is not 1; a number is the same with a point and without."""
    return {name: (isinstance(value, bool), value) for name, value in values.items()}


def _explained(data: Mapping[str, Any], outcome: Outcome) -> list[str]:
    lines = []
    if data["decided_by"] != outcome.decision["decided_by"]:
        lines.append(f"decided_by of the explanation: {data['decided_by']!r}")
    rules = data["rules"]
    if len(rules) != len(outcome.rules):
        lines.append(f"{len(rules)} rules are told, not {len(outcome.rules)}")
    for found, told in zip(rules, outcome.rules, strict=False):
        real, expected = _real(found), _told(told)
        if real != expected:
            lines.append(f"rule {told.name!r}: router {real!r}, interpreter {expected!r}")
    return lines


def _told(told: Told) -> dict[str, Any]:
    wanted: dict[str, Any] = {"name": told.name, "file": told.place.file, "line": told.place.line, "outcome": told.outcome}
    if told.outcome == "matched":
        wanted["won"] = sorted(told.won)
    failed = told.failed
    if failed is not None:
        place = failed.place
        wanted["failed"] = (place.file, place.line, place.column, failed.values, failed.error)
    return wanted


def _real(found: Mapping[str, Any]) -> dict[str, Any]:
    real = {name: found[name] for name in ("name", "file", "line", "outcome")}
    if "won" in found:
        real["won"] = sorted(found["won"])
    if "failed" in found:
        failed = found["failed"]
        real["failed"] = (failed["file"], failed["line"], failed["column"], failed["values"], "error" in failed)
    return real
