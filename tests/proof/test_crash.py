"""Twenty kills during one mixed run, in both modes: nothing accepted is lost, nothing changes, nothing is in two places."""

import os
from pathlib import Path

import pytest

from tests.e2e.crashes import plan, survive
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Mode

SEED = int(os.environ.get("SEED", "20261121"))
KILLS = 20


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_nothing_accepted_is_lost_over_twenty_kills(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    kills = plan(SEED, KILLS)
    print(f"SEED={SEED}", kills)
    figures = survive(make_gateway(mode), tmp_path, seed=SEED, messages=2_000, mails=250, kills=kills)
    print(figures)
    assert figures["published"] > 2_000
