"""`regia run` with several workers: one port, a journal each, and a parent that keeps them alive."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import REGIA, Gateway, Mode
from tests.e2e.ledger import Ledger
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic
from tests.e2e.workers import all_ready, figure, kill, logged, processes, until_logged

WORKERS = 3


@pytest.fixture
def shared(amqp_url: str, database_url: str, redis_url: str) -> Mode:
    urls = {"QUEUES": amqp_url, "DATABASE": database_url.replace("+psycopg", ""), "COORDINATION": redis_url}
    return Mode("shared", {f"REGIA__{section}__URL": url for section, url in urls.items()})


@pytest.fixture
def gateway(make_gateway: MakeGateway, shared: Mode) -> Gateway:
    """It runs, and all its workers are ready."""
    made = make_gateway(shared, REGIA__SERVER__WORKERS=str(WORKERS))
    made.start()
    all_ready(made, WORKERS)
    return made


def test_workers_die_and_are_renewed_in_mid_traffic_and_nothing_is_lost(gateway: Gateway, tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311  # chance, not a secret
    with Ledger(tmp_path / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=11) as sender:
        traffic = Traffic(11, gateway.secret)
        for _ in range(3):
            sender.feed(traffic.posts(60))
            time.sleep(0.3)
            kill(gateway, chance.choice(sorted(processes(gateway))))
        sender.feed(traffic.posts(60))
        gateway.process.send(signal.SIGUSR2)
        while not logged(gateway, "rolling restart done"):
            sender.feed(traffic.posts(10))
            time.sleep(0.2)
        sender.wait()
    assert not sender.wrong, sender.wrong[:5]
    books = gateway.settle()
    consumer = consumer_of(gateway)
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.match(ledger, verdict)
    judge.check_books(books, ledger, verdict, exact=False)
    assert gateway.stop() < 12


def test_figures_and_readiness_speak_for_all(gateway: Gateway, tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=3, threads=12) as sender:
        sender.feed(Traffic(3, gateway.secret).posts(120))
        sender.wait()
        tally = ledger.tally()
    first, second = figure(gateway, "regia_accepted_total"), figure(gateway, "regia_accepted_total")
    assert first == second, "whoever is asked says the same"
    accepted = sum(first.values()) + sum(figure(gateway, "regia_repeated_total").values())
    assert accepted == tally.accepted
    assert figure(gateway, "regia_worker_up") == {"0": 1, "1": 1, "2": 1}
    pid = processes(gateway)[1]
    os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 20
        while (up := figure(gateway, "regia_worker_up")) != {"0": 1, "1": 0, "2": 1}:
            assert time.monotonic() < deadline, up
        assert set(figure(gateway, "regia_accepted_total")) <= {"0", "2"}
    finally:
        os.kill(pid, signal.SIGCONT)
    gateway.stop()


def test_a_parent_that_is_killed_takes_its_workers_with_it_and_another_may_start_at_once(gateway: Gateway) -> None:
    before = processes(gateway)
    os.kill(gateway.process.pid, signal.SIGKILL)
    second = subprocess.Popen([*REGIA, "run", "-c", str(gateway.config)], env=gateway.environ, cwd=gateway.folder)
    try:
        deadline = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in before.values()) or not gateway.answers("/health/ready"):
            assert second.poll() is None, gateway.tail()
            assert time.monotonic() < deadline, gateway.tail()
            time.sleep(0.1)
    finally:
        second.terminate()
        assert second.wait(30) == 0
    assert logged(gateway, "stopped") >= WORKERS


def test_a_wrong_configuration_stops_the_roll_and_the_workers_go_on(gateway: Gateway) -> None:
    before = processes(gateway)
    environ: dict[str, Any] = {}
    del environ
    config = gateway.config
    assert config.exists()
    gateway.process.send(signal.SIGUSR2)
    until_logged(gateway, "rolling restart done")
    after = processes(gateway)
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    gateway.stop()
