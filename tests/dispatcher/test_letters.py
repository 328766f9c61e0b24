"""Dead letters: one contract for RabbitMQ and for embedded queues."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pika
import pytest
from aio_pika import IncomingMessage
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher import letters_local, letters_rabbit, local, sweep
from dispatcher.base import Publication, QueueMismatch, QueuesUnavailable, Topology, UnknownQueue
from dispatcher.letters import Discard, Edit, Letter, Picked, Redrive, Wanted
from dispatcher.letters_local import LocalLetters
from dispatcher.letters_rabbit import RabbitLetters
from dispatcher.local import LocalQueues
from dispatcher.options import Also, Layout
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import DEAD, UNROUTED
from storage import books, erased
from storage.database import Database
from tests.dispatcher.contract import TOPOLOGY, publication, ready
from tests.dispatcher.stored import states, store
from tests.dispatcher.test_rabbitmq import eventually, other_client
from tests.servers.process import free_port

ALL = Wanted()


def letter_publication(number: int, *, target: str = "returns", category: str = "returns") -> Publication:
    one = publication(number, target=target)
    body = f'{{"id":"{one.envelope_id}","data":{{"n":{number},"routing":{{"category":"{category}"}}}}}}'
    return publication(number, target=target, body=body.encode())


class Rabbit:
    """Queues in RabbitMQ."""

    def __init__(self, url: str, queues: RabbitQueues, database: Database) -> None:
        self.url = url
        self.queues = queues
        self.letters = RabbitLetters(url, database, confirm_timeout=20)

    async def bury(self, batch: Sequence[Publication]) -> None:
        """Have them rejected, in their order."""
        before = (await ready(self.queues))[DEAD]
        await self.queues.publish(batch)

        def reject(channel: BlockingChannel) -> None:
            for one in batch:
                frame, _, _ = channel.basic_get(one.queue)
                channel.basic_nack(frame.delivery_tag, requeue=False)

        await other_client(self.url, reject)
        assert await eventually(self.queues, DEAD, before + len(batch))

    async def lying(self, queue: str) -> list[str]:
        return [one.envelope_id for one in await self.queues.peek(queue, 900)]


class Local:
    """Embedded queues."""

    def __init__(self, queues: LocalQueues, database: Database) -> None:
        self.queues = queues
        self.letters = LocalLetters(queues, database)

    async def bury(self, batch: Sequence[Publication]) -> None:
        await self.queues.publish(batch)
        for one in batch:
            (taken,) = await self.queues.take(one.queue, 1)
            await self.queues.reject(taken.receipt, requeue=False)

    async def lying(self, queue: str) -> list[str]:
        return [one.envelope_id for one in await self.queues.peek(queue, 900)]


Place = Rabbit | Local


@pytest.fixture(params=["rabbitmq", "local"])
async def place(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Place]:
    if request.param == "local":
        embedded = LocalQueues(database)
        await embedded.open(TOPOLOGY)
        yield Local(embedded, database)
        return
    url: str = request.getfixturevalue("amqp_url")
    queues = RabbitQueues(url, confirm_timeout=20)
    await queues.open(TOPOLOGY)
    rabbit = Rabbit(url, queues, database)
    yield rabbit
    await rabbit.letters.close()
    await queues.close()


async def look(place: Place, wanted: Wanted = ALL, limit: int = 100, **other: Any) -> tuple[Letter, ...]:
    return (await place.letters.look(wanted, limit, **other)).letters


async def dead(place: Place, wanted: Wanted = ALL, limit: int = 100) -> list[str]:
    return [one.envelope_id for one in await look(place, wanted, limit)]


async def pick(place: Place, wanted: Wanted, act: Any, limit: int = 1000) -> Picked:
    picked = Picked()
    await place.letters.pick(wanted, act, limit, picked)
    return picked


def envelopes(*numbers: int) -> list[str]:
    return [publication(number).envelope_id for number in numbers]


class TestBothKinds:
    async def test_what_a_letter_says(self, place: Place) -> None:
        one = letter_publication(1)
        await place.bury([one])
        (letter,) = await look(place, bodies=True)
        assert (letter.where, letter.queue, letter.reason, letter.times, letter.redriven) == (
            "dead",
            "masterpro.returns",
            "rejected",
            1,
            0,
        )
        assert (letter.envelope_id, letter.category, letter.body) == (one.envelope_id, "returns", one.body)
        assert letter.size == len(one.body)
        assert letter.at_ms is not None
        (again,) = await look(place)
        assert (again.id, again.body) == (letter.id, b"")

    async def test_a_look_changes_nothing(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(12)])
        for _ in range(25):
            assert await dead(place) == envelopes(*range(12))
        for limit in (1, 5, 3):
            assert len(await look(place, limit=limit)) == limit
        assert await dead(place) == envelopes(*range(12))

    async def test_a_look_says_what_it_has_gone_through(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(12)])
        found = await place.letters.look(Wanted(queue="masterpro.returns"), 4, most=7)
        assert (len(found.letters), found.fitting, found.looked, found.lying) == (4, 7, 7, 12)
        assert await dead(place) == envelopes(*range(12))

    async def test_by_queue_reason_category_and_id(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(3)])
        await place.bury([letter_publication(3, target="warranty", category="warranty")])
        everything = await look(place)
        assert await dead(place, Wanted(queue="masterpro.warranty")) == envelopes(3)
        assert await dead(place, Wanted(category="returns")) == envelopes(0, 1, 2)
        assert await dead(place, Wanted(reason="rejected")) == envelopes(0, 1, 2, 3)
        assert await dead(place, Wanted(reason="delivery_limit")) == []
        assert await dead(place, Wanted(where="unrouted")) == []
        assert await dead(place, Wanted(ids=(everything[1].id, envelopes(3)[0]))) == envelopes(1, 3)
        assert await dead(place, Wanted(ids=(everything[1].id,), category="warranty")) == []

    async def test_by_age(self, place: Place) -> None:
        await place.bury([letter_publication(1)])
        (letter,) = await look(place)
        assert letter.at_ms is not None
        assert await dead(place, Wanted(before_ms=letter.at_ms)) == []
        assert await dead(place, Wanted(since_ms=letter.at_ms, before_ms=letter.at_ms + 1)) == envelopes(1)
        assert await dead(place, Wanted(since_ms=letter.at_ms + 1)) == []

    async def test_redriven_they_are_where_they_were_with_the_same_bytes(self, place: Place) -> None:
        batch = [letter_publication(number) for number in range(5)]
        await place.bury(batch)
        picked = await pick(place, Wanted(ids=(envelopes(3)[0], envelopes(1)[0])), Redrive())
        assert (picked.done, picked.lying, dict(picked.kept)) == (2, 5, {})
        assert await dead(place) == envelopes(0, 2, 4)
        assert sorted(await place.lying("masterpro.returns")) == sorted(envelopes(1, 3))
        found = await place.queues.peek("masterpro.returns", 9)
        assert {one.body for one in found} == {batch[1].body, batch[3].body}

    async def test_all_and_a_limit(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(6)])
        assert (await pick(place, ALL, Redrive(), limit=4)).done == 4
        assert await dead(place) == envelopes(4, 5)
        assert (await pick(place, ALL, Redrive())).done == 2
        assert await place.lying("masterpro.returns") == envelopes(*range(6))
        assert await dead(place) == []

    async def test_who_dies_again_says_so(self, place: Place) -> None:
        one = letter_publication(1)
        await place.bury([one])
        assert (await pick(place, ALL, Redrive())).done == 1
        await _reject_again(place)
        (letter,) = await look(place)
        assert (letter.redriven, letter.reason, letter.envelope_id) == (1, "rejected", one.envelope_id)

    async def test_elsewhere(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(3)])
        assert (await pick(place, ALL, Redrive("masterpro.general"))).done == 3
        assert await place.lying("masterpro.general") == envelopes(0, 1, 2)
        assert await place.lying("masterpro.returns") == []

    async def test_a_queue_that_does_not_exist_is_said_before(self, place: Place) -> None:
        await place.bury([letter_publication(1)])
        with pytest.raises(UnknownQueue, match="nothing"):
            await pick(place, ALL, Redrive("masterpro.nothing"))
        assert await dead(place) == envelopes(1)

    async def test_no_further_than_to_the_last_of_the_letters_asked_for(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (letters_rabbit, letters_local):
            monkeypatch.setattr(module, "_TOGETHER", 2)
        await place.bury([letter_publication(number) for number in range(9)])
        letters = await look(place)
        wanted = Wanted(ids=(letters[0].id, letters[3].id))
        assert (await place.letters.look(wanted, 1)).looked == 4
        picked = await pick(place, wanted, Redrive())
        assert (picked.done, picked.looked, picked.lying) == (2, 4, 9)
        assert (await pick(place, Wanted(ids=(letters[1].id, letters[2].envelope_id)), Discard())).looked == 7, "to the end"
        assert await dead(place) == envelopes(*range(4, 9))

    async def test_no_further_than_it_may(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (letters_rabbit, letters_local):
            monkeypatch.setattr(module, "_TOGETHER", 2)
        await place.bury([letter_publication(number) for number in range(9)])
        picked = Picked()
        await place.letters.pick(Wanted(ids=tuple(envelopes(1, 4, 5))), Redrive(), 100, picked, most=5)
        assert (picked.done, picked.looked, picked.lying) == (2, 5, 9)
        assert await dead(place) == envelopes(0, 2, 3, 5, 6, 7, 8)

    async def test_discarded_they_are_gone(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(4)])
        assert (await pick(place, Wanted(ids=(envelopes(2)[0],)), Discard())).done == 1
        assert await dead(place) == envelopes(0, 1, 3)
        assert await place.lying("masterpro.returns") == []

    async def test_edited_it_is_the_same_letter_with_another_body(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(3)])
        before = (await look(place))[1]
        other = letter_publication(1, category="warranty").body
        assert (await pick(place, Wanted(ids=(before.id,)), Edit(other), limit=1)).done == 1
        assert sorted(await dead(place)) == sorted(envelopes(0, 1, 2))
        (after,) = await look(place, Wanted(ids=(before.envelope_id,)), bodies=True)
        assert (after.body, after.category) == (other, "warranty")
        kept = ("where", "queue", "reason", "at_ms", "times", "redriven", "envelope_id")
        assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
        assert (await pick(place, Wanted(ids=(after.id,)), Redrive())).done == 1
        (back,) = await place.queues.peek("masterpro.returns", 9)
        assert (back.body, back.envelope_id) == (other, before.envelope_id)

    async def test_many(self, place: Place) -> None:
        await place.bury([letter_publication(number) for number in range(350)])
        steps: list[int] = []
        picked = Picked()
        await place.letters.pick(Wanted(category="returns"), Redrive(), 1000, picked, lambda one: steps.append(one.done))
        assert (picked.done, steps) == (350, [100, 200, 300, 350])
        assert await place.lying("masterpro.returns") == envelopes(*range(350))


async def _reject_again(place: Place) -> None:
    if isinstance(place, Local):
        (taken,) = await place.queues.take("masterpro.returns", 1)
        await place.queues.reject(taken.receipt, requeue=False)
        return

    def reject(channel: BlockingChannel) -> None:
        frame, _, _ = channel.basic_get("masterpro.returns")
        channel.basic_nack(frame.delivery_tag, requeue=False)

    await other_client(place.url, reject)
    assert await eventually(place.queues, DEAD, 1)


class TestEmbedded:
    async def test_leased_too_often(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "DELIVERY_LIMIT", 1)
        monkeypatch.setattr(local, "_TOO_OFTEN", local.table.c.attempts >= 1)
        queues = LocalQueues(database)
        await queues.open(TOPOLOGY)
        await queues.publish([letter_publication(1), letter_publication(2)])
        one, _ = await queues.take("masterpro.returns", 2, lease=0)
        await queues.reject(one.receipt, requeue=True)
        await asyncio.sleep(0.05)
        assert await queues.take("masterpro.returns", 2) == []
        found = (await LocalLetters(queues, database).look(ALL, 9)).letters
        assert [letter.reason for letter in found] == ["delivery_limit"] * 2
        assert await queues.requeue_dead("masterpro.returns") == 2
        assert (await LocalLetters(queues, database).look(ALL, 9)).lying == 0


@pytest.fixture
async def rabbit(amqp_url: str, database: Database) -> AsyncIterator[Rabbit]:
    queues = RabbitQueues(amqp_url, confirm_timeout=20)
    await queues.open(TOPOLOGY)
    opened = Rabbit(amqp_url, queues, database)
    yield opened
    await opened.letters.close()
    await queues.close()


class TestRabbitMQ:
    async def test_a_new_life_has_no_old_deaths(self, rabbit: Rabbit) -> None:
        one = letter_publication(1)
        await rabbit.bury([one])
        await pick(rabbit, ALL, Redrive())
        frame, properties, body = await other_client(rabbit.url, lambda channel: channel.basic_get("masterpro.returns"))
        headers = {name: value for name, value in properties.headers.items() if name != "x-delivery-count"}
        assert headers == {"envelope-id": one.envelope_id, "traceparent": one.traceparent, "redriven": 1}
        assert (frame.exchange, body, properties.type, properties.delivery_mode) == ("", one.body, one.type, 2)
        assert (properties.correlation_id, properties.timestamp) == (one.correlation_id, int(one.timestamp.timestamp()))
        assert properties.message_id.startswith(f"{one.envelope_id}:returns:1:again-")

    async def test_what_no_queue_took_goes_where_it_was_to_go_and_the_books_say_so(
        self, rabbit: Rabbit, database: Database
    ) -> None:
        await store(database, range(3), to=("vip",), state="unrouted")
        batch = [letter_publication(number, target="vip") for number in range(3)]
        await rabbit.queues.publish(batch)
        assert await eventually(rabbit.queues, UNROUTED, 3)
        found = await look(rabbit, Wanted(reason="unrouted"))
        assert [(one.queue, one.where, one.envelope_id) for one in found] == [
            ("masterpro.vip", "unrouted", id_) for id_ in envelopes(0, 1, 2)
        ]
        picked = await pick(rabbit, Wanted(where="unrouted"), Redrive())
        assert (picked.done, dict(picked.kept)) == (0, {"no queue takes them": 3})
        assert await dead(rabbit) == envelopes(0, 1, 2)

        def bind(channel: BlockingChannel) -> None:
            channel.queue_declare("masterpro.vip", durable=True)
            channel.queue_bind("masterpro.vip", "regia.inbound", "masterpro.vip.#")

        await other_client(rabbit.url, bind)
        assert (await pick(rabbit, Wanted(where="unrouted"), Redrive(), limit=2)).done == 2
        assert await states(database) == ["published", "published", "unrouted"]
        assert (await database.read(lambda connection: books.count(connection, []))).unrouted in (0, 1)
        assert await dead(rabbit) == envelopes(2)

    async def test_a_copy_goes_to_the_queue_that_was_to_have_it(self, rabbit: Rabbit, database: Database) -> None:
        """Also when it was edited meanwhile. What its target got is another message, of which the books say nothing new."""
        await store(database, range(2), to=("returns",), state="unrouted")
        also = (Also(queue="archive.returns", keys=("#",)),)
        with pytest.raises(QueueMismatch):
            await rabbit.queues.open(Topology(targets=TOPOLOGY.targets, layout=Layout(also=also)))
        batch = [letter_publication(number) for number in range(2)]
        await rabbit.queues.publish(batch)
        assert await eventually(rabbit.queues, UNROUTED, 2)
        found = await look(rabbit, Wanted(where="unrouted"))
        assert [one.queue for one in found] == ["archive.returns"] * 2
        assert dict((await pick(rabbit, ALL, Redrive())).kept) == {"no queue takes them": 2}
        await other_client(rabbit.url, lambda channel: channel.queue_declare("archive.returns", durable=True))
        edit = Edit(body=b'{"edited":1}')
        assert (await pick(rabbit, Wanted(ids=(found[0].id,)), edit)).done == 1
        assert (await pick(rabbit, Wanted(queue="archive.returns"), Redrive())).done == 2

        def take(channel: BlockingChannel) -> list[tuple[str, str, bytes]]:
            got = [channel.basic_get("archive.returns", auto_ack=True) for _ in batch]
            return [(one.headers["envelope-id"], one.headers["routing-key"], body) for _, one, body in got]

        key = "masterpro.returns.whatsapp"
        assert sorted(await other_client(rabbit.url, take)) == sorted(
            [(batch[0].envelope_id, key, b'{"edited":1}'), (batch[1].envelope_id, key, batch[1].body)]
        )
        assert (await ready(rabbit.queues))["masterpro.returns"] == 2
        assert await states(database) == ["unrouted"] * 2

    async def test_who_was_erased_is_not_driven_again(self, rabbit: Rabbit, database: Database) -> None:
        await rabbit.bury([letter_publication(number) for number in range(3)])
        await database.write(lambda connection: erased.add(connection, "message", envelopes(1), 5))
        picked = await pick(rabbit, ALL, Redrive())
        assert (picked.done, picked.erased) == (2, 1)
        assert await rabbit.lying("masterpro.returns") == envelopes(0, 2)
        assert await dead(rabbit) == []

    async def test_what_somebody_else_put_there(self, rabbit: Rabbit) -> None:
        def put(channel: BlockingChannel) -> None:
            channel.basic_publish("", DEAD, b"no headers")
            odd = {"x-death": "y", "died-at": "z", "redriven": None, "envelope-id": None}
            channel.basic_publish("", UNROUTED, b"\xff", pika.BasicProperties(headers=odd))

        await other_client(rabbit.url, put)
        assert await eventually(rabbit.queues, DEAD, 1)
        assert await eventually(rabbit.queues, UNROUTED, 1)
        found = await look(rabbit)
        assert [(one.where, one.queue, one.category, one.envelope_id) for one in found] == [
            ("dead", "", None, ""),
            ("unrouted", "", None, ""),
        ]
        picked = await pick(rabbit, ALL, Redrive())
        assert (picked.done, dict(picked.kept)) == (0, {"it does not say which queue it came from": 2})
        assert (await pick(rabbit, ALL, Redrive("masterpro.general"))).done == 2
        assert await dead(rabbit) == []

    async def test_a_queue_that_is_gone_keeps_its_letters(self, rabbit: Rabbit) -> None:
        await rabbit.bury([letter_publication(number) for number in range(3)])
        await other_client(rabbit.url, lambda channel: channel.queue_delete("masterpro.returns"))
        picked = await pick(rabbit, ALL, Redrive())
        assert (picked.done, dict(picked.kept)) == (0, {"no queue takes them": 3})
        assert await dead(rabbit) == envelopes(0, 1, 2)

    async def test_interrupted_between_confirm_and_acknowledgement_nothing_is_lost(
        self, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(letters_rabbit, "_TOGETHER", 3)
        await rabbit.bury([letter_publication(number) for number in range(9)])
        picked = Picked()
        real = rabbit.letters._tell_the_books

        async def dies(done: Any) -> None:
            await real(done)
            if picked.looked > 3:
                raise ConnectionError("gone")

        monkeypatch.setattr(rabbit.letters, "_tell_the_books", dies)
        with pytest.raises(QueuesUnavailable):
            await rabbit.letters.pick(ALL, Redrive(), 100, picked)
        assert picked.done == 3
        monkeypatch.undo()
        assert await eventually(rabbit.queues, DEAD, 6)
        assert await rabbit.lying("masterpro.returns") == envelopes(*range(6))
        assert (await pick(rabbit, ALL, Redrive())).done == 6
        assert set(await rabbit.lying("masterpro.returns")) == set(envelopes(*range(9)))

    async def test_no_queue_of_dead_letters(self, rabbit: Rabbit) -> None:
        await other_client(rabbit.url, lambda channel: channel.queue_delete(DEAD))
        with pytest.raises(UnknownQueue, match=r"'regia\.dead'; `regia topology apply` declares it"):
            await look(rabbit)

    async def test_two_looks_at_once_see_everything(self, rabbit: Rabbit, database: Database) -> None:
        await rabbit.bury([letter_publication(number) for number in range(300)])
        other = RabbitLetters(rabbit.url, database)
        found = await asyncio.gather(*(one.look(ALL, 5) for one in (rabbit.letters, other, rabbit.letters)))
        await other.close()
        assert [(one.looked, one.lying, one.fitting) for one in found] == [(300, 300, 300)] * 3

    async def test_who_waits_too_long_for_another_look_is_told(self, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(letters_rabbit, "_WAIT", 0.05)
        async with letters_rabbit.one_at_a_time():
            with pytest.raises(QueuesUnavailable, match="somebody else looks through the dead letters: try again"):
                await look(rabbit)
        assert await look(rabbit) == ()

    async def test_what_was_looked_at_is_not_in_memory_any_more(self, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep, "HELD", 20)
        monkeypatch.setattr(letters_rabbit, "_TOGETHER", 20)
        await rabbit.bury([letter_publication(number) for number in range(300)])
        there: list[int] = []

        def told(_: Picked) -> None:
            there.append(sum(isinstance(one, IncomingMessage) for one in gc.get_objects()))

        await rabbit.letters.pick(Wanted(category="none"), Redrive(), 1000, Picked(), told)
        assert len(there) == 15
        assert max(there) < 100

    async def test_nobody_there(self, database: Database) -> None:
        letters = RabbitLetters(f"amqp://127.0.0.1:{free_port()}", database, connect_timeout=0.3)
        with pytest.raises(QueuesUnavailable):
            await letters.look(ALL, 5)
        await letters.close()

    @pytest.mark.parametrize("held", [40, 250])
    async def test_many_keep_their_order_whatever_is_taken_out(
        self, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch, held: int
    ) -> None:
        """In a hash of RabbitMQ's more than 32 lie in any order."""
        monkeypatch.setattr(sweep, "HELD", held)
        await rabbit.bury([letter_publication(number, category=f"c{number % 4}") for number in range(400)])
        for _ in range(3):
            assert await dead(rabbit, limit=500) == envelopes(*range(400))
        assert len(await look(rabbit, limit=3, most=3)) == 3
        assert (await pick(rabbit, Wanted(category="c1"), Redrive())).done == 100
        assert (await pick(rabbit, Wanted(category="c2"), Discard(), limit=50)).done == 50
        left = [n for n in range(400) if n % 4 != 1 and not (n % 4 == 2 and n < 200)]
        assert await dead(rabbit, limit=500) == envelopes(*left)
        assert await rabbit.lying("masterpro.returns") == envelopes(*range(1, 400, 4))
