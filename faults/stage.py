"""Where a scenario plays: real servers, real gateways, a sender and a consumer, each a process of its own."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from bench.servers import DurablePostgreSQL
from faults import consumer, sender
from faults.judge import Accounts
from faults.ledger import Reader
from faults.messages import QUEUES, SECRET
from faults.programs import Broken, Program, peak_mb
from tests.e2e.gateway import CONFIG, Gateway, Mode
from tests.servers.namespaces import Namespaces, NotPermitted
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.process import free_port
from tests.servers.rabbitmq import RabbitMQServer
from tests.servers.rabbitmq_cluster import COUNT, RabbitMQCluster
from tests.servers.redis import RedisServer

RATE: Final = 200.0
SHORT_RATE: Final = 50.0
"""Beside other tests a busy machine cannot do `RATE`, and all that a scenario would show is how long the backlog takes."""
SENDERS: Final = 100
_END_SECONDS: Final = 150.0
"""What the sender may take after the last new message until everything is accepted."""
_QUIET_SECONDS: Final = 60.0
"""Without any delivery, after which the rest counts as lost."""


@dataclass(slots=True)
class Servers:
    """They live for all scenarios; each has a virtual host, a database and an empty Redis of its own. `rate` is how many
    messages a second customers send."""

    rabbitmq: RabbitMQServer
    postgresql: PostgreSQLServer
    redis: RedisServer
    folder: Path
    rate: float
    later: ExitStack
    """Ends what is started only when it is asked for."""
    _cluster: RabbitMQCluster | None = None
    not_permitted: str = ""
    """Why the nodes of the cluster are not in network namespaces."""

    def cluster(self) -> RabbitMQCluster:
        """Three RabbitMQ nodes, in network namespaces where that is permitted."""
        if self._cluster is None:
            try:
                namespaces = self.later.enter_context(Namespaces(COUNT))
            except NotPermitted as error:
                namespaces, self.not_permitted = None, str(error)
            self._cluster = self.later.enter_context(RabbitMQCluster.start(self.folder / "cluster", namespaces))
        return self._cluster


@contextmanager
def servers(folder: Path, rate: float) -> Iterator[Servers]:
    """All three, started at once. PostgreSQL syncs what it commits, so that it can be killed."""
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        starting = (
            threads.submit(RabbitMQServer.start, folder / "rabbitmq"),
            threads.submit(DurablePostgreSQL.start, folder / "postgresql"),
            threads.submit(RedisServer.start, folder / "redis"),
        )
        for started in starting:
            if started.exception() is None:
                stack.callback(started.result().stop)
        rabbitmq, postgresql, redis = (started.result() for started in starting)
        yield Servers(rabbitmq, postgresql, redis, folder, rate, stack)  # type: ignore[arg-type]  # a tuple of three kinds


class Stage:
    """`begin` lets traffic flow, `finish` ends it and waits until all has arrived. A context manager.

    `amqp` is where the gateways publish, `consume` where the ticket system looks; by default both are the broker of
    `servers`. `nodes` gateways share everything but their data folders; each has so many `workers`. `overrides` are settings as
    variables of the environment.
    """

    def __init__(
        self,
        servers: Servers,
        folder: Path,
        *,
        nodes: int = 1,
        workers: int = 1,
        amqp: str | None = None,
        consume: Sequence[str] = (),
        data: Path | None = None,
        rate: float | None = None,
        overrides: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.servers = servers
        self.folder = folder
        self.vhost = amqp or servers.rabbitmq.new_vhost()
        self.consume = list(consume) or [self.vhost]
        self.database = servers.postgresql.create_database()
        self.rate = rate or servers.rate
        self._workers = workers
        servers.redis.flush()
        shared = Mode("shared", self._environ())
        set_ = {"REGIA__SERVER__WORKERS": str(workers), **overrides}
        self.gateways = [
            Gateway(folder / f"node-{number}", shared, REGIA__NODE=f"node-{number}", config=CONFIG, **set_)
            for number in range(nodes)
        ]
        if data is not None:
            self.gateways[0].data = data
        self.accounts = Accounts(SENDERS)
        self._books = (Reader(folder / "sent.jsonl"), Reader(folder / "delivered.jsonl"))
        self._stack = ExitStack()
        self._sender: Program | None = None
        self._consumer: Program | None = None
        self.peak_mb = 0.0

    def _environ(self) -> dict[str, str]:
        return {
            "REGIA__QUEUES__URL": self.vhost,
            "REGIA__DATABASE__URL": self.servers.postgresql.url_of(self.database).replace("+psycopg", ""),
            "REGIA__COORDINATION__URL": f"{self.servers.redis.url}/0",
            "REGIA__CONNECTORS__WHATSAPP__APP_SECRET": SECRET,
            # Nobody listens there: nothing is asked of a provider.
            "REGIA__CONNECTORS__WHATSAPP__GRAPH_URL": f"http://127.0.0.1:{free_port()}",
        }

    @property
    def gateway(self) -> Gateway:
        return self.gateways[0]

    def start(self) -> None:
        """The gateways, until they are ready; one after the other, since the first makes the database."""
        for gateway in self.gateways:
            self._stack.callback(gateway.kill)
            gateway.start()

    def listen(self, queues: Sequence[str] = QUEUES) -> None:
        """The ticket system takes what is in these queues from now on."""
        ledger = str(self.folder / "delivered.jsonl")
        job = consumer.Job(urls=self.consume, queues=list(queues), ledger=ledger)
        self._consumer = self._worker("faults.consumer", job)

    def silence(self) -> None:
        """The ticket system takes nothing any more."""
        if self._consumer is not None:
            self._consumer.end(20)
            self._consumer = None

    def begin(self) -> None:
        """Customers write from now on."""
        ports = [gateway.port for gateway in self.gateways]
        ledger = str(self.folder / "sent.jsonl")
        several = self._workers > 1
        job = sender.Job(ports=ports, ledger=ledger, run=self.database, rate=self.rate, senders=SENDERS, own_lines=several)
        self._sender = self._worker("faults.sender", job)
        self.until(lambda: self.delivered > 0, 30, "nothing was delivered before the fault")

    def _worker(self, module: str, job: msgspec.Struct) -> Program:
        worker = Program(module, job, self.folder / f"{module}.log")
        self._stack.callback(worker.kill)
        return worker

    def look(self) -> None:
        """Bring the accounts up to date, and note the gateways' memory. Raises `Broken` when the consumer has ended."""
        if self._consumer is not None:
            self._consumer.check()
        sent, delivered = self._books
        arrived = delivered.read()  # first: whatever arrived was noted by the sender before
        self.accounts.read(sent.read())
        self.accounts.read(arrived)
        self.peak_mb = max([self.peak_mb, *(peak_mb(gateway.process.pid) for gateway in self.gateways)])

    @property
    def delivered(self) -> int:
        self.look()
        return sum(story.delivered is not None for story in self.accounts.stories.values())

    def refused(self, status: int) -> int:
        """Attempts that were answered with this so far."""
        self.look()
        return self.accounts.refusals[status]

    def until(self, done: Callable[[], bool], seconds: float, wrong: str) -> None:
        """Raises `Broken` with these words when it is not done in time."""
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until:
                raise Broken(f"{wrong}, {seconds:.0f} s\n{self.gateway.tail()}")
            time.sleep(0.2)

    def caught_up(self, seconds: float) -> None:
        """Wait, at most so long, until hardly anything is on its way."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            if self.accounts.missing < self.rate / 2:
                return
            time.sleep(0.5)

    def hush(self) -> None:
        """No new messages; returns when all are accepted."""
        if self._sender is not None:
            self._sender.end(_END_SECONDS)
            self._sender = None
        self.look()

    def finish(self) -> None:
        """No new messages; wait until all accepted ones have arrived, or none did for `_QUIET_SECONDS`: the rest is lost."""
        self.hush()
        moved, missing = time.monotonic(), self.accounts.missing
        while missing and time.monotonic() < moved + _QUIET_SECONDS:
            time.sleep(0.2)
            self.look()
            if self.accounts.missing != missing:
                moved, missing = time.monotonic(), self.accounts.missing
        time.sleep(0.5)  # what comes again comes now
        self.silence()
        self.look()
        for gateway in self.gateways:
            if not gateway.running:
                raise Broken(f"a gateway ended by itself\n{gateway.tail()}")

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.servers.postgresql.drop_database(self.database)


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do `work` in a thread beside; it is told when to end. Its error is raised at the end."""
    ending = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(work, ending)
        try:
            yield
        finally:
            ending.set()
        done.result()
