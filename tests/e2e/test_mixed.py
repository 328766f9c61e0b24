"""Everything at once through real sockets, once all embedded and once on RabbitMQ, PostgreSQL and Redis."""

from pathlib import Path

import pytest

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Mode
from tests.e2e.runs import mixed


@pytest.mark.sample
def test_mixed_traffic_is_delivered_once_and_the_books_balance(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    figures = mixed(make_gateway(mode), tmp_path, seed=20261121, messages=250, mails=60)
    assert figures["published"] > 300
