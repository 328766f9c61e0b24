"""Events on their way out: in order, by one node, at least once, whatever dies or is away meanwhile."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pika
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, func, select

from dispatcher.base import Announcement, Topology
from dispatcher.rabbitmq import RabbitQueues
from regia.gateway import Gateway
from regia.runners import events as runner
from regia.runners.events import Events
from storage import events
from storage.coordination import CoordinationUnavailable, LocalCoordination
from storage.database import DatabaseUnavailable
from storage.events import NewEvent
from storage.schema import events as table
from tests.http.served import is_up, make_gateway
from tests.servers.rabbitmq import RabbitMQServer

CREATED = "regia.customer.created.v1"
Make = Callable[..., Gateway]
Run = Callable[..., Awaitable[Gateway]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "EVERY", 0.01)
    monkeypatch.setattr(runner, "_PAUSES", (0.01, 0.05))
    monkeypatch.setattr(runner, "_UP", 0.005)


@pytest.fixture
def coordination() -> LocalCoordination:
    """What the nodes share, as they would share a Redis."""
    return LocalCoordination()


@pytest.fixture
async def make(tmp_path: Path, migrated_sqlite: Path, coordination: LocalCoordination) -> AsyncIterator[Make]:
    """A gateway that is not started; those of one test share a database."""
    async with AsyncExitStack() as stack:

        def made(node: str = "n1", queues: Any = None) -> Gateway:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node)
            gateway.stores = replace(
                gateway.stores, coordination=coordination, queues=gateway.stores.queues if queues is None else queues
            )
            stack.push_async_callback(gateway.stop)
            return gateway

        yield made


@pytest.fixture
async def run(make: Make) -> AsyncIterator[Run]:
    """A gateway that works, and tells its events."""
    async with AsyncExitStack() as stack:

        async def running(node: str = "n1", queues: Any = None) -> Gateway:
            gateway = make(node, queues)
            gateway.start()
            await is_up(gateway)
            teller = Events(gateway)
            teller.start()
            stack.push_async_callback(teller.stop)
            return gateway

        yield running


class Recorder:
    """Queues that note what they are asked to announce. `confirm` says how many of a batch are confirmed."""

    def __init__(self, confirm: Callable[[Sequence[Announcement]], int] = len) -> None:
        self.confirm = confirm
        self.batches: list[list[Announcement]] = []

    async def open(self, topology: Topology) -> None:
        """Nothing to connect."""

    async def announce(self, batch: Sequence[Announcement]) -> int:
        self.batches.append(list(batch))
        await asyncio.sleep(0.001)
        return self.confirm(batch)

    async def close(self) -> None:
        """Nothing to close."""

    @property
    def numbers(self) -> list[int]:
        return [one.number for batch in self.batches for one in batch]


def new(name: str) -> NewEvent:
    return NewEvent(name, CREATED, "cus_1", 1_795_000_000_000, f'{{"id":"{name}"}}'.encode())


async def happen(gateway: Gateway, first: int, last: int) -> None:
    """Each in a transaction of its own, named by its number."""
    for number in range(first, last + 1):
        one = [new(f"e{number}")]
        await gateway.stores.database.write(lambda connection, one=one: events.add(connection, one))  # type: ignore[misc]


async def happen_together(gateway: Gateway, first: int, last: int) -> None:
    rows = [new(f"e{number}") for number in range(first, last + 1)]
    await gateway.stores.database.write(lambda connection: events.add(connection, rows))


async def marked(gateway: Gateway) -> int:
    query = select(func.count()).select_from(table).where(table.c.published_ms.is_not(None))
    found: int = await gateway.stores.database.read(lambda connection: connection.execute(query).scalar_one())
    return found


async def until(look: Callable[[], Awaitable[Any]], expected: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while await look() != expected:
            await asyncio.sleep(0.005)


async def all_marked(gateway: Gateway, count: int, seconds: float = 10) -> None:
    await until(lambda: marked(gateway), count, seconds)


def first_seen(found: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(found))


# In order, and by one


async def test_what_happens_is_told_in_its_order_with_its_bytes(run: Run) -> None:
    queues = Recorder()
    gateway = await run(queues=queues)
    await happen(gateway, 1, 30)
    await all_marked(gateway, 30)
    assert queues.numbers == list(range(1, 31))
    told = queues.batches[0][0]
    assert (told.id, told.type, told.body, told.timestamp.timestamp()) == ("e1", CREATED, b'{"id":"e1"}', 1_795_000_000)
    assert gateway.newest.number == 30


async def test_with_embedded_queues_the_table_is_the_feed(run: Run) -> None:
    gateway = await run()
    await happen_together(gateway, 1, 700)
    await all_marked(gateway, 700)
    page = await gateway.stores.database.read(lambda connection: events.after(connection, None, limit=1000))
    assert page.bodies == [f'{{"id":"e{number}"}}'.encode() for number in range(1, 701)]


async def test_much_goes_on_without_a_pause(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 10)
    monkeypatch.setattr(runner, "EVERY", 0.3)
    queues = Recorder()
    gateway = await run(queues=queues)
    await happen_together(gateway, 1, 200)
    await all_marked(gateway, 200, seconds=2)
    assert [len(batch) for batch in queues.batches] == [10] * 20


async def test_of_two_nodes_one_tells_and_the_other_goes_on_when_it_stops(make: Make, coordination: LocalCoordination) -> None:
    one, two = Recorder(), Recorder()
    tellers, gateways = list[Events](), list[Gateway]()
    for node, queues in (("n1", one), ("n2", two)):
        gateways.append(make(node, queues))
        gateways[-1].start()
        await is_up(gateways[-1])
        tellers.append(Events(gateways[-1]))
        tellers[-1].start()
        async with asyncio.timeout(5):
            while coordination._holder("events") is None:  # the first one has the lease
                await asyncio.sleep(0.005)
    await happen(gateways[1], 1, 20)
    await all_marked(gateways[0], 20)
    assert (one.numbers, two.numbers) == (list(range(1, 21)), [])
    assert gateways[1].newest.number == 20, "the other has seen them too"
    await tellers[0].stop()
    await happen(gateways[0], 21, 25)
    await all_marked(gateways[1], 25, seconds=runner.LEASE / 10)
    assert (one.numbers, two.numbers) == (list(range(1, 21)), list(range(21, 26)))
    await tellers[1].stop()


async def test_without_redis_both_tell_and_each_event_comes_first_in_its_order(
    run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> Any:
        raise CoordinationUnavailable("Redis is away")

    monkeypatch.setattr(coordination, "acquire", away)
    monkeypatch.setattr(runner, "BATCH", 3)
    queues = Recorder()
    gateway = await run("n1", queues)
    await run("n2", queues)
    await happen(gateway, 1, 60)
    await all_marked(gateway, 60)
    assert first_seen(queues.numbers) == list(range(1, 61))


async def test_another_node_numbers_also_while_the_one_that_tells_is_stuck(run: Run, coordination: LocalCoordination) -> None:
    assert await coordination.acquire("events", "a node that froze", 60) is not None
    queues = Recorder()
    gateway = await run(queues=queues)
    await happen(gateway, 1, 3)
    async with asyncio.timeout(5):
        await gateway.newest.beyond(2, 5)
    page = await gateway.stores.database.read(lambda connection: events.after(connection, None, limit=10))
    assert len(page.bodies) == 3
    assert queues.batches == []


# What is away, or breaks


async def test_only_the_confirmed_beginning_counts(run: Run) -> None:
    """After a refusal one by one, then more and more again."""
    answers = [4, 0, 1]
    queues = Recorder(lambda batch: min(answers.pop(0) if answers else len(batch), len(batch)))
    gateway = await run(queues=queues)
    await happen_together(gateway, 1, 40)
    await all_marked(gateway, 40)
    assert [[one.number for one in batch] for batch in queues.batches] == [
        list(range(1, 41)),
        [5],
        [5],
        [6, 7],
        [8, 9, 10, 11],
        list(range(12, 20)),
        list(range(20, 36)),
        list(range(36, 41)),
    ]


async def test_nothing_is_told_before_the_queues_are_ready(make: Make) -> None:
    queues = Recorder()
    gateway = make(queues=queues)
    teller = Events(gateway)
    teller.start()
    await asyncio.sleep(0.05)
    assert gateway.newest.number == 0
    gateway.missing.pop("database")
    await happen(gateway, 1, 2)
    async with asyncio.timeout(5):
        await gateway.newest.beyond(1, 5)
    await asyncio.sleep(0.05)
    assert queues.batches == []
    gateway.missing.clear()
    await all_marked(gateway, 2)
    await teller.stop()


@pytest.mark.parametrize("where", ["wait_for_numbers", "number", "unpublished", "mark", "announce", "acquire"])
@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), ValueError("a defect")], ids=["away", "defect"])
async def test_no_error_ends_it(
    run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    queues = Recorder()
    gateway = await run(queues=queues)
    await happen(gateway, 1, 3)
    await all_marked(gateway, 3)
    failed = 0

    def fail(*_: object) -> Any:
        nonlocal failed
        failed += 1
        raise error

    async def fail_later(*_: object) -> Any:
        fail()

    with monkeypatch.context() as broken:
        if where in ("announce", "acquire"):
            broken.setattr(queues if where == "announce" else coordination, where, fail_later)
        else:
            broken.setattr(events, where, fail)
        await happen(gateway, 4, 6)
        async with asyncio.timeout(5):
            while failed < 4:
                await asyncio.sleep(0.005)
    await all_marked(gateway, 6)
    assert first_seen(queues.numbers) == list(range(1, 7))


async def test_what_is_confirmed_and_cannot_be_marked_is_not_told_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    queues = Recorder()
    gateway = await run(queues=queues)
    failed = 0

    def fail(*_: object) -> None:
        nonlocal failed
        failed += 1
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(events, "mark", fail)
        await happen_together(gateway, 1, 5)
        async with asyncio.timeout(5):
            while failed < 5:
                await asyncio.sleep(0.005)
    await all_marked(gateway, 5)
    assert queues.numbers == [1, 2, 3, 4, 5]


async def test_an_outage_is_one_line_and_its_end_another(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    up = False
    queues = Recorder(lambda batch: len(batch) if up else 0)
    gateway = await run(queues=queues)
    with caplog.at_level(logging.INFO, "regia.runners.events"):
        await happen(gateway, 1, 2)
        async with asyncio.timeout(5):
            while len(queues.batches) < 5:
                await asyncio.sleep(0.005)
        up = True
        await all_marked(gateway, 2)
        async with asyncio.timeout(5):
            while len(caplog.records) < 2:
                await asyncio.sleep(0.005)
    assert [(record.getMessage(), record.work) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("events wait", "publish events"),
        ("events go on", "publish events"),
    ]


async def test_the_figures(run: Run) -> None:
    def told() -> float:
        return REGISTRY.get_sample_value("regia_events_published_total", {"type": CREATED}) or 0.0

    before, up = told(), False
    gateway = await run(queues=Recorder(lambda batch: len(batch) if up else 0))
    await happen_together(gateway, 1, 8)

    async def waiting() -> float | None:
        return REGISTRY.get_sample_value("regia_events_waiting")

    await until(waiting, 8)
    up = True
    await all_marked(gateway, 8)
    await until(waiting, 0)
    assert told() - before == 8


async def test_it_stops_at_once_also_when_nobody_answers(make: Make, coordination: LocalCoordination) -> None:
    class Hanging(Recorder):
        async def announce(self, batch: Sequence[Announcement]) -> int:
            self.batches.append(list(batch))
            await asyncio.Event().wait()
            return 0

    queues = Hanging()
    gateway = make(queues=queues)
    gateway.start()
    await is_up(gateway)
    teller = Events(gateway)
    teller.start()
    await happen(gateway, 1, 1)
    waits = asyncio.create_task(gateway.newest.beyond(10, 60))
    async with asyncio.timeout(5):
        while not queues.batches:
            await asyncio.sleep(0.005)
    started = time.monotonic()
    await teller.stop()
    await waits
    assert time.monotonic() - started < 1
    assert coordination._holder("events") is None, "its lease is given back"
    assert await marked(gateway) == 0


# With a real broker


def bound(url: str) -> None:
    """A queue for all events, which survives a kill of the broker at once."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("audit", durable=True)
    channel.queue_bind("audit", "regia.events", "#")
    connection.close()


def taken(url: str) -> list[tuple[int, str, bytes]]:
    """Number, message id and body of all that is in the queue."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel, found = connection.channel(), []
    while (one := channel.basic_get("audit", auto_ack=True))[0] is not None:
        _, properties, body = one
        found.append((properties.headers["number"], properties.message_id, body))
    connection.close()
    return found


async def test_the_broker_goes_down_and_comes_up_again(run: Run, rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    gateway = await run(queues=RabbitQueues(amqp_url, confirm_timeout=5, connect_timeout=0.5))
    await asyncio.to_thread(bound, amqp_url)
    await happen_together(gateway, 1, 500)
    happening = asyncio.create_task(happen(gateway, 501, 900))
    async with asyncio.timeout(20):
        while not 100 < await marked(gateway) < 900:
            await asyncio.sleep(0.001)
    rabbitmq.kill()
    await happening
    await asyncio.sleep(0.3)
    before = await marked(gateway)
    await asyncio.to_thread(rabbitmq.restart)
    await all_marked(gateway, 900, seconds=30)
    found = await asyncio.to_thread(taken, amqp_url)
    assert before < 900, "the broker was killed too late"
    assert first_seen([number for number, _, _ in found]) == list(range(1, 901))
    assert {(f"e{number}", f'{{"id":"e{number}"}}'.encode()) for number in range(1, 901)} == {
        (id_, body) for _, id_, body in found
    }


async def test_killed_between_the_publish_and_its_mark(
    make: Make, run: Run, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is there next publishes again, under the same id, and goes on from there."""
    dying, killed = make("n1", RabbitQueues(amqp_url)), asyncio.Event()
    dying.start()
    await is_up(dying)
    await asyncio.to_thread(bound, amqp_url)
    loop = asyncio.get_running_loop()

    def kill(_connection: Connection, upto: int, now_ms: int) -> None:
        loop.call_soon_threadsafe(killed.set)
        raise DatabaseUnavailable("killed")

    with monkeypatch.context() as broken:
        broken.setattr(events, "mark", kill)
        teller = Events(dying)
        teller.start()
        await happen_together(dying, 1, 5)
        async with asyncio.timeout(10):
            await killed.wait()
        for task in teller._tasks:  # killed, it gives nothing back and marks nothing
            task.cancel()
        await asyncio.gather(*teller._tasks, return_exceptions=True)
    dying.stores.coordination._leases.clear()  # type: ignore[attr-defined]  # its time runs out
    gateway = await run("n2", RabbitQueues(amqp_url))
    await happen(gateway, 6, 8)
    await all_marked(gateway, 8)
    found = await asyncio.to_thread(taken, amqp_url)
    assert [number for number, _, _ in found] == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 8]
    assert found[:5] == found[5:10]
