"""Running the `tests:` of a ruleset: each message is routed, and its decision compared with what was expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from router.cases import OF_SLA, Case, Expected
from router.model import Decision, Place
from router.ruleset import Ruleset
from router.vocabulary import Value


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A field of the decision that is not as expected, by its name under `expect:`."""

    field: str
    expected: Expected
    actual: Expected


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test. It passed when nothing mismatched; `decision` has the explanation."""

    __test__ = False  # its name would make pytest collect it

    name: str
    place: Place
    mismatches: tuple[Mismatch, ...]
    decision: Decision

    @property
    def passed(self) -> bool:
        return not self.mismatches


def run_tests(ruleset: Ruleset) -> list[TestResult]:
    """Run all tests of the ruleset, in the order of the files."""
    return [_run(ruleset, case) for case in ruleset.tests]


def _run(ruleset: Ruleset, case: Case) -> TestResult:
    decision = ruleset.route(case.facts)
    mismatches = tuple(
        Mismatch(field, expected, actual)
        for field, expected in case.expect.items()
        if not _matches(expected, actual := _actual(decision, field, case))
    )
    return TestResult(case.name, case.place, mismatches, decision)


def _actual(decision: Decision, field: str, case: Case) -> Expected:
    if field == "fields":  # what extractors found and what the message had, of those that are expected
        had = {name.removeprefix("fields."): value for name, value in case.facts.items()}
        return {name: decision.extracted.get(name, had.get(name)) for name in cast(Mapping[str, Value], case.expect[field])}
    if field.startswith(OF_SLA):
        return None if decision.sla is None else cast(Expected, getattr(decision.sla, field.removeprefix(OF_SLA)))
    read = _FIELDS.get(field)
    value: Expected = read(decision) if read else getattr(decision, field)
    return value


def _matches(expected: Expected, actual: Expected) -> bool:
    if isinstance(expected, tuple) and isinstance(actual, tuple):
        return sorted(expected) == sorted(actual)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(actual.get(key) == value for key, value in expected.items())
    if isinstance(expected, bool):
        return expected == (actual is not None)
    return expected == actual


_FIELDS: Final[Mapping[str, Callable[[Decision], Expected]]] = {
    "queue": lambda decision: decision.targets[0] if decision.targets else None,
}
"""Names that tests may use for a part of the decision, besides its own."""
