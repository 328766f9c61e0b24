"""Random conditions over all facts and operators."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from tests.interpreter import pools
from tests.interpreter.expressing import COMPARISONS, Expressing, texts_without_quotes
from tests.interpreter.writing import Bare

FREE: Final = ("text", "subject", "sender.name", "fields.order", "fields.note")
WORDY: Final = tuple(word for word in (*pools.WORDS, *pools.PHRASES) if any(one.isalnum() for one in word))
IN_EXPRESSIONS: Final = texts_without_quotes()
BOOLEANS: Final = ("backlog", "customer.new", "conversation.reopened", "fields.gift")
OPERATORS: Final = ("words", "contains", "starts_with", "matches")


class Asking(Expressing):
    """Draws conditions. What it asks for is remembered in `literals`, for messages to have it."""

    calendars: Sequence[str] = ()
    lists: dict[str, str]
    patterns: Sequence[str] = ()
    conditions: Sequence[str] = ()

    def __init__(self) -> None:
        self.literals: dict[str, list[Any]] = {}
        self.lists = {}

    def note(self, name: str, value: object) -> None:
        self.literals.setdefault(name, []).append(value)

    def fact(self, kind: str) -> str:
        of_calendars = [f"{one}.{name}" for name in self.calendars for one in ("hours", "weekday")]
        dates = [f"date.{name}" for name in self.calendars]
        kinds: dict[str, Sequence[str]] = {
            "text": (*FREE, *FREE, *pools.VALUES, *pools.CLOSED, *of_calendars),
            "list": tuple(pools.ITEMS),
            "whole": tuple(pools.WHOLE),
            "pointed": ("conversation.age", "fields.total", "fields.weight"),
            "boolean": (*BOOLEANS, *(f"holiday.{name}" for name in self.calendars)),
            "date": ("fields.bought", *dates, *dates),
        }  # fmt: skip
        name = self.pick(kinds[kind])
        self.literals.setdefault(name, [])
        return name

    def literal(self, name: str) -> str:
        return self.pick(IN_EXPRESSIONS if name in FREE else self.values(name))

    def values(self, name: str) -> Sequence[str]:
        start = name.partition(".")[0]
        if start == "hours":
            return ("open", "closed")
        if start == "weekday":
            return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        return pools.CLOSED.get(name) or pools.VALUES.get(name) or pools.ITEMS.get(name) or WORDY

    def when(self, depth: int = 3) -> dict[str, Any]:
        """One mapping of conditions that must all hold."""
        found: dict[str, Any] = {}
        for _ in range(self.chances.choice((1, 1, 1, 2, 2, 3))):
            key, value = self.condition(depth)
            found.setdefault(key, value)
        return found

    def condition(self, depth: int) -> tuple[str, Any]:
        drawn = self.chances.random()
        if depth and drawn < 0.3:
            return self.joined(depth - 1)
        if drawn < 0.4:
            return "expr", self.expression()
        if drawn < 0.5 and self.conditions:
            names = self.chances.sample(list(self.conditions), self.chances.randint(1, min(2, len(self.conditions))))
            return "use", names[0] if len(names) == 1 and self.chances.random() < 0.7 else names
        return self.about_fact(self.chances.choice(("text", "text", "text", "list", "whole", "pointed", "boolean", "date")))

    def joined(self, depth: int) -> tuple[str, Any]:
        key = self.pick(("any", "any", "all", "not"))
        if key == "not" and self.chances.random() < 0.5:
            return key, self.when(depth)
        return key, [self.when(depth) for _ in range(self.chances.choice((1, 2, 2, 3)))]

    def about_fact(self, kind: str) -> tuple[str, Any]:
        name = self.fact(kind)
        if self.chances.random() < 0.1:
            return name, None
        if kind in ("text", "list"):
            return name, self.about_text(name)
        return name, self.one_or_several([self.compared(kind, name) for _ in range(self.chances.choice((1, 1, 1, 2)))])

    def one_or_several(self, values: list[Any]) -> Any:
        return values[0] if len(values) == 1 and self.chances.random() < 0.7 else values

    def compared(self, kind: str, name: str) -> Any:
        if kind == "boolean":
            return self.chances.random() < 0.5
        if kind == "date":
            return self.compared_date(name)
        value: float = self.chances.choice(
            pools.WHOLE[name] if kind == "whole" else pools.AGES if name[0] == "c" else pools.NUMBERS
        )
        if abs(value) >= 1e15:
            value = self.chances.choice((0, 3))
        self.note(name, value)
        if self.chances.random() < 0.3:
            return value
        return f"{self.pick(COMPARISONS)}{self.pick(('', ' '))}{value}"

    def compared_date(self, name: str) -> Any:
        drawn = self.chances.choice(pools.DATES if name[0] == "f" else tuple(moment[:10] for moment in pools.MOMENTS))
        self.note(name, drawn)
        return Bare(drawn) if self.chances.random() < 0.3 else f"{self.pick(COMPARISONS)} {drawn}"

    def about_text(self, name: str) -> Any:
        """Exactly a value, or operators."""
        operators = self.chances.random() < (0.85 if name in FREE else 0.3) and name not in pools.CLOSED
        if operators:
            chosen = self.chances.sample(OPERATORS, self.chances.choice((1, 1, 1, 2)))
            return {one: self.one_or_several(self.entries(name, one)) for one in chosen}
        return self.one_or_several(self.entries(name, "is"))

    def entries(self, name: str, operator: str) -> list[str]:
        found = [self.entry(name, operator) for _ in range(self.chances.choice((1, 1, 2, 3)))]
        return list(dict.fromkeys(found))

    def entry(self, name: str, operator: str) -> str:
        if operator == "matches":
            pattern = self.pick(pools.PATTERNS if name in FREE else pools.OF_VALUES)
            return f"${self.pick(list(self.patterns))}" if self.patterns and self.chances.random() < 0.3 else pattern
        holders = [one for one, what in self.lists.items() if what == self.sort_of(name, operator)]
        if holders and self.chances.random() < 0.25:
            return f"${self.pick(holders)}"
        return self.plain_entry(name, operator)

    def sort_of(self, name: str, operator: str) -> str:
        return "words" if name in FREE else name

    def plain_entry(self, name: str, operator: str) -> str:
        if name in FREE:
            value = self.pick(WORDY if operator in ("words", "is") or self.chances.random() < 0.5 else pools.CHARACTERS)
        else:
            value = self.pick(self.values(name))
            if operator in ("contains", "starts_with"):
                start = 0 if operator == "starts_with" else self.chances.randrange(len(value))
                value = value[start : start + self.chances.randint(1, 6)].strip() or value
                value = self.chances.choice((value, value.upper(), value.title()))
        self.note(name, value)
        return "$" + value if value.startswith("$") else value


def day_beside(text: str, days: int) -> str:
    """The date so many days after another."""
    try:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
    except OverflowError:
        return text
