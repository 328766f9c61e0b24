"""Random rulesets: what a file declares, its rules and what they do."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.interpreter import pools
from tests.interpreter.asking import FREE, Asking
from tests.interpreter.writing import Bare, Writer

CATEGORIES: Final = ("returns", "orders", "general", "press")
QUEUES: Final = ("night", "archive", "partners")
TEMPLATES: Final = ("received", "we-are-closed")
OWNERS: Final = ("logistics@example.it", "boss@example.it", "anna@example.it")
TAGS: Final = ("rma", "angry", "live", "vip")
FIELDS: Final = {"total": "number", "weight": "number", "order": "text", "note": "text", "gift": "boolean", "bought": "date"}
RULES: Final = (1, 14)


@dataclass(frozen=True)
class Ruleset:
    """Documents by file name, and what they ask for: values by fact."""

    seed: str
    documents: dict[str, dict[str, Any]]
    literals: Mapping[str, Sequence[Any]]
    calendars: tuple[str, ...]

    def files(self) -> list[tuple[str, str]]:
        return [(name, Writer(f"{self.seed} {name}").document(document)) for name, document in self.documents.items()]


class Generator(Asking):
    """Draws one ruleset. The same seed draws the same one."""

    def __init__(self, seed: str) -> None:
        super().__init__()
        self.seed = seed
        self.chances = random.Random(seed)  # noqa: S311  # no secret
        self.calendars = self.chances.choice(((), ("office",), ("office", "Night_2")))

    def ruleset(self) -> Ruleset:
        declared: list[tuple[str, Any]] = [
            ("fields", dict(FIELDS)),
            ("calendars", {name: self.calendar() for name in self.calendars}),
            ("categories", {name: self.category() for name in CATEGORIES}),
            ("queues", list(QUEUES)),
            ("templates", {name: {"text": {"it": "Grazie!"}} for name in TEMPLATES}),
            ("lists", self.named_lists()),
            ("patterns", self.named_patterns()),
            ("extract", self.extractors()),
        ]
        declared.append(("conditions", self.named_conditions()))
        rules = [self.rule(number) for number in range(self.chances.randint(*RULES))]
        documents = self.in_files(declared, rules)
        return Ruleset(self.seed, documents, self.literals, tuple(self.calendars))

    def in_files(self, declared: Sequence[tuple[str, Any]], rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What is declared stands in any of the files; rules are in the order of the files."""
        count = self.chances.choice((1, 1, 2, 3))
        names = self.chances.sample(("rules.yaml", "brands/casa.yaml", "a.yaml", "10-last.yaml"), count)
        documents: dict[str, dict[str, Any]] = {name: {} for name in names}
        for key, value in declared:
            if isinstance(value, list):
                documents[self.pick(names)][key] = value
            else:
                for name, one in value.items():
                    documents[self.pick(names)].setdefault(key, {})[name] = one
        documents[self.pick(names)]["default"] = self.pick(CATEGORIES)
        ends = sorted(self.chances.randint(0, len(rules)) for _ in names[1:])
        for name, start, end in zip(names, [0, *ends], [*ends, len(rules)], strict=True):
            if rules[start:end]:
                documents[name]["rules"] = rules[start:end]
        return {name: self.shuffled(document) for name, document in documents.items() if document}

    def shuffled(self, document: dict[str, Any]) -> dict[str, Any]:
        keys = list(document)
        if self.chances.random() < 0.3:
            self.chances.shuffle(keys)
        return {key: document[key] for key in keys}

    def maybe(self, chance: float, key: str, value: Any) -> dict[str, Any]:
        return {key: value} if self.chances.random() < chance else {}

    def calendar(self) -> dict[str, Any]:
        week = self.chances.choice(pools.WEEKS)
        country, region = self.chances.choice(pools.PLACES)
        where = {"country": country} | ({"region": region} if region else {})
        closed = [Bare(one) for one in self.chances.sample(pools.CLOSINGS, self.chances.randint(1, 3))]
        opened = {Bare(day): self.spans(1) for day in self.chances.sample(pools.OPENINGS, self.chances.randint(1, 3))}
        return {
            "timezone": self.pick(pools.ZONES),
            "hours": {days: self.spans(count) for days, count in week.items()},
            **self.maybe(0.6, "holidays", where),
            **self.maybe(0.5, "closed", self.one_or_several(closed)),
            **self.maybe(0.4, "open", opened),
        }

    def spans(self, count: int) -> Any:
        return self.one_or_several(self.chances.sample(pools.SPANS, count)) if count else []

    def sla(self) -> dict[str, Any]:
        calendar = self.maybe(0.5, "calendar", self.pick(self.calendars)) if self.calendars else {}
        promises = self.chances.sample(("first_reply", "next_reply", "resolution"), self.chances.choice((1, 1, 2, 3)))
        return {
            **{name: self.pick(("90s", "30m", "4h", "1h30m", "2d", "1d2h3m4s")) for name in promises},
            **calendar,
            **self.maybe(0.3, "warn", self.pick(("1s", "1m", "89s"))),
            **self.maybe(0.2, "on_warning", self.escalation()),
            **self.maybe(0.3, "on_breach", self.escalation()),
        }

    def escalation(self) -> dict[str, Any]:
        found = {
            **self.maybe(0.5, "notify", self.some(OWNERS)),
            **self.maybe(0.5, "copy_to", self.some((*QUEUES, *CATEGORIES))),
            **self.maybe(0.5, "priority", self.chances.randint(0, 9)),
        }
        return found or {"priority": 9}

    def category(self) -> dict[str, Any] | None:
        found = {
            **self.maybe(0.3, "label", "A label"),
            **self.maybe(0.3, "owners", self.some(OWNERS)),
            **self.maybe(0.3, "sla", self.sla()),
            **self.maybe(0.3, "priority", self.chances.randint(0, 9)),
            **self.maybe(0.3, "playbook", "https://wiki.example.it/category"),
        }
        return found if found or self.chances.random() < 0.5 else None

    def some(self, values: Sequence[str]) -> Any:
        return self.one_or_several(self.chances.sample(values, self.chances.choice((1, 1, 2))))

    def named_lists(self) -> dict[str, Any]:
        """Lists of what may stand where: words, or the values of one fact. A list may hold the one before it."""
        found: dict[str, Any] = {}
        for name, about in (
            ("refund-words", "text"),
            ("all_words", "text"),
            ("partners", "sender.domain"),
            ("tiers", "customer.tier"),
        ):
            if self.chances.random() < 0.6:
                sort = self.sort_of(about, "words")
                entries = [self.plain_entry(about, "words") for _ in range(self.chances.randint(1, 4))]
                entries += [f"${one}" for one, what in self.lists.items() if what == sort]
                found[name] = self.one_or_several(list(dict.fromkeys(entries)))
                self.lists[name] = sort
        return found

    def named_patterns(self) -> dict[str, str]:
        found = {
            name: self.pick((*pools.PATTERNS, *pools.EXTRACTING[:2]))
            for name in ("order-number", "p2")
            if self.chances.random() < 0.5
        }
        self.patterns = list(found)
        return found

    def named_conditions(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in ("written", "from-a-partner", "c3"):
            if self.chances.random() < 0.5:
                found[name] = self.when(2)
                self.conditions = list(found)
        return found

    def extractors(self) -> dict[str, Any]:
        return {name: self.extractor(FIELDS.get(name, "text")) for name in (*FIELDS, "model") if self.chances.random() < 0.3}

    def extractor(self, kind: str) -> Any:
        pattern = self.pick(pools.FOR_KINDS[kind] if self.chances.random() < 0.8 else pools.EXTRACTING)
        if self.patterns and self.chances.random() < 0.2:
            pattern = f"${self.pick(list(self.patterns))}"
        if self.chances.random() < 0.5:
            return pattern
        return {"pattern": pattern, **self.maybe(0.8, "from", self.some((*FREE, "sender.handle")))}

    def rule(self, number: int) -> dict[str, Any]:
        name = self.pick((f"rule-{number}", f"Régola {number}: così", f"r {number}"))
        return {"name": name, **self.maybe(0.92, "when", self.when()), "then": self.then()}

    def then(self) -> dict[str, Any]:
        """What a rule does. A new action needs a line here, and its name in `vocabulary.py`."""
        actions = {
            "category": self.pick(CATEGORIES),
            "queue": self.pick((*QUEUES, *CATEGORIES)),
            "copy_to": self.some((*QUEUES, *CATEGORIES)),
            "priority": self.chances.choice((self.chances.randint(0, 9), f"+{self.chances.randint(1, 9)}")),
            "tags": self.some(TAGS),
            "owners": self.some(OWNERS),
            "sla": self.sla(),
            "product": self.pick(("Lamp", "Chair 2")),
            "playbook": self.pick(("https://wiki.example.it/a", "https://wiki.example.it/b")),
            "discard": self.pick(("a newsletter", "spam: no")),
            "reply": self.pick(TEMPLATES),
            "notify": self.some(OWNERS),
            "final": True,
        }
        weights = {"discard": 0.5, "final": 0.5, "tags": 3, "category": 3, "priority": 3}
        keys = self.chances.choices(list(actions), [weights.get(key, 1) for key in actions], k=self.chances.randint(1, 4))
        return {key: actions[key] for key in dict.fromkeys(keys)} | self.maybe(0.03, "final", False)
