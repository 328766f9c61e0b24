"""The restore drill of docs/backup.md: a backup under traffic, everything destroyed, everything back in another place."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.docs.pages import ROOT, blocks
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.judge import collect
from tests.e2e.ledger import Event, Ledger, Post
from tests.e2e.people import Person
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic
from tests.e2e.whatsapp import WhatsApp, webhook
from tests.servers.postgresql import PostgreSQLServer, _newest_bin
from tests.servers.rabbitmq import RabbitMQServer

PAGE = "docs/backup.md"
ANNA = Person("Anna Bianchi", "it", "393331234567", "IT.13491208655302741918")


def drill(name: str) -> str:
    """The commands of the page under this first line."""
    (block,) = (block for block in blocks(PAGE, "sh") if block.first_line == f"# {name}")
    return block.text


TAKE_EMBEDDED = ".venv/bin/regia backup backup-1\n"


def run(gateway: Gateway, script: str, **environ: str) -> str:
    """Run commands of the page in the gateway's folder, as its operator."""
    link = gateway.folder / ".venv"
    if not link.exists():
        link.symlink_to(ROOT / ".venv")
    path = f"{_newest_bin()}:{os.environ['PATH']}"
    env = {**gateway.environ, "PATH": path, "REGIA_CONFIG": str(gateway.config), **environ}
    line = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(line, cwd=gateway.folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Drill:
    """Traffic, a backup in the middle of it, and what is known of that moment."""

    def __init__(self, gateway: Gateway, ledger: Ledger) -> None:
        self.gateway = gateway
        self.ledger = ledger
        self.posts: list[Post] = []
        self.owed: dict[str, Event] = {}
        self.bytes: dict[str, bytes] = {}

    def under_traffic(self, script: str) -> None:
        """Feed posts, back up while they come, and let the rest come."""
        traffic = Traffic(7, self.gateway.secret)
        make: WhatsApp = traffic._whatsapp
        piece = make.message(ANNA, "demo", "text")
        self.posts = [traffic.delivery(webhook("demo", [piece], []), (piece.event,)), *traffic.posts(120)]
        with Sender(self.gateway, self.ledger, seed=7) as sender, ThreadPoolExecutor(1) as pool:
            sender.feed(self.posts)
            while self.ledger.answers < 60:
                time.sleep(0.005)
            self.owed = self._acknowledged()
            began = self.ledger.answers
            backup = pool.submit(run, self.gateway, script)
            while not backup.done():
                sender.feed(traffic.posts(5))
                time.sleep(0.1)
            backup.result()
            assert self.ledger.answers > began + 20, "hardly anything was accepted while the backup was made"
            sender.wait()
        assert not sender.wrong, sender.wrong[:5]

    def _acknowledged(self) -> dict[str, Event]:
        acknowledged = self.ledger.tally().acknowledged
        return {marker: event for marker in acknowledged if (event := self.ledger.events[marker]).fate == "message"}

    def remember(self, backup: Path) -> None:
        """The envelopes' bytes, while the first gateway can still be asked."""
        self.gateway.settle()
        shutil.copytree(self.gateway.folder / "backup-1", backup)
        consumer = consumer_of(self.gateway)
        consumer.drain()
        self.bytes = collect(consumer.deliveries).bodies


def committed(gateway: Gateway) -> set[str]:
    """Ids that the restored database has before its gateway runs."""
    url = gateway.environ.get("REGIA__DATABASE__URL")
    if url is None:
        with closing(sqlite3.connect(gateway.data / "regia.sqlite")) as db:
            return {id_ for (id_,) in db.execute("SELECT id FROM messages")}
    with psycopg.connect(url) as db:
        return {id_ for (id_,) in db.execute("SELECT id FROM messages").fetchall()}


def stored(gateway: Gateway, id_: str) -> tuple[bytes, Any]:
    answer = gateway.get(f"/v1/messages/{id_}")
    assert answer.status == 200, (id_, answer.body)
    return answer.body, answer.json()["envelope"]


def check_messages(drill_: Drill, gateway: Gateway, known: set[str]) -> tuple[int, int]:
    """Everything owed is there; what the copy of the database had has its bytes. How many of these, and how many files."""
    texts = {json.loads(body)["data"]["text"]: id_ for id_, body in drill_.bytes.items()}
    same = files = 0
    for marker, event in drill_.owed.items():
        id_ = event.id or texts[event.text]  # a page for a person names no id
        assert id_ in drill_.bytes, f"{marker} was never delivered by the first gateway"
        body, envelope = stored(gateway, id_)
        if id_ in known:
            assert drill_.bytes[id_] in body, marker
            same += 1
        for attachment in envelope["data"]["attachments"]:
            if attachment["state"] == "stored" and id_ in known:
                link = "/" + attachment["url"].split("/", 3)[3]
                by_link, by_token = gateway.request("GET", link), gateway.get(f"/v1/attachments/{attachment['id']}")
                assert by_link.status == by_token.status == 200, "the key of links, or the file, is another one"
                assert len(by_link.body) == attachment["size"]
                files += 1
    return same, files


def check_repeats(drill_: Drill, gateway: Gateway) -> None:
    """What was accepted before is recognised when it is sent again."""
    old = [
        post
        for post in drill_.posts
        if post.repeatable and post.events and all(one.marker in drill_.owed for one in post.events)
    ]
    assert len(old) > 20
    before = gateway.books()
    for post in old:
        assert gateway.request(post.method, post.path, post.body, post.headers).status in (200, 202)
    after = gateway.settle()
    events = sum(len(post.events) for post in old)
    assert after["duplicate"] - before["duplicate"] == events
    assert after["published"] == before["published"]


def check_customer(drill_: Drill, gateway: Gateway) -> None:
    """Who wrote before is the same customer, and is counted on."""
    first = drill_.posts[0].events[0].id
    assert first is not None
    _, envelope = stored(gateway, first)
    make: WhatsApp = (traffic := Traffic(8, gateway.secret, stamp="R"))._whatsapp
    piece = make.message(ANNA, "demo", "text")
    post = traffic.delivery(webhook("demo", [piece], []), (piece.event,))
    assert gateway.request("POST", post.path, post.body, post.headers).status == 200
    gateway.settle()
    assert piece.event.id is not None
    _, later = stored(gateway, piece.event.id)
    assert later["data"]["customer"]["id"] == envelope["data"]["customer"]["id"]
    assert later["data"]["customer"]["sequence"] > envelope["data"]["customer"]["sequence"]
    assert later["data"]["customer"]["match"] == "verified"


def prove(drill_: Drill, gateway: Gateway) -> None:
    known = committed(gateway)
    gateway.start()
    books = gateway.settle()
    assert books["balance"], books
    assert books["elsewhere"] == 0
    same, files = check_messages(drill_, gateway, known)
    assert same > 20
    assert files > 0
    check_repeats(drill_, gateway)
    check_customer(drill_, gateway)
    consumer = consumer_of(gateway)
    consumer.drain()
    bodies: dict[str, bytes] = {}
    for delivery in consumer.deliveries:
        assert bodies.setdefault(delivery.envelope_id, delivery.body) == delivery.body, "one id with two bodies"
        if delivery.envelope_id in known:
            assert drill_.bytes.get(delivery.envelope_id, delivery.body) == delivery.body, "not the bytes of before"
    assert not gateway.defects(), gateway.defects()[:3]
    assert gateway.books()["balance"]


def test_the_drill_embedded(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway()
    gateway.start()
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        drill_ = Drill(gateway, ledger)
        drill_.under_traffic(TAKE_EMBEDDED)
        drill_.remember(tmp_path / "kept")
        gateway.kill()
        shutil.rmtree(gateway.folder)
        new = make_gateway()
        shutil.copytree(tmp_path / "kept", new.folder / "backup-1")
        told = run(new, drill("restore, embedded"))
        assert "the books balance" in told
        prove(drill_, new)


@pytest.fixture
def servers(
    postgresql: PostgreSQLServer, rabbitmq: RabbitMQServer, request: pytest.FixtureRequest
) -> Iterator[tuple[Mode, Mode, Mapping[str, str], str]]:
    """Where the first gateway is, where the second one will be, libpq's variables for that, and the first database."""
    first, second = postgresql.create_database(), f"restored_{os.getpid()}"
    redis: str = request.getfixturevalue("redis_url")

    def mode(database: str) -> Mode:
        return Mode(
            "shared",
            {
                "REGIA__QUEUES__URL": rabbitmq.new_vhost(),
                "REGIA__DATABASE__URL": postgresql.url_of(database).replace("+psycopg", ""),
                "REGIA__COORDINATION__URL": redis,
            },
        )

    libpq = {"PGHOST": "127.0.0.1", "PGPORT": str(postgresql.port), "PGUSER": "regia", "PGDATABASE": second}
    yield mode(first), mode(second), libpq, first
    for name in (first, second):
        postgresql.drop_database(name)


def test_the_drill_shared(
    make_gateway: MakeGateway,
    tmp_path: Path,
    postgresql: PostgreSQLServer,
    servers: tuple[Mode, Mode, Mapping[str, str], str],
) -> None:
    there, here, libpq, first = servers
    gateway = make_gateway(there)
    gateway.start()
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        drill_ = Drill(gateway, ledger)
        drill_.under_traffic(drill("take, shared"))
        drill_.remember(tmp_path / "kept")
        gateway.kill()
        shutil.rmtree(gateway.folder)
        postgresql.drop_database(first)
        new = make_gateway(here)
        shutil.copytree(tmp_path / "kept", new.folder / "backup-1")
        told = run(new, drill("restore, shared"), **libpq)
        assert "the books balance" in told
        prove(drill_, new)
