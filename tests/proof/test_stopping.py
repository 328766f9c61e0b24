"""SIGTERM under load, on servers too."""

import os
from pathlib import Path

import pytest

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Mode
from tests.e2e.runs import stopped_under_load

SEED = int(os.environ.get("SEED", "20261121"))


@pytest.mark.alone
@pytest.mark.proof
def test_sigterm_under_load_drains_within_ten_seconds(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    seconds = stopped_under_load(make_gateway(mode), tmp_path, seed=SEED, messages=800)
    print(f"SEED={SEED}: {mode.name} stopped in {seconds:.2f} s")
    assert seconds < 10
