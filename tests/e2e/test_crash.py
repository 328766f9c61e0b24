"""A gateway that is killed during traffic loses nothing it has accepted. Many more kills: tests/proof/test_crash.py."""

from pathlib import Path

import pytest

from tests.e2e.crashes import ANYWHERE, IMPORTING, Kill, survive
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import EMBEDDED, Mode

KILLS = (
    [Kill("after_journal_commit", 5), Kill(ANYWHERE, 40), Kill("before_marking", 3)],
    [Kill("after_database_commit", 4), Kill(IMPORTING), Kill("after_publish", 6)],
)


@pytest.mark.parametrize("kills", KILLS, ids=["accepting", "committing"])
def test_nothing_accepted_is_lost(make_gateway: MakeGateway, tmp_path: Path, kills: list[Kill]) -> None:
    figures = survive(make_gateway(EMBEDDED), tmp_path, seed=7, messages=200, mails=30, kills=kills)
    assert figures["published"] > 150


def test_nothing_accepted_is_lost_on_servers(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    kills = [Kill("after_publish", 8), Kill("after_database_commit", 3), Kill(ANYWHERE, 30)]
    figures = survive(make_gateway(mode), tmp_path, seed=8, messages=200, mails=30, kills=kills)
    assert figures["published"] > 150
