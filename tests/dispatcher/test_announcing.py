"""Events on a real RabbitMQ: what whoever binds a queue to them gets, and in which order, however the broker fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher.base import Topology
from dispatcher.rabbitmq import RabbitQueues
from tests.dispatcher.contract import announcements, publications
from tests.servers.rabbitmq import RabbitMQServer

T = TypeVar("T")

EXCHANGE = "regia.events"
ROUTABLE = Topology(targets={"masterpro": frozenset({"returns"})})
QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
async def queues(amqp_url: str) -> AsyncIterator[RabbitQueues]:
    opened = RabbitQueues(amqp_url, confirm_timeout=20)
    await opened.open(ROUTABLE)
    yield opened
    await opened.close()


async def other_client(url: str, work: Callable[[BlockingChannel], T]) -> T:
    """Do something with a client of another make."""

    def run() -> T:
        connection = pika.BlockingConnection(pika.URLParameters(url))
        try:
            return work(connection.channel())
        finally:
            if connection.is_open:
                connection.close()

    return await asyncio.to_thread(run)


async def bind(url: str, queue: str, key: str = "#", **arguments: Any) -> None:
    def work(channel: BlockingChannel) -> None:
        channel.queue_declare(queue, durable=True, arguments=QUORUM | arguments)
        channel.queue_bind(queue, EXCHANGE, key)

    await other_client(url, work)


async def take(url: str, queue: str) -> list[tuple[Any, Any, bytes]]:
    """Everything that is in the queue."""

    def work(channel: BlockingChannel) -> list[tuple[Any, Any, bytes]]:
        found = []
        while (one := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(one)
        return found

    return await other_client(url, work)


async def numbers(url: str, queue: str) -> list[int]:
    return [properties.headers["number"] for _, properties, _ in await take(url, queue)]


def first_seen(found: list[int]) -> list[int]:
    return list(dict.fromkeys(found))


async def test_another_client_reads_a_cloud_event(queues: RabbitQueues, amqp_url: str) -> None:
    await bind(amqp_url, "audit")
    (sent,) = announcements(7, 7)
    assert await queues.announce([sent]) == 1
    ((frame, properties, body),) = await take(amqp_url, "audit")
    assert body == sent.body
    assert (frame.exchange, frame.routing_key) == (EXCHANGE, sent.type)
    assert properties.content_type == "application/cloudevents+json"
    assert properties.delivery_mode == 2
    assert (properties.message_id, properties.type) == (sent.id, sent.type)
    assert properties.timestamp == int(sent.timestamp.timestamp())
    assert properties.headers["number"] == 7


async def test_who_binds_for_some_gets_those_in_order(queues: RabbitQueues, amqp_url: str) -> None:
    await bind(amqp_url, "everything")
    await bind(amqp_url, "customers", "regia.customer.*.v1")
    assert await queues.announce(announcements(1, 250)) == 250
    assert await queues.announce(announcements(251, 300)) == 50
    assert await numbers(amqp_url, "everything") == list(range(1, 301))
    assert await numbers(amqp_url, "customers") == [n for n in range(1, 301) if n % 3 != 2]


async def test_the_same_event_again_has_the_same_id_and_bytes(queues: RabbitQueues, amqp_url: str) -> None:
    await bind(amqp_url, "audit")
    assert [await queues.announce(announcements(3, 3)) for _ in range(2)] == [1, 1]
    one, other = await take(amqp_url, "audit")
    assert (one[1].message_id, one[2]) == (other[1].message_id, other[2])


async def test_a_deleted_exchange_comes_back(queues: RabbitQueues, amqp_url: str) -> None:
    """The broker closes the channel, and with it all that is in flight. Envelopes go on too."""
    await queues.announce(announcements(1, 1))
    await other_client(amqp_url, lambda channel: channel.exchange_delete(EXCHANGE))
    assert await queues.announce(announcements(2, 40)) == 0
    assert await queues.announce(announcements(2, 40)) == 39
    assert len(await queues.publish(publications(3))) == 3
    await bind(amqp_url, "audit")
    assert await queues.announce(announcements(41, 41)) == 1
    assert await numbers(amqp_url, "audit") == [41]


async def test_a_queue_that_refuses_keeps_what_follows_from_being_done(queues: RabbitQueues, amqp_url: str) -> None:
    """What was confirmed before is done, all from the refused one on comes again; nobody is left out for ever."""
    await bind(amqp_url, "full", **{"x-max-length": 1, "x-overflow": "reject-publish"})
    await bind(amqp_url, "audit")
    done, rounds = 0, list[int]()
    while not rounds or rounds[-1] == 10:  # a quorum queue notices a little later that it is full
        rounds.append(await queues.announce(announcements(done + 1, done + 10)))
        done += rounds[-1]
        assert len(rounds) < 100
    held = await numbers(amqp_url, "full")
    assert held[:done] == list(range(1, done + 1))
    while done < 1000:
        confirmed = await queues.announce(announcements(done + 1, min(done + 10, 1000)))
        done += confirmed
        if confirmed < 10:
            held += await numbers(amqp_url, "full")
    held += await numbers(amqp_url, "full")
    assert set(held) == set(range(1, 1001))
    assert set(await numbers(amqp_url, "audit")) == set(range(1, 1001))


async def test_killed_in_mid_batch_and_started_again(rabbitmq: RabbitMQServer, queues: RabbitQueues, amqp_url: str) -> None:
    """Each event comes, and the first time in its order."""
    # A quorum queue of 3.10 that was declared within two seconds before the kill has no leader ever after.
    await bind(amqp_url, "audit", **{"x-queue-type": "classic"})
    done, last, under_way, short = 0, 6_000, asyncio.Event(), 0

    async def run() -> None:
        nonlocal done, short
        while done < last:
            part = announcements(done + 1, min(done + 100, last))
            confirmed = await queues.announce(part)
            done += confirmed
            short += confirmed < len(part)
            if done >= 300:
                under_way.set()

    running = asyncio.create_task(run())
    await asyncio.wait_for(under_way.wait(), 30)
    rabbitmq.kill()
    await asyncio.to_thread(rabbitmq.restart)
    await asyncio.wait_for(running, 60)
    assert short, "the broker was killed too late"
    assert first_seen(await numbers(amqp_url, "audit")) == list(range(1, last + 1))


async def test_a_frozen_broker_answers_nobody(rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url, confirm_timeout=1, connect_timeout=0.5)
    await queues.open(ROUTABLE)
    rabbitmq.freeze()
    try:
        assert await queues.announce(announcements(1, 50)) == 0
    finally:
        rabbitmq.thaw()
    await bind(amqp_url, "audit")
    for _ in range(10):
        if await queues.announce(announcements(1, 50)) == 50:
            break
    assert first_seen(await numbers(amqp_url, "audit")) == list(range(1, 51))
    await queues.close()


async def test_after_closing_nothing_is_announced(amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url)
    await queues.open(ROUTABLE)
    await queues.close()
    assert await queues.announce(announcements(1, 2)) == 0
