"""What was erased is taken out of the gateway's own queues, and everything else stays where it lies."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import Connection, select

from dispatcher import local, sweep
from dispatcher.base import Outcome, QueuesUnavailable
from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import DEAD, UNROUTED
from storage import erased
from storage.database import Database
from storage.schema import local_messages
from tests.dispatcher.contract import TOPOLOGY, ids, publication, publications, ready
from tests.dispatcher.test_rabbitmq import eventually, other_client


class Erased:
    """Knows the erased ids, and what it was asked."""

    def __init__(self, *numbers: int) -> None:
        self.ids = {publication(number).envelope_id for number in numbers}
        self.asked: list[str] = []

    async def __call__(self, some: Sequence[str]) -> Collection[str]:
        self.asked += some
        return self.ids & set(some)


@pytest.fixture
async def queues(amqp_url: str) -> AsyncIterator[RabbitQueues]:
    opened = RabbitQueues(amqp_url, confirm_timeout=20)
    await opened.open(TOPOLOGY)
    yield opened
    await opened.close()


async def bury(queues: RabbitQueues, amqp_url: str, count: int) -> None:
    """Dead letters 0 to `count`, in this order."""
    await queues.publish(publications(count))

    def reject(channel: BlockingChannel) -> None:
        for _ in range(count):
            frame, _, _ = channel.basic_get("masterpro.returns")
            channel.basic_nack(frame.delivery_tag, requeue=False)

    await other_client(amqp_url, reject)
    assert await eventually(queues, DEAD, count)


async def lying(amqp_url: str, queue: str) -> list[str]:
    """Envelope ids in their order."""

    def take(channel: BlockingChannel) -> list[str]:
        found = []
        while (got := channel.basic_get(queue))[0] is not None:
            found.append(got[1].headers.get("envelope-id", got[2].decode()))
        return found

    return await other_client(amqp_url, take)


class TestRabbitMQ:
    async def test_dead_letters_go_and_the_others_keep_their_order(
        self, queues: RabbitQueues, amqp_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "_AT_ONCE", 4)
        await bury(queues, amqp_url, 10)
        gone = Erased(0, 4, 5, 9, 77)
        assert await queues.forget(gone) == 4
        assert sorted(gone.asked) == sorted(ids(publications(10)))
        assert await queues.forget(gone) == 0
        assert await lying(amqp_url, DEAD) == [publication(number).envelope_id for number in (1, 2, 3, 6, 7, 8)]

    async def test_what_no_queue_took(self, queues: RabbitQueues, amqp_url: str) -> None:
        batch = [publication(number, target="nobody") for number in range(3)]
        assert await queues.publish(batch) == [Outcome.UNROUTED] * 3
        assert await queues.forget(Erased(1)) == 1
        assert await lying(amqp_url, UNROUTED) == [batch[0].envelope_id, batch[2].envelope_id]

    async def test_the_queues_of_targets_are_left_to_their_consumers(self, queues: RabbitQueues) -> None:
        await queues.publish(publications(3))
        assert await queues.forget(Erased(0, 1, 2)) == 0
        assert (await ready(queues))["masterpro.returns"] == 3

    async def test_what_somebody_else_put_there_stays(self, queues: RabbitQueues, amqp_url: str) -> None:
        def put(channel: BlockingChannel) -> None:
            channel.basic_publish("", DEAD, b"no headers")
            channel.basic_publish("", DEAD, b"odd", pika.BasicProperties(headers={"envelope-id": None, "x": 1}))

        await other_client(amqp_url, put)
        assert await eventually(queues, DEAD, 2)
        asked = Erased()
        assert await queues.forget(asked) == 0
        assert asked.asked == []
        assert (await ready(queues))[DEAD] == 2

    async def test_interrupted_nothing_is_gone_but_what_was_erased(
        self, queues: RabbitQueues, amqp_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "_AT_ONCE", 3)
        await bury(queues, amqp_url, 9)
        gone = Erased(1, 7)

        async def stops(some: Sequence[str]) -> Collection[str]:
            if publication(4).envelope_id in some:
                stopped.set()
                await asyncio.sleep(60)
            return await gone(some)

        stopped = asyncio.Event()
        forgetting = asyncio.create_task(queues.forget(stops))
        await stopped.wait()
        forgetting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgetting
        assert await eventually(queues, DEAD, 8)
        assert await queues.forget(gone) == 1
        assert await lying(amqp_url, DEAD) == [publication(number).envelope_id for number in (0, 2, 3, 4, 5, 6, 8)]

    async def test_a_connection_that_breaks_is_said(
        self, queues: RabbitQueues, amqp_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "_AT_ONCE", 3)
        await bury(queues, amqp_url, 5)

        async def breaks(some: Sequence[str]) -> Collection[str]:
            queues._sweeping.reset()
            return some

        with pytest.raises(QueuesUnavailable):
            await queues.forget(breaks)
        assert await eventually(queues, DEAD, 5)
        assert await queues.forget(Erased(0, 1, 2, 3, 4)) == 5

    async def test_two_at_once(self, queues: RabbitQueues, amqp_url: str) -> None:
        await bury(queues, amqp_url, 6)
        assert sum(await asyncio.gather(queues.forget(Erased(1, 2)), queues.forget(Erased(2, 3)))) == 3
        assert (await ready(queues))[DEAD] == 3

    async def test_a_queue_that_somebody_deleted(self, queues: RabbitQueues, amqp_url: str) -> None:
        await other_client(amqp_url, lambda channel: channel.queue_delete(DEAD))
        await queues.publish([publication(1, target="nobody")])
        assert await queues.forget(Erased(1)) == 1


class TestLocal:
    @pytest.fixture
    async def local_queues(self, database: Database) -> LocalQueues:
        opened = LocalQueues(database)
        await opened.open(TOPOLOGY)
        return opened

    async def test_ready_leased_and_dead(
        self, local_queues: LocalQueues, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local, "_PAGE", 2)
        await local_queues.publish(publications(6))
        await local_queues.publish([publication(0, target="warranty")])
        taken = await local_queues.take("masterpro.returns", 4)
        await local_queues.reject(taken[0].receipt, requeue=False)
        await local_queues.reject(taken[3].receipt, requeue=True)
        gone = Erased(0, 1, 3, 5)
        assert await local_queues.forget(gone) == 5
        assert await local_queues.forget(gone) == 0
        query = select(local_messages.c.envelope_id).order_by(local_messages.c.position)
        left = await database.read(lambda connection: connection.execute(query).scalars().all())
        assert left == [publication(2).envelope_id, publication(4).envelope_id]
        assert not await local_queues.ack(taken[1].receipt)
        assert await local_queues.ack(taken[2].receipt)

    async def test_what_was_erased_is_not_put_there_any_more(self, local_queues: LocalQueues, database: Database) -> None:
        """By a relay that had it in memory."""

        def erase(connection: Connection) -> None:
            erased.add(connection, "message", [publication(1).envelope_id], 1)

        await database.write(erase)
        assert await local_queues.publish(publications(3)) == [Outcome.CONFIRMED] * 3
        found = await local_queues.peek("masterpro.returns", 10)
        assert [one.envelope_id for one in found] == [publication(0).envelope_id, publication(2).envelope_id]
