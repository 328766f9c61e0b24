"""The mixed run at full size: over 2,000 messages and 250 mails through real sockets, in both modes."""

import os
from pathlib import Path

import pytest

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Mode
from tests.e2e.runs import mixed

SEED = int(os.environ.get("SEED", "20261121"))


@pytest.mark.alone
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_everything_is_delivered_once_and_the_books_balance(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    figures = mixed(make_gateway(mode), tmp_path, seed=SEED, messages=2_000, mails=450)
    print(f"SEED={SEED}", figures)
    assert figures["published"] + figures["discarded"] >= 2_400
