"""Each scenario of `make faults` in its short form, judged by the same requirements."""

from pathlib import Path

import pytest

from faults.plays import Scenario
from faults.scenarios import SCENARIOS
from faults.stage import Servers

SLACK = 5.0
"""Other tests share the processors; what is lost or out of order is so on any machine."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_the_requirements_hold(scenario: Scenario, fault_servers: Servers, tmp_path: Path) -> None:
    row = scenario.play(scenario, fault_servers, tmp_path, scenario.short)
    if row.figures is None:  # the row says what was missing, and so does the report of the tests
        pytest.skip(row.note)
    assert scenario.wrong(row, slack=SLACK) == []
