"""Delivery that is held up: one alarm when it begins and its end when it is over, on embedded queues and on RabbitMQ."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aio_pika
import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from connectors.base import Parsed
from dispatcher.base import Outcome, QueuesUnavailable, Topology
from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from regia.gateway import Gateway
from regia.runners import delivering
from regia.runners.delivering import Delivering
from storage.journal_room import Limits, Room
from storage.schema import events, signals, targets
from tests.contacts import inbound
from tests.http.served import is_up, make_gateway, worked_off
from tests.servers.rabbitmq import RabbitMQServer

QUEUE = "demo.general"
MB = 1 << 20


@pytest.fixture
async def embedded(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Gateway]:
    gateway = make_gateway(tmp_path, migrated_sqlite)
    gateway.start()
    await is_up(gateway)
    yield gateway
    await gateway.stop()


@pytest.fixture
async def shared(tmp_path: Path, migrated_sqlite: Path, amqp_url: str) -> AsyncIterator[Gateway]:
    gateway = make_gateway(tmp_path, migrated_sqlite, queues=amqp_url)
    gateway.start()
    await is_up(gateway)
    yield gateway
    await gateway.stop()


async def send(gateway: Gateway, *keys: str) -> None:
    await gateway.intake.accept("desk", Parsed(messages=tuple(inbound(key) for key in keys)))


def hold(gateway: Gateway, used: int) -> None:
    """Let the journal, of 10 MB, hold so many bytes from now on."""
    journal = gateway.journal
    journal._writer.used = lambda: used  # type: ignore[method-assign]
    journal._room = Room(journal.path.parent, Limits(most=10 * MB, reserve=0), used)


async def told(gateway: Gateway) -> list[tuple[str, str, str]]:
    """Type, subject and detail of each event of ours, in order."""
    ours = events.c.type.like("regia.delivery.%") | events.c.type.like("regia.journal.%")
    query = select(events.c.type, events.c.subject, events.c.body).where(ours).order_by(events.c.position)
    rows = await gateway.stores.database.read(lambda connection: connection.execute(query).all())
    return [(row.type, row.subject, orjson.loads(bytes(row.body))["data"]["detail"]) for row in rows]


async def _stored(gateway: Gateway) -> bool:
    """Whether what was accepted waits in the outbox by now."""
    return bool(await gateway.stores.database.read(lambda one: one.execute(select(targets.c.position)).all()))


async def until(look: Callable[[], Awaitable[Any]], expected: object) -> None:
    found: object = None
    try:
        async with asyncio.timeout(20):
            while (found := await look()) != expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"expected {expected!r}, found {found!r}") from None


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_nothing_wrong_is_no_alarm(embedded: Gateway) -> None:
    await send(embedded, "m1")
    await worked_off(embedded)
    watcher = Delivering(embedded)
    await watcher.look()
    assert await told(embedded) == []
    assert embedded.alarms == {}
    assert figure("regia_queue_ready", queue=QUEUE) == 1


async def test_dead_letters_of_embedded_queues(embedded: Gateway) -> None:
    await send(embedded, "m1", "m2")
    await worked_off(embedded)
    queues = embedded.stores.queues
    assert isinstance(queues, LocalQueues)
    for one in await queues.take(QUEUE, 2):
        await queues.reject(one.receipt, requeue=False)
    watcher = Delivering(embedded)
    for _ in range(3):
        await watcher.look()
    assert await told(embedded) == [("regia.delivery.dead.v1", f"{QUEUE}.dead", "2 when it was found")]
    assert embedded.alarms == {f"delivery/{QUEUE}.dead": "dead: 2 when it was found"}
    await queues.requeue_dead(QUEUE)
    await watcher.look()
    assert [one[:2] for one in await told(embedded)][1:] == [("regia.delivery.settled.v1", f"{QUEUE}.dead")]
    assert embedded.alarms == {}


async def test_an_alarm_of_delivery_is_a_signal_too(embedded: Gateway) -> None:
    """It goes through the journal as those of channels do."""
    await send(embedded, "m1")
    await worked_off(embedded)
    hold(embedded, 9 * MB)
    await Delivering(embedded).look()
    await worked_off(embedded)
    query = select(signals.c.connector, signals.c.type, signals.c.state)
    rows = await embedded.stores.database.read(lambda connection: connection.execute(query).all())
    assert [tuple(row) for row in rows] == [("journal", "event", "journal.filling")]


async def test_what_was_counted_is_told_though_a_queue_cannot_be_declared(
    embedded: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is short of memory takes no declaration, and that is when dead letters matter."""
    await send(embedded, "m1")
    await worked_off(embedded)
    queues = embedded.stores.queues
    assert isinstance(queues, LocalQueues)
    for one in await queues.take(QUEUE, 1):
        await queues.reject(one.receipt, requeue=False)

    async def away() -> None:
        raise QueuesUnavailable("no answer")

    monkeypatch.setattr(queues, "mend", away)
    await Delivering(embedded).look()
    assert [one[0] for one in await told(embedded)] == ["regia.delivery.dead.v1"]


async def test_a_queue_that_somebody_deleted_comes_back(shared: Gateway, amqp_url: str) -> None:
    """Though nobody writes to it: a consumer that is refused without it has it again soon."""
    queues = shared.stores.queues
    names = {state.name for state in await queues.states()}
    assert QUEUE in names
    async with await aio_pika.connect(amqp_url) as connection:
        await (await connection.channel()).queue_delete(QUEUE)
    assert {state.name for state in await queues.states()} == names - {QUEUE}
    await Delivering(shared).look()
    assert {state.name for state in await queues.states()} == names


async def test_a_journal_that_fills_and_has_room_again(embedded: Gateway) -> None:
    watcher = Delivering(embedded)
    hold(embedded, 8 * MB)
    await watcher.look()
    await watcher.look()
    assert embedded.alarms == {"journal/n1": "journal_filling: 8 MB of the journal's 10 MB are used"}
    hold(embedded, 2 * MB)
    await watcher.look()
    assert [one[:2] for one in await told(embedded)] == [("regia.journal.filling.v1", "n1"), ("regia.journal.room.v1", "n1")]


async def test_another_nodes_journal_is_its_own(embedded: Gateway, tmp_path: Path, migrated_sqlite: Path) -> None:
    other = make_gateway(tmp_path, migrated_sqlite, node="n2")
    try:
        hold(other, 9 * MB)
        await Delivering(other).look()
        await Delivering(embedded).look()
        assert set(embedded.alarms) == {"journal/n2"}
    finally:
        await other.stop()


async def test_messages_that_wait(shared: Gateway, rabbitmq: RabbitMQServer) -> None:
    """From the time they were received; the reason is known where the broker tells it."""
    now = time.time()
    watcher = Delivering(shared, now=lambda: now)
    await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "absolute", "10MB")
    try:
        await send(shared, "m1")
        await until(shared.stores.queues.blocked, True)
        await until(lambda: _stored(shared), True)
        now = time.time()  # the broker's own tool may have taken seconds
        await watcher.look()
        assert await told(shared) == [], "it has not waited for long"
        assert figure("regia_broker_blocked") == 1
        now += 61
        await watcher.look()
        assert await told(shared) == [
            ("regia.delivery.waiting.v1", QUEUE, "messages wait for this queue: RabbitMQ is short of memory or disk")
        ]
        assert (figure("regia_queue_waiting_seconds", queue=QUEUE) or 0) > 60
    finally:
        await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "0.4")
    await worked_off(shared)
    assert await shared.stores.queues.blocked() is False
    await watcher.look()
    assert [one[:2] for one in await told(shared)][1:] == [("regia.delivery.resumed.v1", QUEUE)]
    assert figure("regia_queue_waiting_seconds", queue=QUEUE) is None


async def test_dead_letters_and_what_no_queue_took(shared: Gateway, amqp_url: str) -> None:
    queues = shared.stores.queues
    assert isinstance(queues, RabbitQueues)
    await send(shared, "m1")
    await worked_off(shared)
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        taken = await (await channel.get_queue(QUEUE)).get(timeout=5)
        await taken.reject(requeue=False)
        # The queue holds its dead letters until `regia.dead` has them.
        await until(lambda: _ready(queues, "regia.dead"), [1])
        await channel.queue_delete(QUEUE)
        queues._topology = Topology(targets={})  # what would declare it again
        await send(shared, "m2")
        await until(lambda: _outcomes(shared), {Outcome.UNROUTED.value: 1, "published": 1})
        await until(lambda: _ready(queues, "regia.dead", "regia.unrouted"), [1, 1])
        watcher = Delivering(shared)
        await watcher.look()
        assert [one[:2] for one in await told(shared)] == [
            ("regia.delivery.dead.v1", "regia.dead"),
            ("regia.delivery.unrouted.v1", "regia.unrouted"),
        ]
        for name in ("regia.dead", "regia.unrouted"):
            await (await channel.get_queue(name)).purge()
    await watcher.look()
    assert {one[0] for one in await told(shared)} >= {"regia.delivery.settled.v1", "regia.delivery.routed.v1"}


async def _outcomes(gateway: Gateway) -> dict[str, int]:
    query = text("SELECT state, count(*) FROM targets GROUP BY state")
    rows = await gateway.stores.database.read(lambda connection: connection.execute(query).all())
    return dict(rows)  # type: ignore[arg-type]  # a row is a pair


async def _ready(queues: RabbitQueues, *names: str) -> list[int]:
    return [state.ready for state in await queues.states() if state.name in names]


async def test_it_goes_on_by_itself(embedded: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after a look that failed."""
    monkeypatch.setattr(delivering, "EVERY", 0.02)
    states, calls = embedded.stores.queues.states, 0

    async def failing() -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("a defect")
        return await states()

    monkeypatch.setattr(embedded.stores.queues, "states", failing)
    watcher = Delivering(embedded)
    watcher.start()
    try:
        async with asyncio.timeout(10):
            while calls < 3:
                await asyncio.sleep(0.01)
    finally:
        await watcher.stop()
