"""The embedded queues: the contract of all queues, and the consumers' side."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import time_machine

from dispatcher.base import Delivery, Outcome, QueueState, QueuesUnavailable, Topology, UnknownQueue
from dispatcher.local import DELIVERY_LIMIT, LocalQueues
from storage.database import Database
from tests.dispatcher.contract import TOPOLOGY, QueuesContract, ids, publication, publications, ready
from tests.servers.process import free_port

QUEUE = "masterpro.returns"


@pytest.fixture
async def queues(database: Database) -> AsyncIterator[LocalQueues]:
    opened = LocalQueues(database)
    await opened.open(TOPOLOGY)
    yield opened
    await opened.close()


def names(found: list[Delivery]) -> list[str]:
    return [delivery.envelope_id for delivery in found]


async def state(queues: LocalQueues, name: str = QUEUE) -> QueueState:
    (found,) = [each for each in await queues.states() if each.name == name]
    return found


class TestLocalQueues(QueuesContract):
    """The contract that all queues share."""


class TestTaking:
    async def test_in_order_each_once(self, queues: LocalQueues) -> None:
        batch = publications(5)
        await queues.publish(batch)
        taken = await queues.take(QUEUE, 3) + await queues.take(QUEUE, 10)
        assert names(taken) == ids(batch)
        assert [delivery.body for delivery in taken] == [one.body for one in batch]
        assert {delivery.attempts for delivery in taken} == {1}
        assert len({delivery.receipt for delivery in taken}) == 5
        assert await queues.take(QUEUE, 10) == []
        assert await state(queues) == QueueState(name=QUEUE, ready=0, leased=5)

    async def test_by_many_at_once(self, queues: LocalQueues) -> None:
        await queues.publish(publications(60))
        answers = await asyncio.gather(*(queues.take(QUEUE, 7) for _ in range(12)))
        taken = [name for answer in answers for name in names(answer)]
        assert sorted(taken) == sorted(ids(publications(60)))

    async def test_two_processes_share_a_queue(self, postgresql_url: str) -> None:
        databases = [Database(postgresql_url) for _ in range(2)]
        both = [LocalQueues(database) for database in databases]
        for queues in both:
            await queues.open(TOPOLOGY)
        await both[0].publish(publications(100))
        answers = await asyncio.gather(*(queues.take(QUEUE, 10) for queues in both * 10))
        taken = [name for answer in answers for name in names(answer)]
        taken += names(await both[0].take(QUEUE, 100))
        assert sorted(taken) == sorted(ids(publications(100)))
        for database in databases:
            await database.close()

    async def test_what_is_acknowledged_is_gone(self, queues: LocalQueues) -> None:
        await queues.publish(publications(2))
        (first,) = await queues.take(QUEUE, 1)
        assert await queues.ack(first.receipt)
        assert not await queues.ack(first.receipt)
        assert not await queues.reject(first.receipt, requeue=True)
        assert await state(queues) == QueueState(name=QUEUE, ready=1, leased=0)

    @pytest.mark.parametrize("receipt", ["", "unknown", "' OR 1=1 --"])
    async def test_an_unknown_receipt(self, queues: LocalQueues, receipt: str) -> None:
        await queues.publish(publications(2))
        await queues.take(QUEUE, 1)
        assert not await queues.ack(receipt)
        assert not await queues.reject(receipt, requeue=False)
        assert await state(queues) == QueueState(name=QUEUE, ready=1, leased=1)

    async def test_given_back_it_comes_first_again(self, queues: LocalQueues) -> None:
        await queues.publish(publications(3))
        (first,) = await queues.take(QUEUE, 1)
        assert await queues.reject(first.receipt, requeue=True)
        again = await queues.take(QUEUE, 3)
        assert names(again) == ids(publications(3))
        assert [delivery.attempts for delivery in again] == [2, 1, 1]
        assert again[0].receipt != first.receipt

    async def test_a_lease_that_ran_out(self, queues: LocalQueues) -> None:
        with time_machine.travel(1_763_000_000, tick=False) as clock:
            await queues.publish(publications(1))
            (first,) = await queues.take(QUEUE, 1, lease=30)
            clock.shift(29)
            assert await queues.take(QUEUE, 1) == []
            clock.shift(2)
            (second,) = await queues.take(QUEUE, 1)
        assert (second.envelope_id, second.attempts) == (first.envelope_id, 2)
        assert not await queues.ack(first.receipt)
        assert await queues.ack(second.receipt)

    async def test_a_repeat_of_what_is_there_changes_nothing(self, queues: LocalQueues) -> None:
        """A publish whose confirm was lost comes again, also while somebody works on it."""
        await queues.publish(publications(1))
        (taken,) = await queues.take(QUEUE, 1)
        assert await queues.publish(publications(1)) == [Outcome.CONFIRMED]
        assert await queues.take(QUEUE, 1) == []
        assert await queues.ack(taken.receipt)

    @pytest.mark.parametrize("name", ["masterpro.nothing", "masterpro.returns.dead", ""])
    async def test_an_unknown_queue(self, queues: LocalQueues, name: str) -> None:
        with pytest.raises(UnknownQueue):
            await queues.take(name, 1)
        with pytest.raises(UnknownQueue):
            await queues.requeue_dead(name)


class TestDead:
    async def test_a_lease_is_extended_by_who_has_it(self, queues: LocalQueues) -> None:
        with time_machine.travel(1_763_000_000, tick=False) as clock:
            await queues.publish(publications(1))
            (taken,) = await queues.take(QUEUE, 1, lease=30)
            clock.shift(29)
            assert await queues.extend(taken.receipt)
            clock.shift(29)
            assert await queues.take(QUEUE, 1) == []
            assert await queues.ack(taken.receipt)
        assert not await queues.extend(taken.receipt)
        assert not await queues.extend("unknown")

    async def test_the_next_waits_for_the_first(self, queues: LocalQueues) -> None:
        await queues.publish(publications(3))
        (first,) = await queues.take_next(QUEUE)
        assert await queues.take_next(QUEUE) == []
        await queues.reject(first.receipt, requeue=True)
        assert (await queues.take_next(QUEUE))[0].envelope_id == first.envelope_id
        (other,) = await queues.take(QUEUE, 1)  # who does not mind the order
        assert other.envelope_id != first.envelope_id

    async def test_the_next_does_not_wait_for_what_is_dead(self, queues: LocalQueues) -> None:
        await queues.publish(publications(2))
        (first,) = await queues.take_next(QUEUE)
        await queues.reject(first.receipt, requeue=False)
        (second,) = await queues.take_next(QUEUE)
        assert await queues.ack(second.receipt)
        assert await queues.take_next(QUEUE) == []

    async def test_after_the_last_lease(self, queues: LocalQueues) -> None:
        with time_machine.travel(1_763_000_000, tick=False) as clock:
            await queues.publish(publications(1))
            for attempt in range(1, DELIVERY_LIMIT + 1):
                (delivery,) = await queues.take(QUEUE, 1, lease=10)
                assert delivery.attempts == attempt
                clock.shift(11)
            assert await queues.take(QUEUE, 1) == []
        assert await ready(queues) == dict.fromkeys(TOPOLOGY.queues, 0) | {f"{QUEUE}.dead": 1}
        (dead,) = await queues.peek(f"{QUEUE}.dead", 5)
        assert (dead.envelope_id, dead.body) == (ids(publications(1))[0], publication(0).body)
        assert await queues.peek(QUEUE, 5) == []

    async def test_rejected_for_good_and_brought_back(self, queues: LocalQueues) -> None:
        await queues.publish(publications(2))
        first, second = await queues.take(QUEUE, 2)
        assert await queues.reject(first.receipt, requeue=False)
        assert await queues.reject(second.receipt, requeue=False)
        assert names(await queues.peek(f"{QUEUE}.dead", 5)) == ids(publications(2))
        assert await queues.requeue_dead("masterpro.warranty") == 0
        assert await queues.requeue_dead(QUEUE) == 2
        again = await queues.take(QUEUE, 5)
        assert [(delivery.envelope_id, delivery.attempts) for delivery in again] == [(name, 1) for name in ids(publications(2))]

    async def test_a_category_may_be_called_dead(self, queues: LocalQueues) -> None:
        await queues.open(Topology(targets={"demo": frozenset({"dead"})}))
        await queues.publish([publication(1, brand="demo", target="dead")])
        assert len(await queues.peek("demo.dead", 5)) == 1
        (taken,) = await queues.take("demo.dead", 1)
        await queues.reject(taken.receipt, requeue=False)
        assert await queues.peek("demo.dead", 5) == []
        assert len(await queues.peek("demo.dead.dead", 5)) == 1


async def test_what_is_published_survives_the_process(database: Database) -> None:
    first = LocalQueues(database)
    await first.open(TOPOLOGY)
    await first.publish(publications(3))
    other = Database(database.url.render_as_string(hide_password=False))
    second = LocalQueues(other)
    await second.open(TOPOLOGY)
    assert names(await second.take(QUEUE, 5)) == ids(publications(3))
    await other.close()


async def test_a_database_that_is_away() -> None:
    database = Database(f"postgresql://regia@127.0.0.1:{free_port()}/regia")
    queues = LocalQueues(database)
    await queues.open(TOPOLOGY)
    assert await queues.publish(publications(2)) == [Outcome.UNKNOWN] * 2
    for call in (queues.states(), queues.peek(QUEUE, 1), queues.take(QUEUE, 1), queues.ack("x"), queues.requeue_dead(QUEUE)):
        with pytest.raises(QueuesUnavailable):
            await call
    await database.close()
