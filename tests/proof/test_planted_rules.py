"""Dead, shadowed and unreachable rules planted in 50 generated rulesets are all found, with no false alarm."""

import os
from typing import Final

import pytest

from tests.proof.figures import record
from tests.router.planted import examined

SEED: Final = int(os.environ.get("SEED", "20261121"))
RULESETS, MESSAGES = 50, 2_000


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_all_planted_rules_are_found_and_nothing_else() -> None:
    planted = 0
    for number in range(RULESETS):
        missed, alarms, faults = examined(number, SEED, MESSAGES)
        assert missed == {}, f"ruleset {number}"
        assert alarms == [], f"ruleset {number}"
        planted += faults
    record("rules check", rulesets=RULESETS, messages_each=MESSAGES, planted_and_found=planted, false_alarms=0)
