"""What came of trying rules: counts, and a few examples of each kind. Only ids and channels, never words of customers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from router.differing import FIELDS, Change


@dataclass(frozen=True, slots=True)
class Example:
    """A message by its envelope's id."""

    id: str
    channel: str


@dataclass(slots=True)
class Tally:
    """How many messages, and the newest of them."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, message: Example, limit: int) -> None:
        self.count += 1
        if len(self.examples) < limit:
            self.examples.append(message)


@dataclass(slots=True)
class Outcome:
    """Of `messages`, `same` would be treated as before and `changed` otherwise; the rest stands in `not_comparable`, by the
    fact that is missing and the reason. `not_reproduced` are those of which the live rules, asked again, give another
    decision than is stored of the same rules: facts that cannot be right. `examples`: at most so many of each kind are kept.
    `oldest_ms` is when the first of the messages came in.
    """

    examples: int
    messages: int = 0
    same: int = 0
    changed: int = 0
    moves: dict[Change, Tally] = field(default_factory=dict)
    not_comparable: dict[tuple[str, str], Tally] = field(default_factory=dict)
    left_out: int = 0
    not_reproduced: list[Example] = field(default_factory=list)
    oldest_ms: int | None = None

    def compared(self, message: Example, found: Iterable[Change]) -> None:
        """Enter a message with its changes, none where it is treated as before."""
        several = list(found)
        self.messages += 1
        self.same += not several
        self.changed += bool(several)
        for change in several:
            self.moves.setdefault(change, Tally()).add(message, self.examples)

    def cannot_compare(self, message: Example, unknown: Iterable[tuple[str, str]]) -> None:
        """Enter a message of which facts are unknown: their names, each with the reason."""
        self.messages += 1
        self.left_out += 1
        for one in unknown:
            self.not_comparable.setdefault(one, Tally()).add(message, self.examples)

    def by_field(self) -> dict[str, list[tuple[Change, Tally]]]:
        """The changes of each field, those of the most messages first. Fields of the decision come in its own order, then
        those that rules fill."""
        fields: dict[str, list[tuple[Change, Tally]]] = {name: [] for name in FIELDS}
        for change, tally in sorted(self.moves.items(), key=lambda one: (-one[1].count, one[0].field)):
            fields.setdefault(change.field, []).append((change, tally))
        return {name: moves for name, moves in fields.items() if moves}
