"""Rendering the explanation that `Ruleset.route` wrote. No rule is evaluated again: the record has what was found to hold.

The record is compact JSON: `ruleset` (the hash); `matched`, by the places of rules that matched, the fields each won;
`stopped`, the place of a final rule that matched; `held`, the numbers of the questions about texts and equalities that
hold, all of them; `expressions`, by number, what came of those that were asked; `values` of the facts that rules ask
about, in the order of `Ruleset.asked`; `decided_by`; and `overruled`, where something else than a rule decided
(`router.overruling`). A comparison holds or not by the value that stands there; where that is not the whole value, `unlike` has
the numbers of the fact's comparisons that held.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from router.found import Found
from router.model import Condition, Expression, Rule
from router.ruleset import Ruleset
from router.wording import ENGLISH, Words, condition_in_words, facts_of, value_in_words


class ExplanationMismatch(ValueError):
    """The explanation was written by another version of the rules, whose text is needed to render it."""


def as_data(ruleset: Ruleset, explanation: bytes, words: Words = ENGLISH) -> dict[str, Any]:
    """The explanation with names and places in the rules files, conditions said in these words.

    Gives `ruleset`, `decided_by`, `values`, and `rules`: for each its `name`, `file`, `line` and `outcome` (`matched`,
    `failed`, `not_tried`); a matched one has `won` (fields), a failed one has `failed` (`condition` in words, `file`,
    `line`, `column`, `values` of the facts it asks about, and `error` where an expression had one). `overruled` has `by` and
    `reason` where something else than a rule discarded the message.
    Raises ExplanationMismatch when another ruleset wrote it.
    """
    record = orjson.loads(explanation)
    if record["ruleset"] != ruleset.hash:
        raise ExplanationMismatch(f"written by ruleset {record['ruleset']}, not by {ruleset.hash}: load that version")
    record["values"] = dict(zip(ruleset.asked, record["values"], strict=True))
    overruled = {name: value for name, value in record.items() if name == "overruled"}
    return {
        "ruleset": ruleset.hash,
        "decided_by": record["decided_by"],
        **overruled,
        "values": record["values"],
        "rules": list(_rules(ruleset, record, words)),
    }


def _rules(ruleset: Ruleset, record: dict[str, Any], words: Words) -> Iterator[dict[str, Any]]:
    found, stopped = Found(ruleset, record), record.get("stopped", len(ruleset.rules))
    for place, rule in enumerate(ruleset.rules):
        if place > stopped:
            yield _entry(rule, "not_tried")
        elif (won := record["matched"].get(str(place))) is not None:
            yield _entry(rule, "matched", won=won)
        else:
            yield _entry(rule, "failed", failed=_failed(found.first_failed(rule), ruleset, record, words))


def _entry(rule: Rule, outcome: str, **more: Any) -> dict[str, Any]:
    file, line, _ = rule.place
    return {"name": rule.name, "file": file, "line": line, "outcome": outcome, **more}


def _failed(condition: Condition, ruleset: Ruleset, record: dict[str, Any], words: Words) -> dict[str, Any]:
    file, line, column = condition.place
    failed = {
        "condition": condition_in_words(condition, words),
        "file": file,
        "line": line,
        "column": column,
        "values": {fact: record["values"].get(fact) for fact in facts_of(condition)},
    }
    outcome = None
    if isinstance(condition, Expression):
        outcome = record.get("expressions", {}).get(str(ruleset.atoms.number(condition)))
    return {**failed, "error": outcome} if isinstance(outcome, str) else failed


def render(ruleset: Ruleset, explanation: bytes) -> str:
    """The explanation as text for people: every rule with what became of it, then who decided each field.

    Raises ExplanationMismatch when another ruleset wrote it.
    """
    data = as_data(ruleset, explanation)
    lines = [line for rule in data["rules"] for line in _rule_lines(rule)]
    if (overruled := data.get("overruled")) is not None:
        lines.append(f"discarded by {overruled['by']}, whatever the rules say: {overruled['reason']}")
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
