"""Each scenario of `make faults` in its short form, judged by the same requirements."""

from pathlib import Path

import pytest

from faults.plays import Scenario
from faults.scenarios import SCENARIOS
from faults.stage import Servers


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_the_requirements_hold(scenario: Scenario, fault_servers: Servers, tmp_path: Path) -> None:
    row = scenario.play(scenario, fault_servers, tmp_path, scenario.short)
    assert row.figures is not None, row.note
    assert scenario.wrong(row) == []
