"""`regia dead` as a person types it, on embedded queues and on RabbitMQ."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from typer.testing import CliRunner, Result

from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import DEAD
from regia.cli.main import app
from storage import operations
from storage.database import Database
from storage.operations import Operation
from tests.cli.test_replay import CONFIG, RULES
from tests.databases import migrated_sqlite
from tests.dispatcher.contract import TOPOLOGY, publication
from tests.dispatcher.test_letters import Local, Rabbit, letter_publication
from tests.dispatcher.test_rabbitmq import other_client

__all__ = ["migrated_sqlite"]


@dataclass
class Node:
    """A data folder without a running gateway; `amqp` is empty where its queues are embedded."""

    folder: Path
    amqp: str

    def run(self, *arguments: str, code: int = 0, typed: bytes = b"") -> Result:
        done = CliRunner().invoke(app, ["dead", *arguments, "-c", str(self.folder / "regia.yaml")], input=typed)
        assert done.exit_code == code, done.output
        return done

    def bury(self, numbers: Sequence[int]) -> None:
        async def do() -> None:
            database = Database(f"sqlite:///{self.folder / 'data' / 'regia.sqlite'}")
            queues = RabbitQueues(self.amqp) if self.amqp else LocalQueues(database)
            await queues.open(TOPOLOGY)
            place = Rabbit(self.amqp, queues, database) if isinstance(queues, RabbitQueues) else Local(queues, database)
            await place.bury([letter_publication(number) for number in numbers])
            await place.letters.close()
            await queues.close()
            await database.close()

        asyncio.run(do())

    def operations(self) -> Sequence[Operation]:
        async def do() -> Sequence[Operation]:
            database = Database(f"sqlite:///{self.folder / 'data' / 'regia.sqlite'}")
            try:
                return await database.read(lambda connection: operations.listed(connection, limit=10))
            finally:
                await database.close()

        return asyncio.run(do())


@pytest.fixture(params=["local", "rabbitmq"])
def node(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("KEY", "a-key")
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    amqp: str = request.getfixturevalue("amqp_url") if request.param == "rabbitmq" else ""
    if amqp:
        monkeypatch.setenv("REGIA__QUEUES__URL", amqp)
    return Node(tmp_path, amqp)


def envelope(number: int) -> str:
    return publication(number).envelope_id


def test_listed_shown_driven_again_and_discarded(node: Node) -> None:
    node.bury(range(4))
    listed = node.run("list")
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert [line[2:6] for line in lines] == [
        ["rejected", "masterpro.returns", "returns", envelope(number)] for number in range(4)
    ]
    assert "4 shown; looked at 4 of 4" in listed.stderr
    short = node.run("list", "--limit", "2", "--json")
    assert [json.loads(line)["id"] for line in short.stdout.splitlines()] == [line[0] for line in lines[:2]]
    assert "2 shown, 2 more fit" in short.stderr
    assert node.run("show", lines[1][0]).stdout_bytes == letter_publication(1).body
    assert node.operations() == []

    assert node.run("redrive", lines[1][0]).stdout == "1 driven again, 3 left\n"
    assert node.run("discard", "--why", "a test order", envelope(2)).stdout == "1 discarded, 2 left\n"
    assert node.run("redrive", "--queue", "masterpro.returns", "--reason", "rejected").stdout == "2 driven again, 0 left\n"
    last, gone, first = node.operations()
    assert (first.action, first.done, first.state, first.selection["ids"]) == ("dead.redrive", 1, "done", [lines[1][0]])
    assert (gone.action, gone.detail["why"], gone.done) == ("dead.discard", "a test order", 1)
    assert (last.selection["queue"], last.selection["reason"], last.done) == ("masterpro.returns", "rejected", 2)
    said = CliRunner().invoke(app, ["operations", "--limit", "2", "-c", str(node.folder / "regia.yaml")]).stdout.splitlines()
    assert len(said) == 2
    assert "dead.discard" in said[1]
    assert "a test order" in said[1]
    assert {one.actor.split("/")[0] for one in (first, gone, last)} == {"user"}


def test_an_edit_must_stay_the_same_envelope(node: Node, tmp_path: Path) -> None:
    node.bury([1])
    refused = node.run("edit", envelope(1), "-", typed=b'{"id": "anna@example.it"}', code=1)
    assert "this is no envelope" in refused.stderr
    assert "anna" not in refused.output
    assert node.operations() == []
    assert "no letter of that id" in node.run("edit", envelope(7), "-", typed=b"{}", code=1).stderr


def test_everything_must_be_said(node: Node) -> None:
    node.bury([])
    assert "or --all" in node.run("redrive", code=2).stderr
    assert node.run("redrive", "--all").stdout == "0 driven again, 0 left\n"
    assert "there is no queue 'masterpro.retruns'" in node.run("redrive", "--all", "--to", "masterpro.retruns", code=1).stderr
    assert node.operations()[0].state == "failed"


def test_what_no_queue_takes_stays_and_is_said(node: Node) -> None:
    if not node.amqp:  # embedded queues take everything
        assert node.run("redrive", "--from", "unrouted").stdout == "0 driven again, 0 left\n"
        return
    node.bury(range(2))

    def remove(channel: BlockingChannel) -> None:
        channel.queue_delete("masterpro.returns")

    asyncio.run(other_client(node.amqp, remove))
    assert node.run("redrive", "--all", code=1).stdout == "0 driven again, 2 left; 2 stay: no queue takes them\n"
    asyncio.run(other_client(node.amqp, lambda channel: channel.queue_delete(DEAD)))
    assert "there is no queue 'regia.dead'; `regia topology apply` declares it" in node.run("list", code=1).stderr
