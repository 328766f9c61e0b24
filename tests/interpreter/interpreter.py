"""The rule language of docs/rules.md, read from that page alone and done in the plainest way.

Rules are asked one after the other, conditions as they are written. Nothing is shared with `router/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.interpreter.calendars import Calendar
from tests.interpreter.conditions import Conditions, Declared, Failed
from tests.interpreter.decisions import Deciding, Decisions
from tests.interpreter.extracting import Extracting
from tests.interpreter.reading import Place, Value, read


@dataclass(frozen=True)
class Told:
    """What the explanation says of one rule."""

    name: str
    place: Place
    outcome: str
    won: frozenset[str] = frozenset()
    failed: Failed | None = None


@dataclass(frozen=True)
class Outcome:
    """A decision with its explanation."""

    decision: dict[str, Any]
    extracted: dict[str, Any] = field(default_factory=dict)
    rules: list[Told] = field(default_factory=list)


class Interpreter(Conditions, Decisions, Extracting):
    """A ruleset made of files: pairs of name and YAML."""

    calendar_class = Calendar

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        documents = [read(name, text).keys() for name, text in files]

        def joined(key: str) -> dict[str, Value]:
            return {name: value for one in documents if key in one for name, value in one[key].keys().items()}

        self.extract_from = joined("extract")
        types = dict.fromkeys(self.extract_from, "text") | {name: value.written for name, value in joined("fields").items()}
        super().__init__(Declared(types, joined("lists"), joined("patterns"), joined("conditions")))
        self.categories = joined("categories")
        self.calendars = {name: self.calendar_class(value) for name, value in joined("calendars").items()}
        self.default = next(one["default"].written for one in documents if "default" in one)
        self.rules = [rule for one in self.in_file_order(documents) if "rules" in one for rule in one["rules"].items or ()]

    def in_file_order(self, documents: list[dict[str, Value]]) -> list[dict[str, Value]]:
        return documents

    def route(self, message: Mapping[str, Any]) -> Outcome:
        extracted = self.extracted(self.extract_from, self.declared.fields, message)
        facts = self.of_calendars(message) | {f"fields.{name}": value for name, value in extracted.items()}
        so_far = Deciding()
        told = [self.try_rule(rule, facts, so_far) for rule in self.rules]
        return Outcome(self.decision(so_far, self.categories, self.default), extracted, told)

    def of_calendars(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message with the four facts of each calendar, except those it has."""
        facts = dict(message)
        if facts.get("received") is not None:
            for name, calendar in self.calendars.items():
                said = calendar.facts(facts["received"])
                self.seen["calendar open", said["hours"] == "open"] += 1
                self.seen["calendar holiday", said["holiday"] is True] += 1
                for what, value in said.items():
                    facts.setdefault(f"{what}.{name}", value)
        return facts

    def try_rule(self, rule: Value, facts: Mapping[str, Any], so_far: Deciding) -> Told:
        keys = rule.keys()
        name = keys["name"].written
        self.seen["stopped by a final rule", so_far.final] += 1
        if so_far.final:
            return Told(name, rule.place, "not_tried")
        failed = self.ask(keys["when"], facts) if "when" in keys else None
        if failed is not None:
            return Told(name, rule.place, "failed", failed=failed)
        return Told(name, rule.place, "matched", won=frozenset(self.apply(name, keys["then"].keys(), so_far)))
