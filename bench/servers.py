"""The private servers a measurement runs against."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import postgresql
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.process import ServerProcess
from tests.servers.rabbitmq import RabbitMQServer
from tests.servers.redis import RedisServer

_OFF: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses, made when asked for, and the processes whose time is counted."""

    amqp: Callable[[], str]
    """A vhost of its own at each call."""
    database: Callable[[], str]
    """A PostgreSQL database of its own at each call."""
    redis: str
    broker_pid: int
    database_pid: int


class DurablePostgreSQL(PostgreSQLServer):
    """The tests' PostgreSQL forgets on a power cut; one that is measured beside a synced SQLite must not."""

    def _spawn(self) -> ServerProcess:
        tuned = postgresql.SETTINGS
        postgresql.SETTINGS = tuple(setting for setting in tuned if setting not in _OFF)  # type: ignore[assignment]
        try:
            return super()._spawn()
        finally:
            postgresql.SETTINGS = tuned


def servers_of(rabbitmq: RabbitMQServer, database: PostgreSQLServer, redis: str) -> Servers:
    """Servers that run already."""
    return Servers(
        amqp=rabbitmq.new_vhost,
        database=lambda: database.url_of(database.create_database()),
        redis=redis,
        broker_pid=rabbitmq._process.pid,  # the tests' servers need not show it to anybody else
        database_pid=database._process.pid,
    )


@contextmanager
def start(folder: Path) -> Iterator[Servers]:
    """Start all three at once, and end them afterwards."""
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        rabbitmq = threads.submit(RabbitMQServer.start, folder / "rabbitmq")
        database = threads.submit(DurablePostgreSQL.start, folder / "postgresql")
        redis = threads.submit(RedisServer.start, folder / "redis")
        for started in (rabbitmq, database, redis):
            if started.exception() is None:
                stack.callback(started.result().stop)
        yield servers_of(rabbitmq.result(), database.result(), f"{redis.result().url}/0")
