"""Fixtures of everything that runs whole gateways: the modes, a fake provider of media, gateways that end with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway import EMBEDDED, Gateway, Mode
from tests.e2e.graph import FakeGraph

MakeGateway = Callable[..., Gateway]


@pytest.fixture(params=["embedded", "shared"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Twice each test: everything in one process, and on RabbitMQ, PostgreSQL and Redis."""
    if request.param == "embedded":
        return EMBEDDED
    database: str = request.getfixturevalue("database_url")
    return Mode(
        "shared",
        {
            "REGIA__QUEUES__URL": request.getfixturevalue("amqp_url"),
            "REGIA__DATABASE__URL": database.replace("postgresql+psycopg://", "postgresql://"),
            "REGIA__COORDINATION__URL": request.getfixturevalue("redis_url"),
        },
    )


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph() as server:
        yield server


@pytest.fixture
def make_gateway(tmp_path: Path, graph: FakeGraph) -> Iterator[MakeGateway]:
    """`make_gateway(mode, **environ)`: a gateway that is not started yet. Its log is shown when the test fails."""
    made: list[Gateway] = []

    def make(mode: Mode = EMBEDDED, *, config: Path | None = None, **overrides: str) -> Gateway:
        folder = tmp_path / f"gateway-{len(made)}"
        graph_url = {"REGIA__CONNECTORS__WHATSAPP__GRAPH_URL": graph.url}
        if config is None:
            made.append(Gateway(folder, mode, **graph_url, **overrides))
        else:
            made.append(Gateway(folder, mode, config=config, **overrides))
        return made[-1]

    yield make
    for gateway in made:
        gateway.kill()
        print(gateway.tail())
