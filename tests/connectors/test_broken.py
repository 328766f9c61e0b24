"""The suite catches each of the mistakes that people make, and finds none where there is none."""

import pytest

from connectors.conformance.suite import CHECKS, verdicts
from tests.broken.connectors import CAUGHT_BY
from tests.broken.good import Parrot, ParrotSettings, subject_of


def test_a_connector_without_a_mistake_holds_everything() -> None:
    found = list(verdicts(subject_of(Parrot)))
    assert [(one.check.name, one.problem) for one in found if one.problem] == []
    assert all(one.applies for one in found)


@pytest.mark.parametrize("broken", CAUGHT_BY, ids=lambda broken: broken.__name__)
def test_a_mistake_is_caught(broken: type[Parrot] | type[ParrotSettings]) -> None:
    subject = subject_of(broken) if issubclass(broken, Parrot) else subject_of(Parrot, broken)
    caught = {one.check.name for one in verdicts(subject) if one.problem}
    assert CAUGHT_BY[broken] in caught


def test_the_checks_have_names_and_reasons() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) >= 40
    assert set(CAUGHT_BY.values()) <= set(names)
    assert all(check.about for check in CHECKS)
