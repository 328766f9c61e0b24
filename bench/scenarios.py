"""Throughput: the same signed posts against bare parts and against Regia, in turns, so that all meet the same machine."""

import http.client
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import webhooks
from bench.load import Failed, Job, Result, in_a_process
from bench.machine import ROOT, cpu
from bench.serve import DEMO, PATH
from bench.servers import Servers
from bench.webhooks import Senders
from tests.servers.process import ServerProcess, exchange, free_port

CONNECTIONS: Final = 64
_WARM: Final = 64
_PUBLISHED: Final = re.compile(r'^regia_published_total\{.*outcome="confirmed".*\} ([0-9.e+]+)$', re.MULTILINE)
_PATIENCE: Final = 120.0
"""Seconds without a further confirm after which a measurement is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing to measure. `share` scales the number of posts: fast things need more of them for the same time."""

    name: str
    what: str
    share: float
    start: Callable[[int, Path, Servers], ServerProcess]
    publishes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One round. Rates are messages a second, `*_cpu` shares of one core, `median` and `worst` seconds to the answer."""

    posts: int
    rate: float
    load_cpu: float
    server_cpu: float
    broker_cpu: float
    database_cpu: float
    median: float
    worst: float

    def each(self, share: float) -> float:
        """Processor microseconds a message of a share of a core."""
        return share / self.rate * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """All rounds of one scenario with one kind of senders."""

    scenario: Scenario
    senders: Senders
    runs: tuple[Run, ...]

    @property
    def middle(self) -> Run:
        """The round whose rate is the median."""
        rates = [run.rate for run in self.runs]
        return self.runs[rates.index(statistics.median_low(rates))]


def _server(mode: str, *more: str) -> Callable[[int, Path, Servers], ServerProcess]:
    def start(port: int, folder: Path, servers: Servers) -> ServerProcess:
        url = servers.amqp() if mode == "bridge" else ""
        command = [sys.executable, "-m", "bench.serve", mode, str(port), url, *more]
        return ServerProcess(mode, command, log=folder / f"{mode}.log", env=_environment(port, folder, {}), cwd=ROOT)

    return start


def _gateway(name: str, **shared: Callable[[Servers], str]) -> Callable[[int, Path, Servers], ServerProcess]:
    """`regia run` with the demo's configuration; `shared` are sections and the address of the server that takes them over."""

    def start(port: int, folder: Path, servers: Servers) -> ServerProcess:
        command = [str(Path(sys.executable).with_name("regia")), "run", "-c", str(DEMO)]
        urls = {f"REGIA__{section.upper()}__URL": address(servers) for section, address in shared.items()}
        return ServerProcess(name, command, log=folder / f"{name}.log", env=_environment(port, folder, urls), cwd=ROOT)

    return start


def _environment(port: int, folder: Path, more: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "REGIA__SERVER__PORT": str(port),
        "REGIA__DATA__PATH": str(folder / f"data-{port}"),
        "REGIA__CONNECTORS__WHATSAPP__APP_SECRET": webhooks.SECRET,
        **more,
    }


BARE, BRIDGE = "bare", "bridge"
SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(name=BARE, what="bare aiohttp handler", share=3, start=_server("bare")),
    Scenario(name=BRIDGE, what="bare bridge: aiohttp, aio-pika confirm, 200", share=1, start=_server("bridge")),
    Scenario(name="held", what="Regia, intake alone (pipeline held)", share=1.5, start=_server("held")),
    Scenario(name="embedded", what="Regia, embedded, to the last confirm", share=1, start=_gateway("embedded"), publishes=True),
    Scenario(
        name="rabbitmq",
        what="Regia, RabbitMQ + SQLite, to the last confirm",
        share=1,
        start=_gateway("rabbitmq", queues=lambda servers: servers.amqp()),
        publishes=True,
    ),
    Scenario(
        name="shared",
        what="Regia, RabbitMQ + PostgreSQL + Redis, to the last confirm",
        share=1,
        start=_gateway(
            "shared",
            queues=lambda servers: servers.amqp(),
            database=lambda servers: servers.database(),
            coordination=lambda servers: servers.redis,
        ),
        publishes=True,
    ),
)


def measure(
    wanted: Sequence[Scenario],
    servers: Servers,
    folder: Path,
    *,
    posts: int,
    rounds: int,
    skewed: bool,
    limit: float,
    told: Callable[[str], None],
) -> list[Line]:
    """Every wanted scenario, `rounds` times in turns, or as often as goes into `limit` seconds. Raises `Failed`."""
    kinds: list[tuple[Scenario, Senders]] = [(scenario, "distinct") for scenario in wanted]
    kinds += [(scenario, "skewed") for scenario in wanted if scenario.publishes and skewed]
    runs: dict[tuple[str, Senders], list[Run]] = {}
    with running(wanted, servers, folder) as processes:
        started = time.monotonic()
        for number in range(rounds):
            if (time.monotonic() - started) * (number + 1) > limit * max(1, number):
                told(f"{rounds - number} of {rounds} rounds are left out: the machine is too slow or too busy")
                break
            for scenario, senders in kinds:
                told(f"{scenario.what}, {senders} senders, round {number + 1} of {rounds}")
                process, port = processes[scenario.name]
                target = Target(scenario, process, port, servers)
                run = target.run(max(CONNECTIONS, int(posts * scenario.share)), senders, f"{number}-{senders}")
                runs.setdefault((scenario.name, senders), []).append(run)
    return [Line(scenario=scenario, senders=senders, runs=tuple(runs[scenario.name, senders])) for scenario, senders in kinds]


@contextmanager
def running(wanted: Sequence[Scenario], servers: Servers, folder: Path) -> Iterator[dict[str, tuple[ServerProcess, int]]]:
    """All of them at once: waiting costs next to nothing, and starting in turns would cost most of the time."""
    with ExitStack() as stack:
        processes: dict[str, tuple[ServerProcess, int]] = {}
        for scenario in wanted:
            port = free_port()
            process = scenario.start(port, folder, servers)
            stack.callback(process.stop)
            processes[scenario.name] = (process, port)
        for scenario in wanted:
            process, port = processes[scenario.name]
            process.wait_ready(partial(_answers, port, b"HTTP/1.0 200" if scenario.publishes else b"HTTP/1."))
        yield processes


def _answers(port: int, beginning: bytes) -> bool:
    return exchange(port, b"GET /health/ready HTTP/1.0\r\n\r\n").startswith(beginning)


@dataclass(frozen=True, slots=True)
class Target:
    """One running server under load."""

    scenario: Scenario
    process: ServerProcess
    port: int
    servers: Servers

    def run(self, posts: int, senders: Senders, seed: str) -> Run:
        self.post(_WARM, senders, f"warm-{seed}")
        before = self._cpu()
        result, done = self.post(posts, senders, seed)
        after = self._cpu()
        seconds = done - result.started
        server, broker, database = ((new - old) / seconds for new, old in zip(after, before, strict=True))
        return Run(
            posts=posts,
            rate=posts / seconds,
            load_cpu=result.cpu / result.seconds,
            server_cpu=server,
            broker_cpu=broker,
            database_cpu=database,
            median=result.median,
            worst=result.worst,
        )

    def post(self, posts: int, senders: Senders, seed: str) -> tuple[Result, float]:
        """The result and when everything was done: answered, and published where this scenario does."""
        published = self._published() if self.scenario.publishes else 0
        job = Job(self.port, PATH, posts, CONNECTIONS, senders, f"{self.scenario.name}-{seed}")
        result = in_a_process(job)
        if result.refused:
            raise Failed(f"{self.scenario.what}: {result.refused} of {posts} posts were refused\n{self.process.log_tail()}")
        if not self.scenario.publishes:
            return result, result.ended
        return result, max(result.ended, self._wait(published + posts))

    def _wait(self, wanted: int) -> float:
        """When the last publish was confirmed. It is looked at only now: a page of figures costs the gateway time too."""
        seen, moved = self._published(), time.monotonic()
        while seen < wanted:
            if time.monotonic() - moved > _PATIENCE:
                raise Failed(f"{self.scenario.what}: only {seen} of {wanted} publishes\n{self.process.log_tail()}")
            time.sleep(0.02)
            now = self._published()
            moved = time.monotonic() if now != seen else moved
            seen = now
        return moved

    def _published(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return round(sum(float(number) for number in _PUBLISHED.findall(page)))

    def _cpu(self) -> tuple[float, float, float]:
        return cpu([self.process.pid]), cpu([self.servers.broker_pid]), cpu([self.servers.database_pid])
