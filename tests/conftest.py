"""Fixtures of the whole suite: private servers, each started once when a test first asks for it, and no outside hosts.

| fixture | what a test gets |
| --- | --- |
| `rabbitmq`, `redis_server`, `postgresql` | the server itself, one for the whole run: what a test stops it starts again |
| `amqp_url` | an empty vhost of its own |
| `managed_rabbitmq` | another RabbitMQ, with the management API |
| `redis_url` | an empty database |
| `database_url` | an empty PostgreSQL database of its own, in SQLAlchemy's form |
| `dovecot`, `smtp_server` | an IMAP server, and a mail transfer agent that delivers into its mailboxes, for the whole run |
| `roundup` | a Roundup tracker of its own |
| `mail_user` | the address of an empty mailbox of its own in `dovecot` |
"""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import loopback
from tests.servers.dovecot import DovecotServer
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.rabbitmq import RabbitMQServer
from tests.servers.redis import RedisServer
from tests.servers.request_tracker import RequestTracker
from tests.servers.roundup import RoundupServer
from tests.servers.smtp import SmtpServer


def pytest_configure(config: pytest.Config) -> None:
    loopback.refuse_outside_hosts()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a background job; what the tests start would ignore it too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--hypothesis-seed", None) is None:  # `make proof` gives one
        # The first input of a run builds tables of Unicode, which takes seconds on a busy machine.
        settings.register_profile("repeatable", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("repeatable")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Request Tracker is too large to be installed for every run of the tests: without it its own are left out, and said so."""
    if not RequestTracker.installed():
        left_out = [item for item in items if item.get_closest_marker("request_tracker")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported and collected stays until the end: millions of objects that the collector need not walk through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not RequestTracker.installed():
        terminalreporter.write_line("left out: what needs Request Tracker; scripts/request-tracker.sh installs it", yellow=True)


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQServer]:
    with RabbitMQServer.start(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture(scope="session")
def managed_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQServer]:
    with RabbitMQServer.start(tmp_path_factory.mktemp("managed-rabbitmq"), management=True) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQLServer]:
    with PostgreSQLServer.start(tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotServer]:
    with DovecotServer.start(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture(scope="session")
def smtp_server(tmp_path_factory: pytest.TempPathFactory, dovecot: DovecotServer) -> Iterator[SmtpServer]:
    with SmtpServer.start(tmp_path_factory.mktemp("exim"), dovecot) as server:
        yield server


@pytest.fixture
def roundup(tmp_path: Path) -> Iterator[RoundupServer]:
    with RoundupServer.start(tmp_path / "roundup") as server:
        yield server


@pytest.fixture
def mail_user(dovecot: DovecotServer) -> str:
    return dovecot.new_user()


@pytest.fixture
def amqp_url(rabbitmq: RabbitMQServer) -> Iterator[str]:
    url = rabbitmq.new_vhost()
    yield url
    rabbitmq.done_with(url)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    redis_server.flush()
    return f"{redis_server.url}/0"


@pytest.fixture
def database_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    name = postgresql.create_database()
    yield postgresql.url_of(name)
    postgresql.drop_database(name)
