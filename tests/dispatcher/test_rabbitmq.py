"""RabbitMQ itself: the common contract, what other clients see, and every way a broker can fail us."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher.base import Outcome, QueueMismatch, QueuesUnavailable, Topology
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import DEAD, SYSTEM_QUEUES, UNROUTED, WORK_ARGUMENTS, Binding, Exchange, Queue, declarations
from tests.dispatcher.contract import TOPOLOGY, QueuesContract, publication, publications, ready
from tests.servers.process import free_port
from tests.servers.rabbitmq import STANDS, RabbitMQServer

T = TypeVar("T")

CONFIRMED, UNROUTED_OUTCOME, UNKNOWN = Outcome.CONFIRMED, Outcome.UNROUTED, Outcome.UNKNOWN


@pytest.fixture
async def queues(amqp_url: str) -> AsyncIterator[RabbitQueues]:
    opened = RabbitQueues(amqp_url, confirm_timeout=20)
    await opened.open(TOPOLOGY)
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


class TestRabbitQueues(QueuesContract):
    """The contract that all queues share."""


async def test_another_client_reads_a_cloud_event(queues: RabbitQueues, amqp_url: str) -> None:
    sent = publication(7, attempt=3)
    await queues.publish([sent])
    frame, properties, body = await other_client(amqp_url, lambda channel: channel.basic_get("masterpro.returns"))
    assert body == sent.body
    assert (frame.exchange, frame.routing_key) == ("regia.inbound", "masterpro.returns.whatsapp")
    assert properties.content_type == "application/cloudevents+json"
    assert properties.delivery_mode == 2
    assert properties.message_id == f"{sent.envelope_id}:returns:3"
    assert properties.type == "regia.message.received.v1"
    assert properties.correlation_id == "con_0"
    assert properties.timestamp == int(sent.timestamp.timestamp())
    headers = {name: value for name, value in properties.headers.items() if name != "x-delivery-count"}
    assert headers == {"envelope-id": sent.envelope_id, "traceparent": sent.traceparent}


async def test_a_rejected_message_becomes_a_dead_letter(queues: RabbitQueues, amqp_url: str) -> None:
    await queues.publish([publication(1)])

    def reject(channel: BlockingChannel) -> None:
        frame, _, _ = channel.basic_get("masterpro.returns")
        channel.basic_nack(frame.delivery_tag, requeue=False)

    await other_client(amqp_url, reject)
    assert await eventually(queues, DEAD, 1)
    (dead,) = await queues.peek(DEAD, 1)
    assert dead.envelope_id == publication(1).envelope_id


async def test_a_peek_counts_as_a_delivery(queues: RabbitQueues) -> None:
    await queues.publish([publication(1)])
    assert [(await queues.peek("masterpro.returns", 1))[0].attempts for _ in range(3)] == [0, 1, 2]


async def test_a_queue_deleted_in_mid_traffic_comes_back(queues: RabbitQueues, amqp_url: str) -> None:
    """What was in it is gone, what follows is not. (3.10 may end the connection with an internal error meanwhile.)"""
    running = [asyncio.create_task(queues.publish(publications(60, target=target))) for target in ("returns", "warranty")]
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    await asyncio.gather(*running)
    assert await published_again(queues, 60)
    counts = await ready(queues)
    assert counts["masterpro.returns"] >= 60
    assert counts[UNROUTED] == 0


async def test_a_deleted_queue_is_declared_by_the_returned_message(queues: RabbitQueues, amqp_url: str) -> None:
    assert await queues.publish(publications(3)) == [CONFIRMED] * 3
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    assert await queues.publish(publications(60)) == [CONFIRMED] * 60
    counts = await ready(queues)
    assert (counts["masterpro.returns"], counts[UNROUTED]) == (60, 0)


async def test_what_has_landed_is_told_before_a_queue_that_is_missing_is_declared(
    queues: RabbitQueues, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.recovery"))
    landed: list[str] = []
    before: list[str] = []
    declare = queues._redeclare

    async def redeclare(within: float) -> None:
        before.extend(landed)
        await declare(within)

    monkeypatch.setattr(queues, "_redeclare", redeclare)
    batch = [publication(1), publication(2, target="recovery")]
    assert await queues.publish(batch, lambda one: landed.append(one.target)) == [CONFIRMED] * 2
    assert (before, landed) == (["returns"], ["returns", "recovery"])


async def test_a_deleted_queue_is_declared_when_it_is_missed(queues: RabbitQueues, amqp_url: str) -> None:
    """A consumer waits for it, and nobody writes to it. Its binding is there too."""
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    assert "masterpro.returns" not in await ready(queues)
    await queues.mend()
    assert (await ready(queues))["masterpro.returns"] == 0
    await other_client(
        amqp_url, lambda channel: channel.basic_publish("regia.inbound", "masterpro.returns.whatsapp", b"x", mandatory=True)
    )
    assert await eventually(queues, "masterpro.returns", 1)


async def test_what_no_queue_takes_lies_in_unrouted(queues: RabbitQueues, amqp_url: str) -> None:
    """A target that left the configuration after the message was committed."""
    gone = publication(2, target="discontinued")
    outcomes = await queues.publish([publication(1), gone, publication(3)])
    assert outcomes == [CONFIRMED, UNROUTED_OUTCOME, CONFIRMED]
    _, properties, body = await other_client(amqp_url, lambda channel: channel.basic_get(UNROUTED))
    assert body == gone.body
    assert properties.headers["envelope-id"] == gone.envelope_id
    assert properties.headers["routing-key"] == "masterpro.discontinued.whatsapp"
    assert (await ready(queues))["masterpro.returns"] == 2


async def test_a_deleted_exchange_comes_back(queues: RabbitQueues, amqp_url: str) -> None:
    """The broker closes the channel for the first publish, and with it fails all that are in flight."""
    assert await queues.publish(publications(1)) == [CONFIRMED]
    await other_client(amqp_url, lambda channel: channel.exchange_delete("regia.inbound"))
    first, second = await asyncio.gather(queues.publish(publications(40)), queues.publish(publications(40, target="general")))
    assert {*first, *second} == {UNKNOWN}
    again = [publication(number, attempt=2) for number in range(40)]
    assert await queues.publish(again) == [CONFIRMED] * 40


async def test_a_missing_queue_is_left_out_of_the_states(queues: RabbitQueues, amqp_url: str) -> None:
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    counts = await ready(queues)
    assert set(counts) == {*TOPOLOGY.queues, *SYSTEM_QUEUES} - {"masterpro.returns"}


async def test_a_full_queue_gives_unknown(amqp_url: str) -> None:
    """`reject-publish` nacks: the message waits in our outbox. A policy of the operator may limit the length."""
    queues = RabbitQueues(amqp_url, confirm_timeout=10)
    await other_client(
        amqp_url, lambda channel: declare_foreign(channel, **{"x-max-length": 1, "x-overflow": "reject-publish"})
    )
    with pytest.raises(QueueMismatch):
        await queues.open(TOPOLOGY)
    outcomes = [outcome for _ in range(20) for outcome in await queues.publish(publications(20))]
    assert outcomes[0] is CONFIRMED
    assert UNKNOWN in outcomes
    assert (await ready(queues))["masterpro.returns"] == outcomes.count(CONFIRMED)
    await queues.close()


def declare_foreign(channel: BlockingChannel, **arguments: Any) -> None:
    channel.queue_declare("masterpro.returns", durable=True, arguments={"x-queue-type": "quorum", **arguments})


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"x-queue-type": "classic"}, "x-dead-letter-exchange"),
        ({}, "x-dead-letter-exchange"),
        ({**WORK_ARGUMENTS, "x-delivery-limit": 5}, "x-delivery-limit: received '20' but current is '5'"),
        ({**WORK_ARGUMENTS, "x-dead-letter-exchange": "somebody.else"}, "'somebody.else'"),
    ],
)
async def test_a_queue_with_other_arguments(amqp_url: str, arguments: dict[str, Any], named: str) -> None:
    await other_client(amqp_url, lambda channel: declare_foreign(channel, **arguments))
    queues = RabbitQueues(amqp_url)
    with pytest.raises(QueueMismatch) as caught:
        await queues.open(TOPOLOGY)
    assert "queue masterpro.returns exists with other arguments" in str(caught.value)
    assert named in str(caught.value)
    assert "delete the queue and start again" in str(caught.value)
    assert "casa-bella" not in str(caught.value)
    assert await queues.publish([publication(1, brand="casa-bella")]) == [CONFIRMED]
    await queues.close()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda url: url.replace("guest:guest", "guest:s3cret-word"), "refused the user or password"),
        (lambda url: url.rsplit("/", 1)[0] + "/nowhere", "virtual host"),
        (lambda url: re.sub(r":\d+/", f":{free_port()}/", url), "ConnectionRefused|AMQPConnection"),
    ],
    ids=["password", "vhost", "port"],
)
async def test_a_broker_that_cannot_be_used(amqp_url: str, change: Callable[[str], str], expected: str) -> None:
    queues = RabbitQueues(change(amqp_url), confirm_timeout=0.5, connect_timeout=0.4)
    started = time.monotonic()
    with pytest.raises(QueuesUnavailable, match=expected) as caught:
        await queues.open(TOPOLOGY)
    assert "guest" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert await queues.publish(publications(3)) == [UNKNOWN] * 3
    with pytest.raises(QueuesUnavailable):
        await queues.states()
    assert time.monotonic() - started < 4
    await queues.close()


@pytest.mark.timeout(400)
async def test_killed_in_mid_batch_and_started_again(rabbitmq: RabbitMQServer, queues: RabbitQueues) -> None:
    """Every publish ends, what was confirmed is there, and the unknown is confirmed by the next try."""
    confirmed: set[str] = set()
    unknown: list[int] = list(range(2000))
    under_way = asyncio.Event()

    async def one_pass(attempt: int) -> None:
        todo, unknown[:] = list(unknown), []
        for start in range(0, len(todo), 100):
            part = todo[start : start + 100]
            outcomes = await queues.publish([publication(number, attempt=attempt) for number in part])
            for number, outcome in zip(part, outcomes, strict=True):
                if outcome is CONFIRMED:
                    confirmed.add(publication(number).envelope_id)
                else:
                    unknown.append(number)
            if len(confirmed) >= 200:
                under_way.set()

    await asyncio.sleep(STANDS)
    traffic = asyncio.create_task(one_pass(1))
    await asyncio.wait_for(under_way.wait(), 90)
    rabbitmq.kill()
    restarted = asyncio.create_task(asyncio.to_thread(rabbitmq.restart))
    await asyncio.wait_for(traffic, 90)
    await restarted
    assert unknown
    for attempt in range(2, 6):
        await asyncio.wait_for(one_pass(attempt), 90)
    assert not unknown
    assert len(confirmed) == 2000
    assert (await ready(queues))["masterpro.returns"] >= 2000


async def test_a_frozen_broker_answers_nobody(rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url, confirm_timeout=1, connect_timeout=0.5)
    await queues.open(Topology(targets={"masterpro": frozenset({"returns"})}))
    rabbitmq.freeze()
    try:
        for _ in range(2):
            started = time.monotonic()
            assert await queues.publish(publications(50)) == [UNKNOWN] * 50
            assert time.monotonic() - started < 2.5
    finally:
        rabbitmq.thaw()
    assert await published_again(queues, 50)
    await queues.close()


async def test_a_memory_alarm_passes(rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    """The broker stops reading; large publishes fill every buffer on the way."""
    queues = RabbitQueues(amqp_url, confirm_timeout=1.5)
    await queues.open(Topology(targets={"masterpro": frozenset({"returns"})}))
    large = [publication(number, body=b"x" * 2_000_000) for number in range(10)]
    await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "absolute", "10MB")
    try:
        started = time.monotonic()
        assert await queues.publish(large) == [UNKNOWN] * 10
        assert time.monotonic() - started < 4
        assert (await queues.states())[0].name == "masterpro.returns"
    finally:
        await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "0.4")
    assert await published_again(queues, 10)
    await queues.close()


async def test_a_cancelled_publish_is_cancelled(rabbitmq: RabbitMQServer, queues: RabbitQueues) -> None:
    """Shutting down must not be taken for a lost connection."""
    rabbitmq.freeze()
    try:
        task = asyncio.create_task(queues.publish(publications(5)))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 2)
    finally:
        rabbitmq.thaw()
    assert await published_again(queues, 5)


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.02])
async def test_a_cancelled_peek_takes_nothing(queues: RabbitQueues, seconds: float) -> None:
    """Wherever the cancellation meets it; the last may come too late."""
    await queues.publish(publications(300))
    await queues.peek("masterpro.returns", 1)
    task = asyncio.create_task(queues.peek("masterpro.returns", 300))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait({task})
    assert await eventually(queues, "masterpro.returns", 300)


async def test_a_frozen_broker_fails_a_peek_and_keeps_the_messages(rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url, connect_timeout=0.6)
    await queues.open(Topology(targets={"masterpro": frozenset({"returns"})}))
    await queues.publish(publications(3))
    await queues.peek("masterpro.returns", 3)
    rabbitmq.freeze()
    try:
        with pytest.raises(QueuesUnavailable, match="try again"):
            await queues.peek("masterpro.returns", 3)
        with pytest.raises(QueuesUnavailable):
            await queues.states()
    finally:
        rabbitmq.thaw()
    assert await eventually(queues, "masterpro.returns", 3)
    await queues.close()


async def test_after_closing_nothing_is_published(amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url)
    await queues.open(Topology(targets={}))
    await queues.close()
    assert await queues.publish(publications(2)) == [UNKNOWN] * 2


async def published_again(queues: RabbitQueues, count: int) -> bool:
    """Within ten tries."""
    for attempt in range(2, 12):
        outcomes = await queues.publish([publication(number, attempt=attempt) for number in range(count)])
        if outcomes == [CONFIRMED] * count:
            return True
    return False


async def eventually(queues: RabbitQueues, queue: str, count: int) -> bool:
    """Dead-lettering is asynchronous."""
    for _ in range(100):
        if (await ready(queues))[queue] == count:
            return True
        await asyncio.sleep(0.05)
    return False


def test_the_topology_in_its_order() -> None:
    wanted = declarations(Topology(targets={"masterpro": frozenset({"returns"})}))
    assert [getattr(each, "name", each) for each in wanted] == [
        "regia.dead",
        "regia.dead",
        Binding("regia.dead", "regia.dead", "#"),
        "regia.unrouted",
        "regia.inbound",
        "regia.events",
        "regia.replies",
        "regia.tickets",
        "masterpro.returns",
        Binding("regia.inbound", "masterpro.returns", "masterpro.returns.#"),
    ]
    assert {each.type for each in wanted if isinstance(each, Exchange)} == {"topic"}
    (target,) = (each for each in wanted if isinstance(each, Queue) and each.name == "masterpro.returns")
    assert target.arguments == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "regia.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": 20,
    }


@pytest.mark.parametrize(
    "targets",
    [
        {"regia": {"dead"}},
        {"Masterpro": {"returns"}},
        {"masterpro": {"resi.veloci"}},
        {"masterpro": {""}},
        {"masterpro": {"resi#"}},
        {"città": {"returns"}},
    ],
)
def test_names_that_cannot_be_routing_keys(targets: dict[str, set[str]]) -> None:
    with pytest.raises(ValueError, match="name"):
        declarations(Topology(targets={brand: frozenset(names) for brand, names in targets.items()}))


async def test_a_peek_keeps_the_order(queues: RabbitQueues) -> None:
    """Also of more messages than a channel gives back in order by itself."""
    await queues.publish(publications(60))
    sent = [one.envelope_id for one in publications(60)]
    for limit in (12, 40, 60):
        assert [one.envelope_id for one in await queues.peek("masterpro.returns", limit)] == sent[:limit]
    assert [one.envelope_id for one in await queues.peek("masterpro.returns", 100)] == sent
