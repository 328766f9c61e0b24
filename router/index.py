"""Which questions about texts and values hold for a message, found without asking one after the other.

Equalities are looked up by the value. The words, phrases and literals of all questions about one text are found in one pass
over it (Aho-Corasick); a pattern is tried only where a literal of its own stands, and those without a literal go through
RE2 together. So the cost of a message grows with what it has, and hardly with the number of rules.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias, cast

import ahocorasick  # type: ignore[import-not-found]  # the wheel brings no types

from router.evaluation import Evaluation
from router.fold import fold, phrase, words
from router.literals import required
from router.model import FactTest
from router.patterns import Pattern, PatternSet, compile_pattern

Numbered: TypeAlias = tuple[int, FactTest]
Finder: TypeAlias = Callable[[Evaluation, set[int]], None]
"""Puts the numbers of what holds into a set."""

INDEXED: Final = frozenset({"equals", "words", "contains", "starts_with", "matches"})


class Index:
    """All questions of the operators in `INDEXED`, by their numbers."""

    def __init__(self, atoms: Iterable[Numbered]) -> None:
        by_fact: dict[str, list[Numbered]] = {}
        for number, test in atoms:
            by_fact.setdefault(test.fact, []).append((number, test))
        self._finders = tuple(finder for fact, tests in by_fact.items() for finder in _finders(fact, tests))

    def held(self, e: Evaluation) -> set[int]:
        """The numbers of the questions that hold, all of them."""
        found: set[int] = set()
        for finder in self._finders:
            finder(e, found)
        return found


def _finders(fact: str, tests: list[Numbered]) -> Iterator[Finder]:
    by_operator: dict[str, list[Numbered]] = {operator: [] for operator in INDEXED}
    for number, test in tests:
        by_operator[test.operator].append((number, test))
    if equal := by_operator["equals"]:
        yield _equal(fact, equal)
    if wanted := by_operator["words"]:
        yield _words(fact, wanted)
    yield from _texts(fact, by_operator["contains"], by_operator["starts_with"], by_operator["matches"])


def _equal(fact: str, tests: list[Numbered]) -> Finder:
    by_value: dict[object, tuple[int, ...]] = {}
    missing: tuple[int, ...] = ()
    for number, test in tests:
        for operand in test.operands:
            if operand is None:
                missing += (number,)
            else:
                by_value[operand] = (*by_value.get(operand, ()), number)
    return _one_of_many(fact, by_value, missing) if tests[0][1].type == "list" else _same(fact, by_value, missing)


def _same(fact: str, by_value: dict[object, tuple[int, ...]], missing: tuple[int, ...]) -> Finder:
    def find(e: Evaluation, found: set[int]) -> None:
        value = e.get(fact)
        if value is None or value == "":
            found.update(missing)
        elif isinstance(value, str | bool):  # nothing else can be looked up for certain: 1 would be found for True
            found.update(by_value.get(value, ()))

    return find


def _one_of_many(fact: str, by_value: dict[object, tuple[int, ...]], missing: tuple[int, ...]) -> Finder:
    def find(e: Evaluation, found: set[int]) -> None:
        value = e.get(fact)
        if not value:
            found.update(missing)
        elif isinstance(value, tuple | frozenset):
            for item in value:
                found.update(by_value.get(item, ()))

    return find


def _words(fact: str, tests: list[Numbered]) -> Finder:
    wanted = _Literals()
    for number, test in tests:
        for operand in cast("tuple[str, ...]", test.operands):
            wanted.add(phrase(words(operand)), number)
    ready = wanted.ready()

    def find(e: Evaluation, found: set[int]) -> None:
        for _, numbers in ready.iter(e.phrases(fact)):
            found.update(numbers)

    return find


def _texts(fact: str, contains: list[Numbered], begins: list[Numbered], matches: list[Numbered]) -> Iterator[Finder]:
    """What is looked for in the folded text, and what the literals found there ask to look for with patterns."""
    literals, starts = _Literals(), _Literals()
    for tests, into in ((contains, literals), (begins, starts)):
        for number, test in tests:
            for operand in cast("tuple[str, ...]", test.operands):
                into.add(fold(operand), number)
    if (inside := literals.ready()) is not None:
        yield _contained(fact, inside)
    if starts.texts:
        yield _begun(fact, starts.texts)
    yield from _patterns(fact, matches)


def _patterns(fact: str, matches: list[Numbered]) -> Iterator[Finder]:
    by_source: dict[str, list[int]] = {}
    for number, test in matches:
        for source in cast("tuple[str, ...]", test.operands):
            by_source.setdefault(source, []).append(number)
    literals, tried, others = _Literals(), dict[str, tuple[Pattern, list[int]]](), dict[str, list[int]]()
    for source, numbers in by_source.items():
        needed = required(source)
        if needed is None:
            others[source] = numbers
            continue
        tried[source] = (compile_pattern(source), numbers)
        for literal in needed:
            literals.add(literal, source)
    if (ready := literals.ready()) is not None:
        yield _matched(fact, ready, tried)
    if others:
        yield _together(fact, others)


def _contained(fact: str, literals: Any) -> Finder:
    def find(e: Evaluation, found: set[int]) -> None:
        for text in e.folded(fact):
            for _, numbers in literals.iter(text):
                found.update(numbers)

    return find


def _begun(fact: str, starts: dict[str, list[Any]]) -> Finder:
    lengths = sorted({len(text) for text in starts})

    def find(e: Evaluation, found: set[int]) -> None:
        for text in e.folded(fact):
            for length in lengths:
                found.update(starts.get(text[:length], ()))

    return find


def _matched(fact: str, literals: Any, patterns: dict[str, tuple[Pattern, list[int]]]) -> Finder:
    def find(e: Evaluation, found: set[int]) -> None:
        for folded, encoded in zip(e.folded(fact), e.encoded(fact), strict=True):
            for source in {source for _, sources in literals.iter(folded) for source in sources}:
                pattern, numbers = patterns[source]
                if pattern.search(encoded):
                    found.update(numbers)

    return find


def _together(fact: str, patterns: dict[str, list[int]]) -> Finder:
    numbers = list(patterns.values())
    together = PatternSet(patterns)

    def find(e: Evaluation, found: set[int]) -> None:
        for text in e.encoded(fact):
            for place in together.matching(text):
                found.update(numbers[place])

    return find


class _Literals:
    """Texts to be found in one pass, each with what it is found for."""

    def __init__(self) -> None:
        self.texts: dict[str, list[Any]] = {}

    def add(self, text: str, what: object) -> None:
        self.texts.setdefault(text, []).append(what)

    def ready(self) -> Any:
        """The automaton, whose `iter` gives (end, what for); None where there is nothing to be found."""
        if not self.texts:
            return None
        automaton = ahocorasick.Automaton()
        for text, what in self.texts.items():
            automaton.add_word(text, tuple(what))
        automaton.make_automaton()
        return automaton
