"""Consumers that are killed with SIGKILL in mid-work, two at a time, and what they leave in the database."""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import psycopg

from tests.clients.broker import DEAD, QUEUE, Broker, envelope
from tests.servers.process import ServerProcess

ROOT: Final = Path(__file__).parents[2]
WORKER: Final = ROOT / "tests/clients/worker.py"


def create(kind: str, database: str) -> None:
    if kind == "postgresql":
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("CREATE TABLE effects (id text, number integer)")


def effects(kind: str, database: str) -> Counter[str]:
    query = "SELECT id FROM effects"
    if kind == "postgresql":
        with psycopg.connect(database) as connection:
            return Counter(one for (one,) in connection.execute(query))
    reading = sqlite3.connect(database, timeout=10)
    try:
        return Counter(one for (one,) in reading.execute(query))
    finally:
        reading.close()


def kill_again_and_again(broker: Broker, kind: str, database: str, folder: Path, *, kills: int, each: int, seed: int) -> None:
    """`each` envelopes a kill, every third of them twice. At the end each has exactly one effect, and no dead letter stands."""
    create(kind, database)
    chance = random.Random(seed)  # noqa: S311  # repeatable, no secret
    sent = 0
    workers = [_start(broker, kind, database, folder, number) for number in range(2)]
    try:
        for number in range(kills):
            bodies = [envelope(index, f"cus_{index % 5}") for index in range(sent, sent + each)]
            begun = len(effects(kind, database))
            broker.publish(*bodies, *bodies[::3])
            sent += each
            _wait(lambda begun=begun: len(effects(kind, database)) > begun, workers)
            time.sleep(chance.uniform(0, 0.1))
            workers[number % 2].kill()
            workers[number % 2] = _start(broker, kind, database, folder, number % 2)
        _wait(lambda: len(effects(kind, database)) == sent and broker.depth() == 0, workers)
        for worker in workers:
            worker.send(signal.SIGTERM)
        _wait(lambda: not any(worker.alive for worker in workers), [])
    finally:
        for worker in workers:
            worker.kill()
    while (left := broker.take(QUEUE)) is not None:
        assert json.loads(left[1])["id"] in effects(kind, database), "only repeats may have gone back when they were stopped"
    assert broker.depth(DEAD) == 0
    assert set(effects(kind, database).values()) == {1}


def _start(broker: Broker, kind: str, database: str, folder: Path, number: int) -> ServerProcess:
    command = [sys.executable, str(WORKER), broker.url, kind, database]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients/python'}"}
    return ServerProcess("worker", command, log=folder / f"worker{number}.log", env=environment, cwd=folder)


def _wait(condition: object, workers: list[ServerProcess]) -> None:
    assert callable(condition)
    end = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < end, "\n".join(worker.log_tail() for worker in workers)
        time.sleep(0.05)
