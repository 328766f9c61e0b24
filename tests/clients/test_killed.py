"""A consumer killed in mid-work: each envelope has exactly one effect. The long form is in tests/proof."""

from pathlib import Path

import pytest

from tests.clients.broker import Broker
from tests.clients.killing import kill_again_and_again
from tests.clients.test_stores import libpq


@pytest.mark.sample
@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_consumers_leave_one_effect(kind: str, broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = str(request.getfixturevalue("work")) if kind == "sqlite" else libpq(request.getfixturevalue("database_url"))
    kill_again_and_again(broker, kind, database, tmp_path, kills=5, each=60, seed=7)
