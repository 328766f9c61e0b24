"""Many kills of the consumer library's processes; tests/clients has the short form."""

import os
from pathlib import Path

import pytest

from tests.clients.broker import Broker
from tests.clients.conftest import broker, work
from tests.clients.killing import kill_again_and_again
from tests.clients.test_stores import libpq

__all__ = ["broker", "work"]

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_kills_leave_one_effect(kind: str, broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = str(request.getfixturevalue("work")) if kind == "sqlite" else libpq(request.getfixturevalue("database_url"))
    kill_again_and_again(broker, kind, database, tmp_path, kills=60, each=80, seed=int(os.environ.get("SEED", "1")))
