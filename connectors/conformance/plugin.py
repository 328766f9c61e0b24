"""The suite as a pytest plug-in: a test module with a `SUBJECT` (or `SUBJECTS`) and a test that takes `conformance`.

    from parley_subject import SUBJECT

    def test_conformance(conformance):
        conformance()

gives one test for each check and subject.
"""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.conformance.check import Check
from connectors.conformance.subject import Subject
from connectors.conformance.suite import CHECKS, judge

_FIXTURE = "conformance"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check that applies."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    subjects: tuple[Subject, ...] = getattr(metafunc.module, "SUBJECTS", None) or (metafunc.module.SUBJECT,)
    cases = [
        pytest.param((check, subject), id=f"{subject.name}-{check.name.replace(' ', '_')}")
        for subject in subjects
        for check in CHECKS
        if check.applies(subject)
    ]
    metafunc.parametrize(_FIXTURE, cases, indirect=True)


@pytest.fixture
def conformance(request: Any) -> Callable[[], None]:
    """Runs its check, and fails with what the channel does not hold."""
    check, subject = _case(request.param)

    def run() -> None:
        verdict = judge(check, subject)
        if verdict.problem is not None:
            pytest.fail(f"{verdict.problem}\n{check.about}", pytrace=False)

    return run


def _case(param: tuple[Check, Subject]) -> tuple[Check, Subject]:
    return param
