"""What the gateway needs for accepting is its own disk: broker and database may be away."""

import signal
import time
from pathlib import Path

import pytest

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.ledger import Ledger
from tests.e2e.runs import eventually
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.rabbitmq import RabbitMQServer


@pytest.fixture
def shared(amqp_url: str, database_url: str, redis_url: str) -> Mode:
    urls = {"QUEUES": amqp_url, "DATABASE": database_url.replace("+psycopg", ""), "COORDINATION": redis_url}
    return Mode("shared", {f"REGIA__{section}__URL": url for section, url in urls.items()})


def _not_ready(gateway: Gateway, part: str) -> None:
    """`/health/ready` says 503 and names the part; the process itself is well."""
    eventually(lambda: gateway.request("GET", "/health/ready").status, 503, seconds=20)
    answer = gateway.request("GET", "/health/ready")
    assert part in answer.json()["missing"], answer.body
    assert gateway.answers("/health/live")


def _send(gateway: Gateway, ledger: Ledger, *, seed: int, messages: int) -> float:
    """All of it must be accepted; the seconds it took."""
    started = time.monotonic()
    with Sender(gateway, ledger, seed=seed) as sender:
        sender.feed(Traffic(seed, gateway.secret, stamp=f"O{seed}").posts(messages))
        sender.wait()
    assert not sender.wrong, sender.wrong[:5]
    return time.monotonic() - started


def _check(gateway: Gateway, ledger: Ledger) -> None:
    books = gateway.settle(90)
    consumer = consumer_of(gateway)
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.match(ledger, verdict)
    judge.check_books(books, ledger, verdict)
    gateway.stop()


def test_contacts_are_accepted_before_the_broker_is_there(
    make_gateway: MakeGateway, shared: Mode, rabbitmq: RabbitMQServer, tmp_path: Path
) -> None:
    gateway = make_gateway(shared)
    rabbitmq.kill()
    try:
        gateway.spawn()
        gateway.wait("/health/live")
        _not_ready(gateway, "queues")
        eventually(lambda: gateway.cli("books", "--json", check=False).returncode, 0, seconds=20)  # its tables are made
        with Ledger(tmp_path / "ledger.jsonl") as ledger:
            _send(gateway, ledger, seed=11, messages=80)
            assert gateway.books()["published"] == 0
    finally:
        rabbitmq.restart()
    gateway.wait("/health/ready")
    _check(gateway, ledger)


def test_contacts_are_accepted_while_the_database_is_away(
    make_gateway: MakeGateway, shared: Mode, postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    gateway = make_gateway(shared)
    gateway.start()
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        # Not killed: this server keeps commits in memory for a while, and would forget what it had confirmed.
        postgresql._process.stop(signal.SIGINT)
        try:
            _send(gateway, ledger, seed=12, messages=80)
            _not_ready(gateway, "database")
        finally:
            postgresql.restart()
        gateway.wait("/health/ready")
        _check(gateway, ledger)
