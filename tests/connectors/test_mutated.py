"""A sample of what `make proof` does with 10,000: damaged payloads raise nothing, and every rejection has its code."""

import pytest

from connectors.conformance.subject import Subject
from tests.payloads import feed
from tests.subjects.callers import CALLERS
from tests.subjects.registry import SUBJECTS


@pytest.mark.parametrize("subject", [*SUBJECTS, *CALLERS], ids=lambda subject: subject.name)
def test_damaged_payloads_raise_nothing(subject: Subject) -> None:
    tally = feed(subject, 200, seed=20261121)
    assert tally.bad == []
    assert tally.slowest < 5
    assert sum(tally.outcome.values()) >= 150
