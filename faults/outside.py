"""Everything but the broker fails: databases, Redis, gateways themselves, all together."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from faults.broker import STALE
from faults.judge import Window
from faults.stage import Servers, Stage


def postgresql_killed(stage: Stage, seconds: float) -> Window:
    stage.servers.postgresql.kill()
    begun = time.monotonic()
    time.sleep(seconds)
    stage.servers.postgresql.restart()
    return Window(begun, time.monotonic())


def postgresql_frozen(stage: Stage, seconds: float) -> Window:
    stage.servers.postgresql.freeze()
    begun = time.monotonic()
    try:
        time.sleep(seconds)
    finally:
        stage.servers.postgresql.thaw()
    # Nothing accepted after the beginning can have been committed, and so published, before the end.
    return Window(begun, time.monotonic(), stale=1.0)


def redis_frozen(stage: Stage, seconds: float) -> Window:
    stage.servers.redis.freeze()
    begun = time.monotonic()
    try:
        time.sleep(seconds)
    finally:
        stage.servers.redis.thaw()
    return Window(begun, time.monotonic(), STALE)


def all_down(stage: Stage, seconds: float) -> Window:
    """RabbitMQ, Redis and PostgreSQL are killed; the repair is when the last of them answers again."""
    servers = stage.servers
    for server in (servers.rabbitmq, servers.redis, servers.postgresql):
        server.kill()
    begun = time.monotonic()
    time.sleep(seconds)
    start_all(servers)
    return Window(begun, time.monotonic())


def start_all(servers: Servers) -> None:
    with ThreadPoolExecutor() as threads:
        for started in [threads.submit(each.restart) for each in (servers.rabbitmq, servers.redis, servers.postgresql)]:
            started.result()


def nodes_killed(stage: Stage, seconds: float) -> Window:
    """Every few seconds one gateway by chance is killed, and started again a moment later."""
    chance = random.Random(stage.database)  # noqa: S311  # chance, not a secret
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        time.sleep(chance.uniform(1, 4))
        gateway = chance.choice(stage.gateways)
        gateway.kill()
        time.sleep(chance.uniform(0, 2))
        gateway.start()
    return Window(begun, time.monotonic(), STALE)
