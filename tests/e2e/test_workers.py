"""`regia run` with several workers: one port, a journal each, and a parent that keeps them alive."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import CONFIG, REGIA, Gateway, Mode
from tests.e2e.ledger import Ledger
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic
from tests.e2e.workers import all_ready, figure, kill, logged, processes, shared, states, until_in_the_log, until_logged

__all__ = ["shared"]

pytestmark = pytest.mark.timeout(300)
WORKERS = 3


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


def test_a_rolling_restart_takes_what_is_new_and_refuses_what_is_wrong(
    make_gateway: MakeGateway, shared: Mode, tmp_path: Path
) -> None:
    shutil.copytree(CONFIG.parent, tmp_path / "config")
    config = tmp_path / "config" / CONFIG.name
    text = config.read_text()
    gateway = make_gateway(shared, config=config)
    config.write_text(f"{text}\nserver: {{workers: 2}}\n")
    gateway.start()
    all_ready(gateway, 2)
    before = processes(gateway)

    for wrong, told in (("workers: 0", "wrong"), ("workers: 2, host: localhost", "stop the gateway and start it")):
        config.write_text(f"{text}\nserver: {{{wrong}}}\n")
        gateway.process.send(signal.SIGUSR2)
        until_in_the_log(gateway, told)
        assert processes(gateway) == before
    assert f"{config}:" in gateway.log.read_text(), "the place of what is wrong is told"

    config.write_text(f"{text}\nserver: {{workers: 1}}\n")
    gateway.process.send(signal.SIGUSR2)
    until_logged(gateway, "rolling restart done")
    all_ready(gateway, 1)
    after = processes(gateway)
    assert set(after) == {0}
    assert after[0] != before[0]
    gateway.stop()


def test_one_that_dies_at_once_costs_the_others_nothing(gateway: Gateway, tmp_path: Path) -> None:
    """Its journal became something else: it ends each time it is started, more and more seldom."""
    journal = gateway.data / "journal" / "worker-2.sqlite"
    gateway.process.send(signal.SIGHUP)  # no worker minds it
    for path in journal.parent.glob("worker-2.sqlite*"):
        path.rename(tmp_path / path.name)
    journal.mkdir()
    kill(gateway, 2)
    until_logged(gateway, "a worker ended; it is started again", 3)
    assert states(gateway) == {"0": "ready", "1": "ready", "2": "away"}
    with Ledger(tmp_path / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=5) as sender:
        sender.feed(Traffic(5, gateway.secret).posts(30))
        sender.wait()
    journal.rmdir()
    all_ready(gateway, WORKERS)
    gateway.stop()


def refused(gateway: Gateway) -> tuple[int, str]:
    """How a gateway ends that cannot begin, and what it says."""
    line = [*REGIA, "run", "-c", str(gateway.config), "--workers", "3"]
    done = subprocess.run(
        line, env=gateway.environ, cwd=gateway.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


def test_what_several_workers_need_is_told(make_gateway: MakeGateway, shared: Mode) -> None:
    status, told = refused(make_gateway())
    assert status == 2
    assert "REGIA__SERVER__WORKERS" in told
    assert "there is no PostgreSQL (database.url) and Redis (coordination.url)" in told
    no_redis = Mode("half", {name: url for name, url in shared.environ.items() if "COORDINATION" not in name})
    status, told = refused(make_gateway(no_redis))
    assert status == 2
    assert "there is no Redis (coordination.url)" in told


def test_where_no_worker_can_start_the_parent_ends(make_gateway: MakeGateway, shared: Mode) -> None:
    made = make_gateway(shared)
    made.data.mkdir(parents=True)
    (made.data / "journal").write_text("a file")
    status, told = refused(made)
    assert status == 1
    assert told.count("the journal cannot be opened") >= 3, told
    assert "no worker can start" in told
