"""Many kills of the consumer library's processes; tests/clients has the short form."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.clients.broker import DEAD, Broker, envelope, until
from tests.clients.conftest import broker, work
from tests.clients.examples import LANGUAGES, Example
from tests.clients.killing import kill_again_and_again
from tests.clients.test_examples import MESSAGES, stopped, tables, tickets
from tests.clients.test_stores import libpq
from tests.servers.rabbitmq import STANDS, RabbitMQServer

__all__ = ["broker", "tables", "work"]

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_kills_leave_one_effect(kind: str, broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = str(request.getfixturevalue("work")) if kind == "sqlite" else libpq(request.getfixturevalue("database_url"))
    kill_again_and_again(broker, kind, database, tmp_path, kills=60, each=80, seed=int(os.environ.get("SEED", "1")))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_examples_go_on_after_the_broker_was_killed(
    language: str, broker: Broker, tables: str, rabbitmq: RabbitMQServer, tmp_path: Path
) -> None:
    example = Example.make(language, tmp_path, broker.url, tables)
    await asyncio.sleep(STANDS)
    broker.publish(*(envelope(number) for number in range(MESSAGES)))
    with example.running() as process:
        await until(lambda: len(tickets(tables)) >= 20, "it works", 60, example.log)
        rabbitmq.kill()
        rabbitmq.restart()
        await until(lambda: len(tickets(tables)) == MESSAGES, "all are done", 120, example.log)
        stopped(process)
    assert set(tickets(tables).values()) == {1}
    assert broker.depth(DEAD) == 0
