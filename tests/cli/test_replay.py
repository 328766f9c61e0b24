"""`regia replay` as a person types it, on embedded queues and on RabbitMQ."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from typer.testing import CliRunner, Result

from dispatcher.local import LocalQueues
from regia.cli.main import app
from storage import operations
from storage.database import Database, DatabaseUnavailable
from storage.operations import Operation
from storage.outbox import PENDING, UNROUTED
from tests.databases import migrated_sqlite
from tests.dispatcher.contract import publication
from tests.dispatcher.stored import T0, states, store
from tests.dispatcher.test_rabbitmq import other_client

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  mail: {type: email, brand: masterpro, address: support@demo.example}
"""
RULES = "categories: {returns: {label: Resi}, warranty: {label: Garanzia}, general: {label: All}}\ndefault: general\n"


def envelopes(*numbers: int) -> list[str]:
    return [publication(number).envelope_id for number in numbers]


@dataclass
class Node:
    """A data folder without a running gateway."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'regia.sqlite'}"

    def run(self, *arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["replay", *arguments, "-c", str(self.folder / "regia.yaml")])
        assert done.exit_code == code, done.output
        return done

    def store(self, numbers: Sequence[int], **other: object) -> None:
        async def do() -> None:
            database = Database(self.url)
            await store(database, numbers, **other)  # type: ignore[arg-type]  # of any column
            await database.close()

        asyncio.run(do())

    def states(self) -> list[str]:
        async def do() -> list[str]:
            database = Database(self.url)
            try:
                return await states(database)
            finally:
                await database.close()

        return asyncio.run(do())

    def lying(self, queue: str) -> list[str]:
        async def do() -> list[str]:
            database = Database(self.url)
            try:
                return [one.envelope_id for one in await LocalQueues(database).peek(queue, 10_000)]
            finally:
                await database.close()

        return asyncio.run(do())

    def operations(self) -> Sequence[Operation]:
        async def do() -> Sequence[Operation]:
            database = Database(self.url)
            try:
                return await database.read(lambda connection: operations.listed(connection, limit=10))
            finally:
                await database.close()

        return asyncio.run(do())


@pytest.fixture
def node(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("KEY", "a-key")
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    return Node(tmp_path)


def test_what_is_listed_is_what_goes(node: Node) -> None:
    node.store(range(6))
    node.store(range(6, 8), to=("warranty",), category="warranty")
    shown = node.run("--since", "2026-11-27T10:00:02", "--category", "returns", "--list")
    assert [line.split() for line in shown.stdout.splitlines()] == [
        [f"2026-11-27T10:00:0{number}.000Z", publication(number).envelope_id, "returns", "masterpro.returns", "published"]
        for number in (2, 3, 4, 5)
    ]
    assert "published from 2026-11-27T10:00:02.000Z (UTC)" in shown.stderr
    assert "4 envelopes: masterpro.returns 4" in shown.stderr
    assert node.operations() == [], "a look is no operation"

    done = node.run("--since", "2026-11-27T11:00:02+01:00", "--category", "returns")
    assert done.stdout == "4 of 4 published again: masterpro.returns 4\n"
    assert node.lying("masterpro.returns") == envelopes(2, 3, 4, 5)
    (row,) = node.operations()
    assert (row.action, row.state, row.done) == ("replay", "done", 4)
    assert row.actor.startswith("user/")
    assert row.selection == {"since_ms": T0 + 2000, "categories": ["returns"]}

    again = node.run("--since", "2026-11-27T10:00:02", "--category", "returns")
    assert again.stdout == "0 of 4 published again, 4 lay there already\n"


def test_a_long_list_says_how_many_more(node: Node) -> None:
    node.store(range(130))
    shown = node.run("--since", "2026-11-27T10:00", "--list")
    assert len(shown.stdout.splitlines()) == 100
    assert "130 envelopes, the first 100 shown" in shown.stderr
    assert len(node.run("--since", "2026-11-27T10:00", "--dry-run", "--limit", "7").stdout.splitlines()) == 7
    lines = node.run("--since", "2026-11-27T10:00", "--list", "--json").stdout.splitlines()
    assert [json.loads(line)["envelope_id"] for line in lines] == envelopes(*range(130))


def test_to_one_queue_once_each(node: Node) -> None:
    node.store(range(3), to=("returns", "warranty"))
    told = json.loads(node.run("--since", "2026-11-27", "--to", "masterpro.general", "--json").stdout)
    assert (told["published"], told["queues"], told["stopped"]) == (3, {"masterpro.general": 3}, None)
    assert node.lying("masterpro.general") == envelopes(0, 1, 2)


def test_single_envelopes_also_those_that_no_queue_took(node: Node) -> None:
    node.store(range(2), state=UNROUTED)
    node.store([2], state=PENDING)
    done = node.run("--envelope", envelopes(1)[0], "--envelope", envelopes(2)[0])
    assert done.stdout == "1 of 1 published again: masterpro.returns 1\n"
    assert "has not reached all its queues yet" in done.stderr
    assert node.states() == ["unrouted", "published", "pending"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--since, --envelope or --unheard"),
        (("--queue", "masterpro.returns"), "--since, --envelope or --unheard"),
        (("--since", "yesterday"), "2026-11-21T18:02 (UTC)"),
        (("--since", "2026-11-27", "--until", "2026-11-26"), "--until is not after --since"),
        (("--since", "2h", "--category", "retruns"), "did you mean 'returns'?"),
        (("--since", "2h", "--queue", "returns"), "known: masterpro.general, masterpro.returns"),
        (("--since", "2h", "--queue", "masterpro.returns", "--brand", "demo"), "two brands"),
        (("--envelope", "0f0c"), "no envelope 0f0c is stored"),
    ],
)
def test_what_cannot_be_meant(node: Node, arguments: tuple[str, ...], said: str) -> None:
    assert said in node.run(*arguments, code=2).stderr


def test_a_queue_that_does_not_exist_stops_it_before_anything_is_sent(node: Node) -> None:
    node.store(range(3))
    stopped = node.run("--since", "2026-11-27", "--to", "masterpro.retruns", code=1)
    assert "there is no queue 'masterpro.retruns'" in stopped.stderr
    assert "nothing was published" in stopped.stderr
    assert node.operations() == []


def test_nothing_fits(node: Node) -> None:
    node.store(range(3))
    assert node.run("--since", "2026-12-01").stdout == "nothing fits\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on(node: Node, how: signal.Signals) -> None:
    node.store(range(40))
    regia = [str(Path(sys.executable).with_name("regia")), "replay", "--since", "2026-11-27", "--rate", "5"]
    command = [*regia, "-c", str(node.folder / "regia.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 60
        while time.monotonic() < until and not any(0 < one.done < 40 for one in node.operations()):
            time.sleep(0.1)
        running.send_signal(how)
        said, wrong = running.communicate(timeout=60)
    assert running.returncode == 130, wrong
    (row,) = node.operations()
    assert row.state == "stopped"
    assert f"{row.done} of 40 published again" in said
    assert f"--after {row.detail['place']}" in wrong
    node.run("--since", "2026-11-27", "--after", str(row.detail["place"]))
    assert node.lying("masterpro.returns") == envelopes(*range(40))


def test_a_database_that_went_away_leaves_the_place_to_go_on_from(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.store(range(4))

    def away(*_: object) -> None:
        raise DatabaseUnavailable("it went away")

    with monkeypatch.context() as patch:
        patch.setattr(operations, "note", away)
        done = node.run("--since", "2000-01-01", code=1)
    assert done.stdout == "4 of 4 published again: masterpro.returns 4\n"
    (place,) = re.findall(r"it stopped: it went away; to go on, give the same again with --after ([0-9]+)$", done.stderr, re.M)
    assert "the database does not answer: it went away" in done.stderr, "nor can the end be written down"
    assert node.run("--since", "2000-01-01", "--after", place).stdout == "nothing fits\n"


def test_a_deleted_queue_of_rabbitmq_without_a_gateway(node: Node, amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command declares what the rules need, as a gateway would."""
    monkeypatch.setenv("REGIA__QUEUES__URL", amqp_url)
    node.store(range(300), senders=300)
    assert node.run("--since", "2026-11-27", "--queue", "masterpro.returns").stdout.startswith("300 of 300 published again")

    def take(channel: BlockingChannel) -> list[str]:
        found = []
        while (got := channel.basic_get("masterpro.returns"))[0] is not None:
            found.append(got[1].headers["envelope-id"])
        return found

    assert asyncio.run(other_client(amqp_url, take)) == envelopes(*range(300))
    stopped = node.run("--since", "2026-11-27", "--to", "tickets.in", code=1)
    assert "there is no queue 'tickets.in'" in stopped.stderr


def test_no_broker(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIA__QUEUES__URL", "amqp://guest:secret@127.0.0.1:1/x")
    node.store(range(3))
    stopped = node.run("--since", "2026-11-27", code=1)
    assert "cannot be used" in stopped.stderr
    assert "secret" not in stopped.output
