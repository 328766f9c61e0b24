"""One set of servers for all scenarios: these are killed and frozen, so they are not those of other tests."""

from collections.abc import Iterator

import pytest

from faults.stage import SHORT_RATE, Servers, servers


@pytest.fixture(scope="session")
def fault_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("faults"), SHORT_RATE) as running:
        yield running
