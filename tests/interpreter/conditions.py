"""Conditions, asked one after the other as they are written."""

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.interpreter.cel import CannotEvaluateError, Expressions, names, parsed
from tests.interpreter.reading import Entry, Place, Value
from tests.interpreter.texts import Texts
from tests.interpreter.vocabulary import CALENDAR_TYPES, type_of

OPERATORS: Final = ("words", "contains", "starts_with", "matches")
COMPARISON: Final = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*(\S+)\s*")
COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SHOWN_TEXT: Final = 80
SHOWN_ITEMS: Final = 10


@dataclass(frozen=True)
class Declared:
    """What the files declare: types of fields, and named things."""

    fields: dict[str, str] = field(default_factory=dict)
    lists: dict[str, Value] = field(default_factory=dict)
    patterns: dict[str, Value] = field(default_factory=dict)
    conditions: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """The condition that failed: its place, the values of what it asks, whether an expression had none."""

    place: Place
    values: dict[str, object]
    error: bool = False


def _all(each: list[bool | None]) -> bool | None:
    return False if False in each else None if None in each else True


def _not(holds: bool | None) -> bool | None:
    return None if holds is None else not holds


class Conditions(Texts, Expressions):
    """Asks the conditions of one ruleset. `seen` counts how often each construct held (`True`) and failed."""

    def __init__(self, declared: Declared) -> None:
        super().__init__()
        self.declared = declared
        self.seen: Counter[tuple[str, bool]] = Counter()

    def ask(self, when: Value, facts: Mapping[str, Any]) -> Failed | None:
        """The conditions directly under `when`: those in which an expression stands come last."""
        entries = self.in_order(self.brought_in(when))
        return self.fails_without_expressions(entries, facts) or self.ask_each(entries, facts)

    def ask_each(self, entries: list[Entry], facts: Mapping[str, Any]) -> Failed | None:
        return next((failed for one in entries if (failed := self.ask_entry(one, facts)) is not None), None)

    def fails_without_expressions(self, entries: list[Entry], facts: Mapping[str, Any]) -> Failed | None:
        """The first condition that fails whatever expressions say; then none is evaluated. Inside `all` the part of it."""
        for entry in entries:
            if self.known(entry, facts) is False:
                if entry.key in ("all", "use"):
                    return self.fails_without_expressions(
                        [one for part in self.parts(entry) for one in part.entries or ()], facts
                    )
                return self.ask_entry(entry, facts) if not self.has_expression(entry) else self.told(entry, facts)
        return None

    def known(self, entry: Entry, facts: Mapping[str, Any]) -> bool | None:
        """Whether a condition holds, nothing where that is up to an expression."""
        if entry.key == "expr":
            return None
        if entry.key not in ("any", "all", "not", "use"):
            return self.ask_fact(entry, facts) is None
        each = [_all([self.known(one, facts) for one in part.entries or ()]) for part in self.parts(entry)]
        if entry.key in ("all", "use"):
            return _all(each)
        one_holds = _not(_all([_not(one) for one in each]))
        return one_holds if entry.key == "any" else _not(one_holds)

    def parts(self, entry: Entry) -> list[Value]:
        """The mappings under `any`, `all`, `not` or `use`."""
        return [self.named(name) for name in entry.value.texts()] if entry.key == "use" else list(entry.value.many())

    def brought_in(self, when: Value) -> list[Entry]:
        """What `use` names under `when` is asked as if it stood there."""
        found: list[Entry] = []
        for entry in when.entries or ():
            named = [self.named(name) for name in entry.value.texts()] if entry.key == "use" else []
            found += [one for part in named for one in self.brought_in(part)] if entry.key == "use" else [entry]
        return found

    def in_order(self, entries: list[Entry]) -> list[Entry]:
        return sorted(entries, key=self.has_expression)

    def has_expression(self, entry: Entry) -> bool:
        if entry.key in ("any", "all", "not", "use"):
            return any(self.has_expression(one) for part in self.parts(entry) for one in part.entries or ())
        return entry.key == "expr"

    def named(self, name: str) -> Value:
        return self.declared.conditions[name]

    def ask_entry(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        """One key and its value: nothing when it holds, else the part of it that is told."""
        if entry.key in ("all", "use"):
            return self.counted(entry.key, self.ask_all(self.parts(entry), facts))
        if entry.key in ("any", "not"):
            each = [self.ask_part(part, facts) is None for part in self.parts(entry)]
            holds = any(each) if entry.key == "any" else not any(each)
            return self.counted(entry.key, None if holds else self.told(entry, facts))
        if entry.key == "expr":
            return self.ask_expression(entry, facts)
        return self.ask_fact(entry, facts)

    def ask_all(self, parts: list[Value], facts: Mapping[str, Any]) -> Failed | None:
        return next((failed for part in parts if (failed := self.ask_part(part, facts)) is not None), None)

    def ask_part(self, part: Value, facts: Mapping[str, Any]) -> Failed | None:
        """The conditions of one mapping inside `any`, `all`, `not` or `use`."""
        return self.ask_each(list(part.entries or ()), facts)

    def counted(self, what: str, failed: Failed | None) -> Failed | None:
        self.seen[what, failed is None] += 1
        return failed

    def told(self, entry: Entry, facts: Mapping[str, Any], *, error: bool = False) -> Failed:
        return Failed(entry.place, {name: self.shown(name, facts.get(name)) for name in self.asked(entry)}, error)

    def asked(self, entry: Entry) -> Iterator[str]:
        """The names of the facts that a condition asks for."""
        if entry.key == "expr":
            yield from names(parsed(entry.value.written))
        elif entry.key in ("any", "all", "not", "use"):
            yield from (name for part in self.parts(entry) for one in part.entries or () for name in self.asked(one))
        else:
            yield entry.key

    def shown(self, name: str, value: Any) -> object:
        """A value as the explanation shows it: of the message's text only the length."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if name == "text":
            return {"length": len(value)}
        if isinstance(value, str):
            return value if len(value) <= SHOWN_TEXT else value[: SHOWN_TEXT - 1] + "…"
        items = sorted(value) if isinstance(value, frozenset) else list(value)
        return [self.shown("", item) for item in items[:SHOWN_ITEMS]]

    def ask_expression(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        tree = parsed(entry.value.written)
        error = False
        try:
            holds = bool(self.value(tree, self.typed(facts)))
        except CannotEvaluateError:
            holds, error = False, True
        self.seen["expr", holds] += 1
        self.seen["expr without a value", error] += 1
        return None if holds else self.told(entry, facts, error=error)

    def typed(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A declared number and an age have a point in expressions."""
        pointed = {f"fields.{name}" for name, kind in self.declared.fields.items() if kind == "number"} | {"conversation.age"}
        return {
            name: float(value) if name in pointed and isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in facts.items()
        }

    def ask_fact(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        value, kind = facts.get(entry.key), type_of(entry.key, self.declared.fields)
        start = entry.key.partition(".")[0]
        return self.counted(
            f"fact {start if start in CALENDAR_TYPES else entry.key}", self.ask_value(entry, kind, value, facts)
        )

    def ask_value(self, entry: Entry, kind: str, value: Any, facts: Mapping[str, Any]) -> Failed | None:
        if entry.value.entries is not None:
            return self.ask_operators(entry, value, facts)
        what = "null" if entry.value.plain is None and entry.value.items is None else f"{kind} is"
        holds = self.missing(value) if what == "null" else self.is_one_of(kind, value, entry.value)
        return self.counted(what, None if holds else self.told(entry, facts))

    def missing(self, value: object) -> bool:
        """Nothing, the empty text and the empty list."""
        return value is None or value == "" or (not isinstance(value, str | int | float) and not value)

    def is_one_of(self, kind: str, value: Any, wanted: Value) -> bool:
        if self.missing(value):
            return False
        if kind == "text":
            return value in self.entries(wanted)
        if kind == "list":
            return any(item in self.entries(wanted) for item in value)
        return any(self.compares(kind, value, one) for one in wanted.many())

    def compares(self, kind: str, value: Any, wanted: Value) -> bool:
        """A number, a date, true or false: one value or a comparison in quotes."""
        if kind == "boolean":
            return value is wanted.plain
        found = COMPARISON.fullmatch(wanted.written)
        sign, limit = (found[1], found[2]) if found else ("==", wanted.written)
        holds = COMPARE[sign](value, limit) if kind == "date" else COMPARE[sign](value, float(limit))
        self.seen[f"{kind} {sign}", holds] += 1
        return holds

    def entries(self, value: Value) -> list[str]:
        """The texts of a value: `$name` stands for those of the list, `$$` for a dollar sign."""
        return [text for written in value.texts() for text in self.entry(written)]

    def entry(self, written: str) -> list[str]:
        if written.startswith("$$"):
            return [written[1:]]
        if written.startswith("$"):
            return self.entries(self.declared.lists[written[1:]])
        return [written]

    def pattern(self, written: str) -> str:
        if written.startswith("$$"):
            return written[1:]
        return self.declared.patterns[written[1:]].written if written.startswith("$") else written

    def ask_operators(self, entry: Entry, value: Any, facts: Mapping[str, Any]) -> Failed | None:
        """All operators must hold; the one that fails is told where it stands."""
        texts = [] if self.missing(value) else [value] if isinstance(value, str) else list(value)
        for one in entry.value.entries or ():
            patterns = one.key == "matches"
            entries = [self.pattern(text) for text in one.value.texts()] if patterns else self.entries(one.value)
            holds = any(self.looks(one.key, text, entries) for text in texts)
            self.seen[f"{one.key} in {type_of(entry.key, self.declared.fields)}", holds] += 1
            if not holds:
                return Failed(one.place, {entry.key: self.shown(entry.key, facts.get(entry.key))})
        return None
