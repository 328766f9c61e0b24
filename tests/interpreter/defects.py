"""Interpreters with one defect each.

They show that a comparison sees what it is made to see: one that finds nothing in them proves nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from tests.interpreter.conditions import Failed
from tests.interpreter.decisions import Deciding
from tests.interpreter.defects_texts import TEXTS
from tests.interpreter.defects_values import VALUES
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.reading import Entry, Value


class StopsNever(Interpreter):
    """`final` does nothing."""

    def is_final(self, then: Mapping[str, Value]) -> bool:
        return False


class StopsWheneverNamed(Interpreter):
    """`final: false` stops, too."""

    def is_final(self, then: Mapping[str, Value]) -> bool:
        return "final" in then


class LastWins(Interpreter):
    """The last rule that sets a field wins it."""

    def set_first(self, key: str, value: Value, so_far: Deciding) -> bool:
        so_far.won[key] = value
        return True


class ListsAreWon(Interpreter):
    """The first rule wins a list."""

    def add(self, key: str, value: Value, so_far: Deciding) -> bool:
        return not so_far.added.get(key) and super().add(key, value, so_far)


class ThingsTwice(Interpreter):
    """What two rules add stands in a list twice."""

    def add(self, key: str, value: Value, so_far: Deciding) -> bool:
        so_far.added.setdefault(key, []).extend(value.texts())
        return True


class NewThingsOnly(Interpreter):
    """A rule that adds nothing new has won nothing."""

    def add(self, key: str, value: Value, so_far: Deciding) -> bool:
        before = len(so_far.added.get(key, ()))
        super().add(key, value, so_far)
        return len(so_far.added[key]) > before


class RaisesBeyondNine(Interpreter):
    """A priority is raised without end."""

    def priority(self, so_far: Deciding, own: Mapping[str, Value]) -> int:
        base = self.of_category("priority", so_far.won.get("priority"), own)
        return (int(base.written) if base is not None else 0) + so_far.raised


class RaisesInOrder(Interpreter):
    """Who raises is named where it stands, not after the winner."""

    def is_winner(self, key: str, value: Value) -> bool:
        return False


class RaiseReplacesCategory(Interpreter):
    """Where a rule raises, the priority of the category does not count."""

    def priority(self, so_far: Deciding, own: Mapping[str, Value]) -> int:
        return super().priority(so_far, {} if so_far.raised else own)


class OwnersOfBoth(Interpreter):
    """Owners of the category come to those of rules."""

    def owners(self, so_far: Deciding, own: Mapping[str, Value]) -> list[str]:
        return list(dict.fromkeys([*super().owners(so_far, own), *super().owners(Deciding(), own)]))


class CategoryBeforeRules(Interpreter):
    """What a category says holds even where a rule says something else."""

    def of_category(self, key: str, won: Value | None, own: Mapping[str, Value]) -> Value | None:
        return own.get(key, won)


class DiscardedGoSomewhere(Interpreter):
    """A message that is discarded has targets."""

    def targets(self, so_far: Deciding, texts: Mapping[str, str], category: str) -> list[str]:
        return super().targets(so_far, {key: value for key, value in texts.items() if key != "discard"}, category)


class QueueBesideCategory(Interpreter):
    """A queue gets the message besides the queue of the category."""

    def targets(self, so_far: Deciding, texts: Mapping[str, str], category: str) -> list[str]:
        found = super().targets(so_far, texts, category)
        return [*found, category] if found and category not in found else found


class FilesByName(Interpreter):
    """Files are read in the order of the alphabet."""

    def in_file_order(self, documents: list[dict[str, Value]]) -> list[dict[str, Value]]:
        return sorted(documents, key=lambda one: next(iter(one.values())).place.file)


class AnyIsAll(Interpreter):
    """`any` wants all."""

    def ask_entry(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        if entry.key == "any":
            holds = all(self.ask_part(part, facts) is None for part in self.parts(entry))
            return None if holds else self.told(entry, facts)
        return super().ask_entry(entry, facts)


class NotTheFirst(Interpreter):
    """Under `not` only the first condition matters."""

    def parts(self, entry: Entry) -> list[Value]:
        found = super().parts(entry)
        return found[:1] if entry.key == "not" else found


class UseTheFirst(Interpreter):
    """Of several names under `use` the first one counts."""

    def parts(self, entry: Entry) -> list[Value]:
        found = super().parts(entry)
        return found[:1] if entry.key == "use" else found


class ExpressionsInOrder(Interpreter):
    """Expressions are asked where they stand."""

    def in_order(self, entries: list[Entry]) -> list[Entry]:
        return entries


class UseIsOneThing(Interpreter):
    """What is named is asked as a whole, its expressions with the rest."""

    def brought_in(self, when: Value) -> list[Entry]:
        return list(when.entries or ())


DEFECTS: Final[tuple[type[Interpreter], ...]] = (
    *(StopsNever, StopsWheneverNamed, LastWins, ListsAreWon, ThingsTwice, NewThingsOnly, RaisesBeyondNine, RaisesInOrder),
    *(RaiseReplacesCategory, OwnersOfBoth, CategoryBeforeRules, DiscardedGoSomewhere, QueueBesideCategory, FilesByName),
    *(AnyIsAll, NotTheFirst, UseTheFirst, ExpressionsInOrder, UseIsOneThing),
    *TEXTS,
    *VALUES,
)
