"""Nodes that are paused for longer than their leases, and workers that are killed for minutes.

`PROOF_WORKERS_SECONDS` is how long workers are killed and renewed; `make proof` takes 90.
"""

import os
import random
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.ledger import Ledger
from tests.e2e.nodes import Numbered, first_order, start_nodes
from tests.e2e.runs import eventually
from tests.e2e.sender import Sender
from tests.e2e.test_mailbox import CONFIG, RULES, mail
from tests.e2e.traffic import Traffic
from tests.e2e.workers import all_ready, logged, processes, shared, until_in_the_log, until_logged
from tests.proof.figures import record
from tests.servers.dovecot import DovecotServer
from tests.servers.rabbitmq import RabbitMQServer
from tests.servers.smtp import SmtpServer

__all__ = ["shared"]

SEED: Final = int(os.environ.get("SEED", "20261121"))
SECONDS: Final = float(os.environ.get("PROOF_WORKERS_SECONDS", "90"))
TAKEN_OVER: Final = "a node is gone: its outbox is published from here"
CLOSED: Final = "nothing of the outbox is published here"
OPEN: Final = "the outbox is published from here again"


@pytest.mark.alone
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_node_that_wakes_while_another_has_its_outbox_asks_for_it_before_it_publishes(
    make_gateway: MakeGateway, shared: Mode, rabbitmq: RabbitMQServer
) -> None:
    slow, other = start_nodes(make_gateway, shared, "slow", "other")
    posts = Numbered(senders=5)
    posts.post(slow, each=2)
    slow.settle()
    rabbitmq.freeze()
    try:
        posts.post(slow, each=10)
        eventually(lambda: slow.books()["waiting"], 0, seconds=60)
        slow.process.send(signal.SIGSTOP)
        until_logged(other, TAKEN_OVER)
        slow.process.send(signal.SIGCONT)
        until_in_the_log(slow, CLOSED)
        posts.post(slow, each=10)
        until_in_the_log(slow, OPEN)  # though the other could publish nothing of it meanwhile
    finally:
        rabbitmq.thaw()
    slow.settle(120)
    consumer = consumer_of(slow)
    consumer.drain()
    order = first_order(consumer.deliveries)
    assert order
    assert {tuple(numbers) for numbers in order.values()} == {tuple(range(22))}
    assert len({one.envelope_id for one in consumer.deliveries}) == posts.sent
    repeats = len(consumer.deliveries) - len({(one.queue, one.envelope_id) for one in consumer.deliveries})
    record("node paused past its lease", messages=posts.sent, lost=0, out_of_order=0, repeats=repeats)
    for node in (slow, other):
        node.stop()


@pytest.mark.alone
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_poller_that_wakes_after_another_took_its_mailbox_takes_nothing_twice(
    make_gateway: MakeGateway, shared: Mode, dovecot: DovecotServer, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    address, customer = dovecot.new_user("support"), dovecot.new_user("anna")
    config = tmp_path / "regia.yaml"
    ports = {"imap_port": dovecot.port, "smtp_port": smtp_server.submission_port}
    config.write_text(CONFIG.format(address=address, ca_file=dovecot.ca_file, **ports).replace("flag", "leave"))
    (tmp_path / "rules.yaml").write_text(RULES)
    mode = Mode("local queues", {name: url for name, url in shared.environ.items() if "QUEUES" not in name})
    one, two = start_nodes(make_gateway, mode, "one", "two", config=config, MAIL_PASSWORD=dovecot.password)
    owner, other = (one, two) if _polls(one) else (two, one)

    def deliver(*numbers: int) -> None:
        for number in numbers:
            dovecot.deliver(address, mail(number, customer, address), "INBOX")

    deliver(*range(5))
    eventually(lambda: _published(one), 5, seconds=60)
    owner.process.send(signal.SIGSTOP)
    paused = time.monotonic()
    deliver(*range(5, 10))
    eventually(lambda: _published(other), 10, seconds=90)
    taken_over = time.monotonic() - paused
    owner.process.send(signal.SIGCONT)
    deliver(*range(10, 15))
    eventually(lambda: _published(other), 15, seconds=60)
    time.sleep(6)  # what the one that woke up began before is over
    assert _published(other) == 15
    assert _polls(other)
    assert not _polls(owner)
    record("poller paused past its lease", mails=15, envelopes=15, taken_over_after=f"{taken_over:.1f} s")
    assert taken_over < 45  # 25 s of lease and a look every two, on a machine that does much else
    for node in (one, two):
        node.stop()


def _polls(gateway: Gateway) -> bool:
    deadline = time.monotonic() + 60
    while True:
        states = set(gateway.request("GET", "/health/ready").json().get("sources", {}).values())
        if states and "starting" not in states:
            return "ok" in states
        assert time.monotonic() < deadline, states
        time.sleep(0.2)


def _published(gateway: Gateway) -> int:
    """Envelopes, whichever node has accepted them."""
    return sum(gateway.books()["published_to"].values())


@pytest.mark.alone
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_workers_are_killed_and_renewed_for_minutes(make_gateway: MakeGateway, shared: Mode, tmp_path: Path) -> None:
    gateway = make_gateway(shared, REGIA__SERVER__WORKERS="3")
    gateway.start()
    all_ready(gateway, 3)
    consumer = consumer_of(gateway)
    consumer.begin()
    chance = random.Random(SEED)  # noqa: S311  # chance, not a secret
    kills, end = 0, time.monotonic() + SECONDS
    with Ledger(tmp_path / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=SEED) as sender:
        traffic = Traffic(SEED, gateway.secret)
        while time.monotonic() < end:
            if sender.left < 60:
                sender.feed(traffic.posts(60))
            time.sleep(chance.uniform(1.0, 3.0))
            if chance.random() < 0.15:
                gateway.process.send(signal.SIGUSR2)
            there = processes(gateway)
            if there:
                os.kill(chance.choice(sorted(there.values())), signal.SIGKILL)
                kills += 1
        sender.wait()
        unanswered = sender.unanswered
    assert not sender.wrong, sender.wrong[:5]
    all_ready(gateway, 3, 120)
    books = gateway.settle(120)
    consumer.end()
    verdict = judge.collect(consumer.deliveries)
    judge.match(ledger, verdict)
    judge.check_books(books, ledger, verdict, exact=False)
    renewed = logged(gateway, "a worker is ready again")
    record("workers killed", seed=SEED, kills=kills, renewed=renewed, unanswered=unanswered, repeats=verdict.repeats, **books)
    gateway.stop()
