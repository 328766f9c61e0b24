"""Reading `tests:`: a message as facts, and what must come of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from router import keys
from router.actions import template_name
from router.declarations import Declarations
from router.measures import duration, priority
from router.model import Escalation, Place
from router.moments import day, moment
from router.promises import PROMISES, SlaReader
from router.reading import Node, suggestion
from router.vocabulary import RECEIVED, Fact, Facts, Value, file_kind

Expected = str | int | bool | tuple[str, ...] | Mapping[str, Value] | Escalation | None


OF_SLA: Final = "sla."
"""What stands before the name of a setting of `sla`."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message and the fields its decision must have, by the names they have under `expect:`, settings of `sla` with a dot."""

    name: str
    place: Place
    facts: Facts
    expect: Mapping[str, Expected]


class CaseReader:
    """Reads tests against the vocabulary and what is declared."""

    def __init__(self, vocabulary: Mapping[str, Fact], targets: frozenset[str], declared: Declarations) -> None:
        self._vocabulary = vocabulary
        categories, calendars = declared.categories, declared.calendars
        self._zones = {calendar.zone for calendar in calendars.values() if calendar}
        self._expected: Mapping[str, Callable[[Node], Expected]] = {
            "category": lambda node: node.name_in(categories, "category"),
            "queue": lambda node: node.name_in(targets, "queue or category"),
            "targets": lambda node: _names(node, targets),
            "priority": priority,
            "tags": _texts,
            "owners": _texts,
            "playbook": _text_or_none,
            "product": _text_or_none,
            "reply": lambda node: None if node.value is None else template_name(node, declared.templates),
            "notify": _texts,
            "discard": _discard,
            "decided_by": _decided_by,
            "fields": lambda node: _fields(node, vocabulary),
        }
        escalation = SlaReader(calendars, targets).escalation
        self._of_sla: Mapping[str, Callable[[Node], Expected]] = {
            **dict.fromkeys((*PROMISES, "warn"), duration),
            "calendar": lambda node: node.name_in(calendars, "calendar"),
            "on_warning": escalation,
            "on_breach": escalation,
        }
        self.known = (*self._expected, "sla")

    def read(self, node: Node) -> Case | None:
        """One test; what is wrong has been reported, and then gives None."""
        entries = node.mapping(keys.CASE)
        if not isinstance(node.value, dict):
            return None
        missing = [key for key in ("message", "expect") if key not in entries]
        if missing:
            node.fail(f"must have {' and '.join(missing)}")
            return None
        name = entries["name"].text() if "name" in entries else None
        facts = self.message(entries["message"])
        expect = dict(self._expect(entries["expect"]))
        return Case(name or f"tests[{node.loc[-1]}]", node.place, facts, expect)

    def message(self, node: Node) -> Facts:
        """The facts of a message, complete; what is wrong has been reported."""
        facts: dict[str, Value] = {}
        self._read_facts("", node, facts)
        return self._complete(facts)

    def _read_facts(self, prefix: str, node: Node, into: dict[str, Value]) -> None:
        """The facts of a message, whose names may be dotted or nested."""
        for key, child in node.mapping().items():
            name = prefix + key
            fact = self._vocabulary.get(name)
            if name in into:
                child.fail("is given twice", key=True)
            elif name == RECEIVED:
                into[name] = None if child.value is None else moment(child, self._zones)
            elif fact is not None:
                into[name] = _value(child, fact)
            elif any(known.startswith(f"{name}.") for known in self._vocabulary):
                self._read_facts(f"{name}.", child, into)
            else:
                child.fail("no message has this", suggestion(name, self._vocabulary), key=True)

    def _complete(self, given: dict[str, Value]) -> Facts:
        """The facts with what follows from them, and the defaults of the vocabulary for all others."""
        facts = {**{name: fact.default for name, fact in self._vocabulary.items()}, **_following(given), **given}
        new = facts["customer.messages"] == 0 if "customer.new" not in given else given["customer.new"]
        missing = {name: None for name, value in given.items() if value is None and self._vocabulary[name].derived}
        match = given.get("customer.match", "new" if new else "verified")
        return {**_present(facts), **missing, "customer.match": match, "customer.new": new}

    def _expect(self, node: Node) -> Iterator[tuple[str, Expected]]:
        if not node.value:
            node.fail("must name at least one field of the decision")
        for key, child in node.mapping(self.known).items():
            if key == "sla":
                for part, inner in child.mapping(keys.SLA).items():
                    yield f"{OF_SLA}{part}", None if inner.value is None else self._of_sla[part](inner)
            else:
                yield key, self._expected[key](child)


def _following(given: Mapping[str, Value]) -> dict[str, Value]:
    """What a message surely has when it has the given facts."""
    facts: dict[str, Value] = {"sender.proof": "verified"}
    handle, types = given.get("sender.handle"), given.get("attachments.types")
    if isinstance(handle, str) and "@" in handle:
        facts |= {"sender.kind": "email", "sender.domain": handle.rpartition("@")[2].lower()}
    if isinstance(types, tuple):
        facts |= {"attachments.count": len(types), "attachments.kinds": tuple(map(file_kind, types))}
    return facts


def _present(facts: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in facts.items() if value is not None}


def _value(node: Node, fact: Fact) -> Value:
    if node.value is None:
        return None
    if fact.type == "list":
        return frozenset(node.texts()) if isinstance(fact.default, frozenset) else node.texts()
    if fact.type == "boolean":
        return node.flag()
    if fact.type in ("integer", "number"):
        return _number(node, fact)
    text = node.text()
    if text is not None and fact.choices and text not in fact.choices:
        node.fail("can never be so", suggestion(text, fact.choices))
    if text is not None and fact.type == "date":
        return _date(node, text)
    return text


def _number(node: Node, fact: Fact) -> int | float | None:
    value = node.value
    if isinstance(value, int if fact.type == "integer" else int | float) and not isinstance(value, bool):
        return value
    node.fail("must be a whole number" if fact.type == "integer" else "must be a number")
    return None


def _date(node: Node, text: str) -> str | None:
    if day(text) is not None:
        return text
    node.fail("must be a date", "for example 2026-11-30")
    return None


def _names(node: Node, names: frozenset[str]) -> tuple[str, ...]:
    found = (item.name_in(names, "queue or category") for item in node.items())
    return tuple(name for name in found if name is not None)


def _texts(node: Node) -> tuple[str, ...]:
    return () if node.value == [] else node.texts()


def _text_or_none(node: Node) -> str | None:
    return None if node.value is None else node.text()


def _discard(node: Node) -> str | bool | None:
    return node.value if isinstance(node.value, bool) else _text_or_none(node)


def _fields(node: Node, vocabulary: Mapping[str, Fact]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    known = [name.removeprefix("fields.") for name in vocabulary if name.startswith("fields.")]
    for name, child in node.mapping().items():
        if name in known:
            found[name] = _value(child, vocabulary[f"fields.{name}"])
        else:
            child.fail(f"there is no field {name!r}", suggestion(name, known) or "declare it under fields:", key=True)
    return found


def _decided_by(node: Node) -> Mapping[str, str]:
    return {key: text for key, child in node.mapping().items() if (text := child.text()) is not None}
