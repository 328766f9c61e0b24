"""A gateway that is killed during traffic loses nothing it has accepted. Many more kills: tests/proof/test_crash.py."""

from pathlib import Path

import pytest

from tests.e2e.crashes import ANYWHERE, IMPORTING, Kill, survive
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import EMBEDDED, Mode

EMBEDDED_KILLS = [Kill("after_journal_commit", 5), Kill(IMPORTING), Kill("before_marking", 3)]
SHARED_KILLS = [Kill("after_database_commit", 3), Kill("after_publish", 8), Kill(ANYWHERE, 30)]


@pytest.mark.sample
def test_nothing_accepted_is_lost(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    kills = EMBEDDED_KILLS if mode is EMBEDDED else SHARED_KILLS
    figures = survive(make_gateway(mode), tmp_path, seed=7, messages=150, mails=30, kills=kills)
    assert figures["published"] > 150
