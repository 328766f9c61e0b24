"""Answering a question about facts: how many, how long on average, in all and by group. The counted ones as they are stored,
and those that changed a second ago counted at this moment: one snapshot of the database, and one way for both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection

from desk.kpi.rolling import DONE, counted
from storage import kpi_changes, kpi_store
from storage.kpi_chunk import TIMES, Chunk, Fact, Measure, loose
from storage.kpi_store import Wanted

MOST_GROUPS: Final = 1_000
"""More values are no groups: who asks by order number asks for a list."""
RANKED: Final = 40
"""Groups up to which each has its median: that is read digit by digit."""

Group = str | int | None
"""A value of a dimension, or the beginning of a span of time; None: without a value."""
Condition = tuple[str, Sequence[str]]
"""A dimension, and values of which a fact has one."""


class NotCounted(Exception):
    """Figures are being counted for the first time, or after an update."""


class TooManyGroups(Exception):
    """It has more than `MOST_GROUPS` values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which facts, from `since_ms` on and before `until_ms`; all conditions hold. `by` is a dimension; or `edges`, rising times
    from `since_ms` to `until_ms`, are the spans to group by. `measure` is summed, `split` counted by its values, and of
    `members` the different values are wanted."""

    kind: str
    since_ms: int
    until_ms: int
    where: Sequence[Condition] = ()
    by: str | None = None
    edges: Sequence[int] = ()
    measure: str | None = None
    split: str | None = None
    members: str | None = None


@dataclass(slots=True)
class Sums:
    """What some facts come to. `measured` of `count` have the measure, and `total` is its sum."""

    count: int = 0
    measured: int = 0
    total: int = 0
    split: dict[str | None, int] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    _ranked: list[tuple[int, Measure]] = field(default_factory=list)

    def add(self, chunk: Chunk, bits: int, question: Question) -> None:
        """Take in facts of a chunk."""
        self.count += bits.bit_count()
        measure = chunk.measures.get(question.measure or "")
        if measure is not None and (having := bits & measure.has):
            self.measured += having.bit_count()
            self.total += sum((having & digit).bit_count() << place for place, digit in enumerate(measure.digits))
            self._ranked.append((having, measure))
        if question.split is not None:
            for value, some in chunk.by(question.split, bits):
                self.split[value] = self.split.get(value, 0) + some.bit_count()
        if question.members is not None:
            self.members.update(value for value, _ in chunk.by(question.members, bits) if value is not None)

    def rank(self, percent: int) -> int | None:
        """The nearest rank of the measure, such as 50 for the median; None where nothing has it."""
        if not self.measured:
            return None
        left, found = -(-self.measured * percent // 100), 0
        some = [having for having, _ in self._ranked]
        for place in reversed(range(max(len(measure.digits) for _, measure in self._ranked))):
            digits = [measure.digits[place] if place < len(measure.digits) else 0 for _, measure in self._ranked]
            zeros = [having & ~digit for having, digit in zip(some, digits, strict=True)]
            below = sum(one.bit_count() for one in zeros)
            if left <= below:
                some = zeros
            else:
                left, found = left - below, found | 1 << place
                some = [having & digit for having, digit in zip(some, digits, strict=True)]
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """All facts, and each group: those of time in their order, others with the most facts first."""

    all: Sums
    groups: Mapping[Group, Sums]


def ask(connection: Connection, question: Question) -> Answer:
    """In one transaction that sees one moment. Raises `NotCounted` and `TooManyGroups`."""
    if kpi_changes.state(connection).place != DONE:
        raise NotCounted
    everything = Sums()
    groups: dict[Group, Sums] = {edge: Sums() for edge in question.edges[:-1]}
    for chunk in _chunks(connection, question):
        bits = chunk.between(question.since_ms, question.until_ms) if chunk.live else 0
        for name, values in question.where:
            bits &= chunk.having(name, values)
        if not bits:
            continue
        everything.add(chunk, bits, question)
        for group, some in _grouped(chunk, bits, question):
            groups.setdefault(group, Sums()).add(chunk, some, question)
        if len(groups) > MOST_GROUPS + len(question.edges):
            raise TooManyGroups
    return Answer(everything, groups if question.edges else dict(_most_first(groups)))


def _chunks(connection: Connection, question: Question) -> Iterator[Chunk]:
    names = {f"d:{name}" for name, _ in question.where}
    names |= {f"d:{name}" for name in (question.by, question.split, question.members) if name is not None}
    names |= {f"m:{question.measure}"} if question.measure is not None else set()
    names |= {TIMES} if question.edges else set()
    wanted = Wanted(question.kind, question.since_ms, question.until_ms, frozenset(names))
    facts = counted(connection, kpi_changes.waiting(connection).units)
    rest = [*kpi_store.fresh(connection, question.kind, facts.keys()), *_of(question.kind, facts.values())]
    yield from kpi_store.chunks(connection, wanted, facts.keys())
    if rest:
        yield loose(rest, names)


def _of(kind: str, facts: Iterable[Sequence[Fact]]) -> Iterator[Fact]:
    return (fact for several in facts for fact in several if fact.kind == kind)


def _grouped(chunk: Chunk, bits: int, question: Question) -> Iterator[tuple[Group, int]]:
    if question.by is not None:
        yield from chunk.by(question.by, bits)
    for begin, end in pairwise(question.edges):
        if begin <= chunk.last_ms and end > chunk.first_ms and (some := bits & chunk.between(begin, end)):
            yield begin, some


def _most_first(groups: Mapping[Group, Sums]) -> list[tuple[Group, Sums]]:
    def order(one: tuple[Group, Sums]) -> tuple[int, bool, str]:
        return -one[1].count, one[0] is None, str(one[0])

    return sorted(groups.items(), key=order)
