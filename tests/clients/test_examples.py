"""The consumers in Java, PHP and Node.js of docs/consumers.md, run against a real RabbitMQ and PostgreSQL: each envelope has
one effect though it comes twice and its consumer is killed, poison goes to the dead letters, a database that is away costs
nothing, and a stop finishes what is in work."""

import json
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.clients.broker import DEAD, Broker, envelope, until
from tests.clients.examples import LANGUAGES, TABLES, Example
from tests.clients.test_stores import libpq
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.process import ServerProcess

MESSAGES = 150
KILLS = 3
SLOW = b"""
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION slow();
"""
"""So that a kill meets work, also in a language that starts fast."""


def poison() -> bytes:
    frame = json.loads(envelope(10_000))
    del frame["data"]["customer"]
    return json.dumps(frame).encode()


def tickets(url: str) -> Counter[str]:
    with psycopg.connect(url) as connection:
        return Counter(text for (text,) in connection.execute("SELECT text FROM tickets"))


def reached(url: str, count: int) -> bool:
    return len(tickets(url)) >= count


@pytest.fixture
def tables(database_url: str) -> str:
    assert TABLES
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(TABLES[1].encode())
        connection.execute(SLOW)
    return libpq(database_url)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_envelope_has_one_effect(
    language: str, broker: Broker, tables: str, postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    example = Example.make(language, tmp_path, broker.url, tables)
    bodies = [envelope(number, f"cus_{number % 9}") for number in range(MESSAGES)]
    broker.publish(*bodies, *bodies[:50], poison())
    broker.publish(b"no envelope", header=False)
    done = 0
    for _ in range(KILLS):
        with example.running():
            wanted = done + MESSAGES // (KILLS + 2)
            await until(partial(reached, tables, wanted), "it works", 60, example.log)
        done = len(tickets(tables))
        assert done < MESSAGES, "it was killed in the middle"
    with example.running() as process:
        await until(lambda: len(tickets(tables)) > done, "it goes on", 60, example.log)
        postgresql.restart()
        await until(lambda: len(tickets(tables)) == MESSAGES, "all are done", 60, example.log)
        await broker.emptied()
        await until(lambda: broker.depth(DEAD) == 2, "two dead letters", 60, example.log)
        stopped(process)
    assert set(tickets(tables).values()) == {1}
    assert sorted(dead(broker)) == sorted([poison(), b"no envelope"])
    assert broker.depth() == 0, "nothing was left unacknowledged"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_stop_leaves_nothing_half_done(language: str, broker: Broker, tables: str, tmp_path: Path) -> None:
    example = Example.make(language, tmp_path, broker.url, tables)
    broker.delete()
    with example.running() as process:
        await until(lambda: "not consuming" in example.log(), "the queue is missing", 60, example.log)
        broker.declare()
        broker.publish(*(envelope(number) for number in range(MESSAGES)))
        await until(lambda: len(tickets(tables)) >= 10, "it works", 60, example.log)
        stopped(process)
    done = tickets(tables)
    assert set(done.values()) == {1}
    assert broker.depth() == MESSAGES - len(done), "what was done is acknowledged, what was not is back"


def stopped(process: ServerProcess) -> None:
    process.send(signal.SIGTERM)
    end = time.monotonic() + 30
    while process.alive:
        assert time.monotonic() < end, f"it does not stop\n{process.log_tail()}"
        time.sleep(0.02)


def dead(broker: Broker) -> list[bytes]:
    found = list[bytes]()
    while (letter := broker.take(DEAD)) is not None:
        found.append(letter[1])
    return found
