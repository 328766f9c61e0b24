"""What is known of a customer, from whom, and which source wins. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from identity.policy import Source

Field = Literal["name", "language", "tier", "tags", "competence"]
Value = str | list[str] | None
Facts = dict[str, dict[str, tuple[Value, int]]]
"""Field to source to its value and when it was said, in milliseconds since 1970. A value of None takes it back."""

COMPETENCE: Final = "competence"
FIELDS: Final[tuple[Field, ...]] = ("name", "language", "tier", "tags", "competence")
TAGS: Final = "tags"


def say(facts: Facts, field: Field, source: Source, value: Value, at_ms: int) -> bool:
    """Enter what a source says; False where it said something later. `facts` changes."""
    by_source = facts.setdefault(field, {})
    before = by_source.get(source)
    if before is not None and before[1] > at_ms:
        return False
    by_source[source] = (value, at_ms)
    return True


def together(many: Iterable[Facts]) -> Facts:
    """The facts of several customers who are one: of each source the latest, and all their tags."""
    joined: Facts = {}
    for facts in many:
        for field, by_source in facts.items():
            mine = joined.setdefault(field, {})
            for source, said in by_source.items():
                mine[source] = _later(field, mine.get(source), said)
    return joined


def _later(field: str, one: tuple[Value, int] | None, other: tuple[Value, int]) -> tuple[Value, int]:
    if one is None:
        return other
    if field == TAGS:
        return (sorted({*(one[0] or ()), *(other[0] or ())}), max(one[1], other[1]))
    # Between two of one moment the larger text, so that the order in which they are put together does not matter.
    return max(one, other, key=lambda said: (said[1], str(said[0] or "")))


def winner(facts: Facts, field: Field, authority: Sequence[Source]) -> Value:
    """The value of the first source that has one."""
    by_source: Mapping[str, tuple[Value, int]] = facts.get(field, {})
    return next((said[0] for source in authority if (said := by_source.get(source)) and said[0]), None)
