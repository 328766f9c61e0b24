"""Rendering the explanation that `Ruleset.route` wrote. Nothing is evaluated again: the record says it all.

The record is compact JSON: `ruleset` (the hash), `tried` (for each rule in order the id of the condition that failed, or
the list of fields the rule won; rules after a final one are not in it), `values` (of the facts that rules ask about, in the
order of `Ruleset.asked`),
`errors` (of expressions, by condition id) and `decided_by`.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from router.model import Rule
from router.ruleset import Ruleset
from router.wording import condition_in_words, facts_of, value_in_words


class ExplanationMismatch(ValueError):
    """The explanation was written by another version of the rules, whose text is needed to render it."""


def as_data(ruleset: Ruleset, explanation: bytes) -> dict[str, Any]:
    """The explanation with names and places in the rules files.

    Gives `ruleset`, `decided_by`, `values`, and `rules`: for each its `name`, `file`, `line` and `outcome` (`matched`,
    `failed`, `not_tried`); a matched one has `won` (fields), a failed one has `failed` (`condition` in words, `file`,
    `line`, `column`, `values` of the facts it asks about, and `error` where an expression had one).
    Raises ExplanationMismatch when another ruleset wrote it.
    """
    record = orjson.loads(explanation)
    if record["ruleset"] != ruleset.hash:
        raise ExplanationMismatch(f"written by ruleset {record['ruleset']}, not by {ruleset.hash}: load that version")
    record["values"] = dict(zip(ruleset.asked, record["values"], strict=True))
    return {
        "ruleset": ruleset.hash,
        "decided_by": record["decided_by"],
        "values": record["values"],
        "rules": list(_rules(ruleset, record)),
    }


def _rules(ruleset: Ruleset, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tried = record["tried"]
    for index, rule in enumerate(ruleset.rules):
        if index >= len(tried):
            yield _entry(rule, "not_tried")
        elif isinstance(tried[index], list):
            yield _entry(rule, "matched", won=tried[index])
        else:
            yield _entry(rule, "failed", failed=_failed(ruleset, tried[index], record))


def _entry(rule: Rule, outcome: str, **more: Any) -> dict[str, Any]:
    file, line, _ = rule.place
    return {"name": rule.name, "file": file, "line": line, "outcome": outcome, **more}


def _failed(ruleset: Ruleset, number: int, record: dict[str, Any]) -> dict[str, Any]:
    condition = ruleset.conditions[number]
    file, line, column = condition.place
    failed = {
        "condition": condition_in_words(condition),
        "file": file,
        "line": line,
        "column": column,
        "values": {fact: record["values"].get(fact) for fact in facts_of(condition)},
    }
    error = record.get("errors", {}).get(str(number))
    return {**failed, "error": error} if error else failed


def render(ruleset: Ruleset, explanation: bytes) -> str:
    """The explanation as text for people: every rule with what became of it, then who decided each field.

    Raises ExplanationMismatch when another ruleset wrote it.
    """
    data = as_data(ruleset, explanation)
    lines = [line for rule in data["rules"] for line in _rule_lines(rule)]
    lines.append("decided by")
    lines += [f"  {field}: {by}" for field, by in data["decided_by"].items()]
    return "\n".join(lines) + "\n"


def _rule_lines(rule: dict[str, Any]) -> Iterator[str]:
    place = f"{rule['file']}:{rule['line']}"
    if rule["outcome"] == "matched":
        yield f"+ {rule['name']} ({place}) matched; " + (f"won {', '.join(rule['won'])}" if rule["won"] else "won nothing")
    elif rule["outcome"] == "not_tried":
        yield f"  {rule['name']} ({place}) not tried: a final rule matched before"
    else:
        failed = rule["failed"]
        yield f"- {rule['name']} ({place}) did not match"
        yield f"    line {failed['line']}: {failed['condition']}"
        yield from (f"    {fact} was {value_in_words(value)}" for fact, value in failed["values"].items())
        if "error" in failed:
            yield f"    could not be evaluated: {failed['error']}"
