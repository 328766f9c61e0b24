"""What the rules that match do to the decision (docs/rules.md, How rules work together, What a rule can do)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.interpreter.reading import Value
from tests.interpreter.vocabulary import ADDED, FIRST_WINS

RAISE: Final = re.compile(r"\+([1-9])")
SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
HIGHEST: Final = 9
TIMES: Final = ("first_reply", "next_reply", "resolution", "warn")


def seconds(written: str) -> int:
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([dhms])", written))


@dataclass
class Deciding:
    """What the rules that matched so far have set, and which of them did."""

    won: dict[str, Value] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    raised: int = 0
    by: dict[str, list[str]] = field(default_factory=dict)
    final: bool = False


class Decisions:
    """Applies the `then` of rules, one after the other."""

    seen: Counter[tuple[str, bool]]

    first_wins = FIRST_WINS
    accumulates = ADDED

    def apply(self, name: str, then: Mapping[str, Value], so_far: Deciding) -> set[str]:
        """What the rule called `name` wins."""
        wins = {key for key, value in then.items() if self.wins(key, value, so_far)}
        for key, value in then.items():
            self.seen[f"then {key}{' +n' if key == 'priority' and RAISE.fullmatch(value.written) else ''}", key in wins] += 1
        for key in wins:
            place = 0 if self.is_winner(key, then[key]) else len(so_far.by.get(key, []))
            so_far.by.setdefault(key, []).insert(place, name)
        so_far.final = so_far.final or self.is_final(then)
        return wins

    def is_winner(self, key: str, value: Value) -> bool:
        """Whether it wins a field, so that it is named before those that add to it."""
        return key not in self.accumulates and not RAISE.fullmatch(value.written)

    def is_final(self, then: Mapping[str, Value]) -> bool:
        return "final" in then and then["final"].plain is True

    def wins(self, key: str, value: Value, so_far: Deciding) -> bool:
        if key in self.accumulates:
            return self.add(key, value, so_far)
        if key == "priority" and (found := RAISE.fullmatch(value.written)):
            so_far.raised += int(found[1])
            return True
        if key == "final":
            return False
        return self.set_first(key, value, so_far)

    def set_first(self, key: str, value: Value, so_far: Deciding) -> bool:
        if key in so_far.won:
            return False
        so_far.won[key] = value
        return True

    def add(self, key: str, value: Value, so_far: Deciding) -> bool:
        """All are added, each thing once."""
        there = so_far.added.setdefault(key, [])
        for text in value.texts():
            if text not in there:
                there.append(text)
        return True

    def decision(self, so_far: Deciding, categories: Mapping[str, Value], default: str) -> dict[str, Any]:
        """All fields of the decision, by the names that the router gives them."""
        texts = {key: value.written for key, value in so_far.won.items() if key != "sla"}
        category = texts.get("category", default)
        own = categories[category].keys()
        sla = self.of_category("sla", so_far.won.get("sla"), own)
        playbook = self.of_category("playbook", so_far.won.get("playbook"), own)
        return {
            "category": category,
            "targets": self.targets(so_far, texts, category),
            "priority": self.priority(so_far, own),
            "tags": so_far.added.get("tags", []),
            "owners": self.owners(so_far, own),
            "sla": None if sla is None else self.promised(sla.keys()),
            "playbook": playbook.written if playbook is not None else None,
            "product": texts.get("product"),
            "discard": texts.get("discard"),
            "reply": texts.get("reply"),
            "notify": so_far.added.get("notify", []),
            "decided_by": self.decided_by(so_far, own),
        }

    def promised(self, about: Mapping[str, Value]) -> dict[str, Any]:
        """Times in seconds, and what happens before and after the end (docs/rules.md, Response times)."""
        times = {key: seconds(about[key].written) for key in TIMES if key in about}
        steps = {key: self.escalation(about[key].keys()) for key in ("on_warning", "on_breach") if key in about}
        calendar = {"calendar": about["calendar"].written} if "calendar" in about else {}
        return {**times, **calendar, **steps}

    def escalation(self, about: Mapping[str, Value]) -> dict[str, Any]:
        found: dict[str, Any] = {key: list(dict.fromkeys(about[key].texts())) for key in ("notify", "copy_to") if key in about}
        return found | ({"priority": int(about["priority"].written)} if "priority" in about else {})

    def of_category(self, key: str, won: Value | None, own: Mapping[str, Value]) -> Value | None:
        return won if won is not None else own.get(key)

    def targets(self, so_far: Deciding, texts: Mapping[str, str], category: str) -> list[str]:
        if "discard" in texts:
            return []
        return list(dict.fromkeys([texts.get("queue", category), *so_far.added.get("copy_to", [])]))

    def priority(self, so_far: Deciding, own: Mapping[str, Value]) -> int:
        base = self.of_category("priority", so_far.won.get("priority"), own)
        return min((int(base.written) if base is not None else 0) + so_far.raised, HIGHEST)

    def owners(self, so_far: Deciding, own: Mapping[str, Value]) -> list[str]:
        return so_far.added.get("owners") or (list(dict.fromkeys(own["owners"].texts())) if "owners" in own else [])

    def decided_by(self, so_far: Deciding, own: Mapping[str, Value]) -> dict[str, str]:
        by = {key: list(rules) for key, rules in so_far.by.items()}
        by.setdefault("category", ["default"])
        for key in ("sla", "owners", "playbook"):
            if key in own:
                by.setdefault(key, ["category"])
        if "priority" in own and "priority" not in so_far.won:
            by["priority"] = ["category", *by.get("priority", [])]
        return {key: ", ".join(rules) for key, rules in by.items()}
