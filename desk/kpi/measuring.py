"""Answering a question about facts: how many, how long on average, in all and by group. The counted ones as they are stored,
and those that changed a second ago counted at this moment: one snapshot of the database, and one way for both."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import and_, xor
from typing import Final, TypeVar

from gmpy2 import mpz, popcount  # type: ignore[import-untyped]  # it has no stubs
from sqlalchemy import Connection

from desk.kpi.rolling import DONE, counted
from storage import kpi_changes, kpi_store
from storage.kpi_chunk import TIMES, Chunk, Fact, Measure, columns_of, loose
from storage.kpi_store import Wanted

MOST_GROUPS: Final = 1_000
"""More values are no groups: who asks by order number asks for a list."""
RANKED: Final = 12
"""Groups up to which each has its median: that is read digit by digit."""

Group = str | int | None
"""A value of a dimension, or the beginning of a span of time; None: without a value."""
Cell = tuple[Group, ...]
"""One group of each grouping."""
Counted = TypeVar("Counted")
Condition = tuple[str, Sequence[str]]
"""A dimension, and values of which a fact has one."""
_NONE: Final = mpz(0)


class NotCounted(Exception):
    """Figures are being counted for the first time, or after an update."""


class TooManyGroups(Exception):
    """There are more than `MOST_GROUPS` of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """By the values of a dimension; or by spans of time between `edges`, which rise."""

    dimension: str | None = None
    edges: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which facts, from `since_ms` on and before `until_ms`; all conditions hold. `by`: how they are grouped, by several at
    once in each way in which one of each comes together. `measure` is summed, `split` counted by its values, and of `members`
    the different values are wanted."""

    kind: str
    since_ms: int
    until_ms: int
    where: Sequence[Condition] = ()
    by: Sequence[Grouping] = ()
    measure: str | None = None
    split: str | None = None
    members: str | None = None


class Numbers:
    """The numbers of a measure in all chunks, digit by digit: so that one pass of the interpreter's own loops does each.

    As integers of GMP, whose bits are counted several times as fast as those of Python's: that is most of what a sum takes.
    """

    def __init__(self) -> None:
        self.has: list[int] = []
        self.digits: list[list[mpz]] = []

    def add(self, measure: Measure | None) -> None:
        """Those of one more chunk."""
        while measure is not None and len(self.digits) < len(measure.digits):
            self.digits.append([_NONE] * len(self.has))
        for place, digits in enumerate(self.digits):
            digits.append(mpz(measure.digits[place]) if measure is not None and place < len(measure.digits) else _NONE)
        self.has.append(measure.has if measure is not None else 0)


@dataclass(slots=True)
class Sums:
    """What some facts come to. `measured` is how many of them have the measure. `total` and `ranks` are worked out when they
    are asked for, which must not be before the last chunk is taken in: they go over the numbers of all chunks."""

    numbers: Numbers
    count: int = 0
    measured: int = 0
    split: dict[str | None, int] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    _chunks: list[int] = field(default_factory=list)
    _bits: list[mpz] = field(default_factory=list)

    def add(self, chunk: Chunk, bits: int, question: Question) -> None:
        """Take in facts of a chunk. Where they are measured, its numbers come first: they are the last that were added."""
        number = bits.bit_count()
        self.count += number
        if question.measure is not None and (having := bits & self.numbers.has[-1]):
            self.measured += number if having == bits else having.bit_count()
            self._chunks.append(len(self.numbers.has) - 1)
            self._bits.append(mpz(having))
        if question.split is not None:
            for value, some in chunk.by(question.split, bits):
                self.split[value] = self.split.get(value, 0) + some.bit_count()
        if question.members is not None:
            self.members |= chunk.values(question.members, bits)

    @property
    def total(self) -> int:
        """The sum of the measure."""
        return sum(_bits_in(map(and_, self._bits, digits)) << place for place, digits in enumerate(self._digits()))

    def ranks(self, *percents: int) -> list[int | None]:
        """The nearest ranks of the measure, such as 50 for the median; None where nothing has it."""
        measured, digits = self.measured, list(self._digits())
        return [self._rank(-(-measured * percent // 100), digits) if measured else None for percent in percents]

    def _rank(self, left: int, all_digits: Sequence[Sequence[mpz]]) -> int:
        found, some = 0, self._bits
        for place in reversed(range(len(all_digits))):
            ones = list(map(and_, some, all_digits[place]))
            zeros = list(map(xor, some, ones))
            below = _bits_in(zeros)
            if left <= below:
                some = zeros
            else:
                left, found, some = left - below, found | 1 << place, ones
        return found

    def _digits(self) -> Iterator[Sequence[mpz]]:
        # Who has facts in as many chunks as there are numbers of has them in all, and in the same order: the numbers of a chunk
        # are added before its facts, and each chunk at most once. Of sums that were asked in between this would not hold.
        whole = len(self._chunks) == len(self.numbers.has)
        for digits in self.numbers.digits:
            yield digits if whole else [digits[chunk] for chunk in self._chunks]


def _bits_in(bitmaps: Iterable[mpz]) -> int:
    return sum(map(popcount, bitmaps))


@dataclass(frozen=True, slots=True)
class Answer:
    """All facts, and each group: those of time in their order, others with the most facts first. Spans of a single grouping are
    there without any facts too."""

    all: Sums
    groups: Mapping[Cell, Sums]


def ask(connection: Connection, question: Question) -> Answer:
    """In one transaction that sees one moment. Raises `NotCounted` and `TooManyGroups`."""
    if kpi_changes.state(connection).place != DONE:
        raise NotCounted
    numbers = Numbers()
    everything = Sums(numbers)
    begins = question.by[0].edges[:-1] if len(question.by) == 1 else ()
    groups: dict[Cell, Sums] = {(begin,): Sums(numbers) for begin in begins}
    for chunk in _chunks(connection, question):
        bits = chunk.between(question.since_ms, question.until_ms) if chunk.live else 0
        for name, values in question.where:
            bits &= chunk.having(name, values)
        if not bits:
            continue
        if question.measure is not None:
            numbers.add(chunk.measures.get(question.measure))
        everything.add(chunk, bits, question)
        for group, some in _grouped(chunk, bits, question.by):
            if group not in groups:
                groups[group] = Sums(numbers)
            groups[group].add(chunk, some, question)
        if len(groups) > MOST_GROUPS + len(begins):
            raise TooManyGroups
    return Answer(everything, ordered(groups, question.by, lambda sums: sums.count))


def _chunks(connection: Connection, question: Question) -> Iterator[Chunk]:
    names: set[str] = set()
    for name, values in question.where:
        names |= columns_of(name, values)
    for dimension in (*(one.dimension for one in question.by), question.split, question.members):
        names |= columns_of(dimension) if dimension is not None else set()
    names |= {f"m:{question.measure}"} if question.measure is not None else set()
    names |= {TIMES} if any(one.edges for one in question.by) else set()
    wanted = Wanted(question.kind, question.since_ms, question.until_ms, frozenset(names))
    facts = counted(connection, kpi_changes.waiting(connection).units)
    rest = [*kpi_store.fresh(connection, question.kind, facts.keys()), *_of(question.kind, facts.values())]
    yield from kpi_store.chunks(connection, wanted, facts.keys())
    if rest:
        yield loose(rest, names)


def _of(kind: str, facts: Iterable[Sequence[Fact]]) -> Iterator[Fact]:
    return (fact for several in facts for fact in several if fact.kind == kind)


def _grouped(chunk: Chunk, bits: int, by: Sequence[Grouping]) -> Sequence[tuple[Cell, int]]:
    cells: list[tuple[Cell, int]] = [((), bits)]
    for one in by:
        cells = [((*cell, group), some) for cell, having in cells for group, some in _groups(chunk, having, one)]
    return cells if by else ()


def _groups(chunk: Chunk, bits: int, by: Grouping) -> Iterator[tuple[Group, int]]:
    if by.dimension is not None:
        yield from chunk.by(by.dimension, bits)
    for begin, end in pairwise(by.edges):
        if begin <= chunk.last_ms and end > chunk.first_ms and (some := bits & chunk.between(begin, end)):
            yield begin, some


def ordered(groups: Mapping[Cell, Counted], by: Sequence[Grouping], count: Callable[[Counted], int]) -> dict[Cell, Counted]:
    """By the first grouping, and what is one in that by the next."""
    counts: list[dict[Group, int]] = [{} for _ in by]
    for cell, sums in groups.items():
        for place, group in enumerate(cell):
            counts[place][group] = counts[place].get(group, 0) + count(sums)
    return dict(sorted(groups.items(), key=lambda one: _places(one[0], by, counts)))


def _places(cell: Cell, by: Sequence[Grouping], counts: Sequence[Mapping[Group, int]]) -> list[tuple[int, bool, str]]:
    """Spans stand in the order of their times, values with the most facts first, and what has none of several last."""
    return [
        (group, False, "") if one.edges and isinstance(group, int) else (-count[group], group is None, str(group))
        for group, one, count in zip(cell, by, counts, strict=True)
    ]
