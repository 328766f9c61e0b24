"""A few of the generated rulesets of `make proof`: all planted faults are found, and no finding is wrong."""

import pytest

from tests.router.planted import examined


@pytest.mark.parametrize("number", range(8))
def test_planted_faults_are_found_without_a_false_alarm(number: int) -> None:
    missed, alarms, planted = examined(number, 20261121, 200)
    assert planted == 15
    assert missed == {}
    assert alarms == []
