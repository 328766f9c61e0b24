"""The consumer against a real RabbitMQ: what is acknowledged, what is refused, what is held, and what goes back."""

import asyncio
import logging
import os
import random
import signal
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from regia_consumer import Consumer, Message, NoDedupe, Poison, Reorder, Unavailable
from regia_consumer.sqlite import SqliteDedupe
from tests.clients.broker import DEAD, QUEUE, Broker, envelope, until
from tests.clients.conftest import Running
from tests.servers.process import free_port
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import STANDS, RabbitMQServer


async def insert(message: Message, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO effects VALUES (?, ?)", [message.id, message.data["number"]])


def effects(work: Path) -> list[int]:
    connection = sqlite3.connect(work)
    try:
        return [number for (number,) in connection.execute("SELECT number FROM effects ORDER BY rowid")]
    finally:
        connection.close()


async def test_repeats_have_one_effect(broker: Broker, running: Running, store: SqliteDedupe, work: Path) -> None:
    bodies = [envelope(number) for number in range(5)]
    broker.publish(*bodies, *bodies, bodies[0])
    async with running(insert, dedupe=store) as consumer:
        await until(lambda: consumer.counters.done + consumer.counters.repeated == 11, "all are answered")
        assert consumer.state == "consuming"
    assert effects(work) == [0, 1, 2, 3, 4]
    assert (consumer.counters.done, consumer.counters.repeated, consumer.counters.rejected) == (5, 6, 0)
    assert (broker.depth(), broker.depth(DEAD)) == (0, 0)


async def test_the_next_node_of_a_cluster_is_taken(
    broker: Broker, running: Running, store: SqliteDedupe, work: Path, rabbitmq: RabbitMQServer
) -> None:
    """The first is away; the second is cut off in the work, and the third has the rest."""
    node = f"127.0.0.1:{rabbitmq.port}/"
    with Proxy(rabbitmq.port, free_port()) as proxy:
        url = broker.url.replace(node, f"127.0.0.1:{free_port()},127.0.0.1:{proxy.port},{node}")
        broker.publish(envelope(0))
        async with running(insert, dedupe=store, url=url) as consumer:
            await until(lambda: consumer.counters.done == 1, "the second node")
            assert proxy.reset() == 1
            broker.publish(envelope(1))
            await until(lambda: consumer.counters.done == 2, "the third node")
            assert proxy.reset() == 0
    assert effects(work) == [0, 1]


@pytest.mark.parametrize(
    "url",
    [
        "amqp://user:SEC@RET/PW@127.0.0.1/v",
        "amqp://user:SECRET/PW@127.0.0.1/v",
        "amqp://user:SECRET@one:x,two/v",
        "amqp://user:SECRET@one,/v",
        "SECRET",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="percent-encode") as error:
        Consumer(url, QUEUE, insert, dedupe=NoDedupe())
    assert not any(part in str(error.value) for part in ("SEC", "RET", "PW"))


async def test_the_handler_sees_the_message(broker: Broker, running: Running) -> None:
    seen = list[Message]()

    async def handler(message: Message, _transaction: None) -> None:
        seen.append(message)

    broker.publish(envelope(7, "cus_3"))
    async with running(handler, dedupe=NoDedupe()):
        await until(lambda: bool(seen), "it came")
    assert (seen[0].body, seen[0].queue, seen[0].customer_id) == (envelope(7, "cus_3"), QUEUE, "cus_3")
    assert seen[0].traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert (seen[0].redelivered, seen[0].delivery_count) == (False, 0)


async def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(
    broker: Broker, running: Running, store: SqliteDedupe, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(message: Message, connection: sqlite3.Connection) -> None:
        await insert(message, connection)
        if message.data["number"] == 1:
            raise Poison("no such product")
        if message.data["number"] == 2:
            raise ValueError(message.data["text"])

    broker.publish(*(envelope(number) for number in range(4)), b"no envelope", header=False)
    async with running(handler, dedupe=store) as consumer:
        await until(lambda: consumer.counters.rejected == 3 and consumer.counters.done == 2, "all are answered")
    dead = list[bytes]()
    await until(lambda: broker.depth(DEAD) == 3, "three dead letters")
    while (found := broker.take(DEAD)) is not None:
        properties, body = found
        assert (properties.headers["x-death"][0]["reason"], properties.headers["x-death"][0]["queue"]) == ("rejected", QUEUE)
        dead.append(body)
    assert sorted(dead) == sorted([b"no envelope", envelope(1), envelope(2)])
    assert effects(work) == [0, 3]
    assert consumer.counters.retried == 2
    for told in ("poison: no such product", "failed 3 times, at last with ValueError", "the body is no JSON (JSONDecodeError)"):
        assert told in caplog.text
    assert "parola" not in caplog.text


async def test_messages_of_a_customer_keep_their_order_side_by_side(broker: Broker, running: Running) -> None:
    seen, busy, most = defaultdict[str | None, list[int]](list), set[str | None](), 0
    chance = random.Random(7)  # noqa: S311  # repeatable, no secret

    async def handler(message: Message, _transaction: None) -> None:
        nonlocal most
        assert message.customer_id not in busy
        busy.add(message.customer_id)
        most = max(most, len(busy))
        await asyncio.sleep(chance.random() / 50)
        busy.remove(message.customer_id)
        if chance.random() < 0.1:
            raise ValueError("again")
        seen[message.customer_id].append(message.data["number"])

    broker.publish(*(envelope(number // 5, f"cus_{number % 5}") for number in range(100)))
    async with running(handler, dedupe=NoDedupe(), prefetch=20) as consumer:
        await until(lambda: consumer.counters.done + consumer.counters.rejected == 100, "all are answered")
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    assert most >= 2
    assert consumer.counters.retried > 0


async def test_what_came_in_another_order_is_put_right(broker: Broker, running: Running) -> None:
    seen = defaultdict[str | None, list[int | None]](list)

    async def handler(message: Message, _transaction: None) -> None:
        seen[message.customer_id].append(message.sequence)

    order = [2, 1, 3, 6, 4, 9, 8]  # 5 and 7 went to another queue
    broker.publish(*(envelope(number, customer, sequence=number) for number in order for customer in ("cus_1", "cus_2")))
    async with running(handler, dedupe=NoDedupe(), prefetch=30, reorder=Reorder[Any](1.0)) as consumer:
        await until(lambda: consumer.counters.done == 14, "all are answered")
    assert seen == {"cus_1": [1, 2, 3, 4, 6, 8, 9], "cus_2": [1, 2, 3, 4, 6, 8, 9]}
    assert consumer.counters.late == 0


async def test_while_something_is_away_nothing_is_taken_or_counted(broker: Broker, running: Running) -> None:
    """Twenty deliveries without an acknowledgement would make a dead letter."""
    away, tries, counts = True, 0, list[int]()

    async def handler(message: Message, _transaction: None) -> None:
        nonlocal tries
        tries += 1
        if away:
            raise Unavailable("the ticket system")
        counts.append(message.delivery_count)

    broker.publish(*(envelope(number) for number in range(30)))
    async with running(handler, dedupe=NoDedupe(), prefetch=5) as consumer:
        await until(lambda: tries >= 4, "it tries again")
        assert consumer.state == "paused"
        assert broker.depth() == 25
        away = False
        await until(lambda: consumer.counters.done == 30, "all are done")
    assert counts == [0] * 30
    assert broker.depth(DEAD) == 0


async def test_a_long_pause_gives_back_once_and_asks_the_probe(broker: Broker, running: Running) -> None:
    away, asked = True, 0

    async def probe() -> None:
        nonlocal asked
        asked += 1
        if away:
            raise Unavailable("the ticket system")

    async def handler(_message: Message, _transaction: None) -> None:
        await probe()

    broker.publish(*(envelope(number) for number in range(3)))
    async with running(handler, dedupe=NoDedupe(), hold_seconds=0.5, probe=probe) as consumer:
        await until(lambda: consumer.counters.given_back == 3, "they went back")
        tries = consumer.counters.unavailable
        before = asked
        await until(lambda: asked >= before + 2, "the probe is asked")
        assert (consumer.counters.unavailable, consumer.counters.connected) == (tries, 1)
        assert broker.depth() == 3
        away = False
        await until(lambda: consumer.counters.done == 3, "all are done")
    assert consumer.counters.connected == 2


async def test_a_stop_finishes_what_is_in_work_and_gives_the_rest_back(
    broker: Broker, running: Running, store: SqliteDedupe, work: Path
) -> None:
    begun = asyncio.Event()

    async def handler(message: Message, connection: sqlite3.Connection) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await insert(message, connection)

    broker.publish(*(envelope(number, f"cus_{number}") for number in range(50)))
    async with running(handler, dedupe=store) as consumer:
        await begun.wait()
    done = effects(work)
    assert len(done) == consumer.counters.done
    assert 1 <= len(done) <= 4
    assert broker.depth() == 50 - len(done)
    async with running(insert, dedupe=store) as consumer:
        await until(lambda: consumer.counters.done == 50 - len(done), "the rest is done by the next")
    assert sorted(effects(work)) == list(range(50))
    assert consumer.counters.repeated == 0, "what was finished was acknowledged"


async def test_a_stop_does_not_wait_for_ever(broker: Broker, running: Running, store: SqliteDedupe, work: Path) -> None:
    begun = asyncio.Event()

    async def handler(message: Message, connection: sqlite3.Connection) -> None:
        await insert(message, connection)
        begun.set()
        await asyncio.sleep(60)

    broker.publish(envelope(1))
    async with running(handler, dedupe=store, stop_seconds=0.2) as consumer:
        await begun.wait()
    assert effects(work) == []
    assert consumer.counters.given_back == 1
    assert broker.depth() == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_stop_it(broker: Broker, number: signal.Signals) -> None:
    async def handler(_message: Message, _transaction: None) -> None:
        os.kill(os.getpid(), number)

    broker.publish(envelope(1))
    consumer = Consumer(broker.url, QUEUE, handler, dedupe=NoDedupe())
    async with asyncio.timeout(30):
        await consumer.run()
    assert (consumer.counters.done, consumer.state) == (1, "stopping")


async def test_a_queue_that_is_missing_or_deleted_is_waited_for(
    broker: Broker, running: Running, store: SqliteDedupe, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broker.delete()
    async with running(insert, dedupe=store) as consumer:
        await until(lambda: f"the queue {QUEUE} does not exist: Regia declares it" in caplog.text, "it says so")
        broker.declare()
        broker.publish(envelope(1))
        await until(lambda: consumer.counters.done == 1, "the first is done")
        broker.delete()
        await until(lambda: "RabbitMQ ended the subscription: the queue demo.returns was deleted" in caplog.text, "it says so")
        broker.declare()
        broker.publish(envelope(2))
        await until(lambda: consumer.counters.done == 2, "the second is done")
    assert effects(work) == [1, 2]


async def test_a_refused_password_is_said_without_it(
    broker: Broker, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(insert, dedupe=NoDedupe(), url=broker.url.replace("guest:guest", "guest:s3cret")) as consumer:
        await until(lambda: "RabbitMQ refuses the user or password" in caplog.text, "it says so")
        assert consumer.state == "connecting"
    async with running(insert, dedupe=NoDedupe(), url=broker.url + "-missing"):
        await until(lambda: "the virtual host does not exist" in caplog.text, "it says so")
    assert "s3cret" not in caplog.text


@pytest.mark.timeout(180)
async def test_the_broker_killed_and_back(
    broker: Broker, rabbitmq: RabbitMQServer, running: Running, store: SqliteDedupe, work: Path
) -> None:
    async def handler(message: Message, connection: sqlite3.Connection) -> None:
        await asyncio.sleep(0.01)
        await insert(message, connection)

    await asyncio.sleep(STANDS)
    broker.publish(*(envelope(number, f"cus_{number % 7}") for number in range(200)))
    async with running(handler, dedupe=store) as consumer:
        await until(lambda: consumer.counters.done >= 40, "it is in the middle")
        rabbitmq.kill()
        await until(lambda: consumer.state == "connecting", "it met the loss")
        assert consumer.counters.done < 200
        await asyncio.to_thread(rabbitmq.restart)
        await until(lambda: consumer.counters.done == 200, "it goes on", 100)
        await broker.emptied()
    assert sorted(effects(work)) == list(range(200))
    assert consumer.counters.connected == 2
    assert broker.depth(DEAD) == 0


async def test_a_frozen_broker_does_not_hold_up_a_stop(broker: Broker, rabbitmq: RabbitMQServer) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(_message: Message, _transaction: None) -> None:
        begun.set()
        await go_on.wait()

    broker.publish(envelope(1))
    consumer = Consumer(broker.url, QUEUE, handler, dedupe=NoDedupe())
    task = asyncio.create_task(consumer.run(signals=False))
    await begun.wait()
    rabbitmq.freeze()
    try:
        consumer.stop()
        go_on.set()
        async with asyncio.timeout(45):
            await task
    finally:
        rabbitmq.thaw()


async def test_a_frozen_broker_does_not_hold_up_a_stop_before_it_answered(broker: Broker, rabbitmq: RabbitMQServer) -> None:
    rabbitmq.freeze()
    try:
        consumer = Consumer(broker.url, QUEUE, insert, dedupe=NoDedupe())  # type: ignore[arg-type]  # never called
        task = asyncio.create_task(consumer.run(signals=False))
        await asyncio.sleep(0.5)
        assert consumer.state == "connecting"
        consumer.stop()
        async with asyncio.timeout(10):
            await task
    finally:
        rabbitmq.thaw()


async def test_a_fault_of_the_key_ends_it(broker: Broker) -> None:
    def key(message: Message) -> str:
        raise LookupError("a fault in the program")

    broker.publish(envelope(1))
    consumer = Consumer(broker.url, QUEUE, insert, dedupe=NoDedupe(), key=key)  # type: ignore[arg-type]  # never called
    with pytest.raises(LookupError):
        async with asyncio.timeout(30):
            await consumer.run()


@pytest.mark.parametrize("wrong", [{"prefetch": 0}, {"concurrency": 0}])
async def test_no_bound_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Consumer("amqp://localhost/", QUEUE, insert, dedupe=NoDedupe(), **wrong)
