"""Replay: the same ids and bytes, in order, to RabbitMQ and to embedded queues, from both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import Connection, delete, update

from dispatcher import replay as module
from dispatcher.base import QueuesUnavailable, UnknownQueue
from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.replay import Replay, Replayer, ReplayStopped, count, pages
from dispatcher.straight import Copy, Landed, LocalStraight, RabbitStraight, Straight
from storage import erased, operations, replays
from storage.database import Database
from storage.operations import Begun
from storage.outbox import PENDING, UNROUTED
from storage.replays import Chosen
from storage.schema import local_messages, messages
from tests.dispatcher.contract import TOPOLOGY, ids, publication, publications
from tests.dispatcher.stored import T0, states, store
from tests.dispatcher.test_rabbitmq import other_client
from tests.servers.process import free_port
from tests.servers.rabbitmq import RabbitMQServer

TYPE = "regia.message.received.v1"
ALL = Chosen(since_ms=0)


async def replay_of(database: Database, chosen: Chosen = ALL, **other: Any) -> Replay:
    def begin(connection: Connection) -> int:
        operations.begin(connection, Begun(id="op_1", action="replay", actor="user/anna", selection={}, begun_ms=5))
        return replays.last_position(connection)

    upto = await database.write(begin)
    return Replay(id="op_1", chosen=chosen, envelope_type=TYPE, upto=upto, **other)


async def listed(database: Database, chosen: Chosen, **other: Any) -> list[tuple[str, str]]:
    """Envelope and queue of everything that is meant."""
    upto = await database.read(replays.last_position)
    replay = Replay(id="op_1", chosen=chosen, envelope_type=TYPE, upto=upto, **other)
    found = [sent async for page in pages(database, replay, 3) for sent in page]
    assert sum((await count(database, replay)).values()) == len(found)
    return [(sent.message_id, replay.queue(sent)) for sent in found]


def envelopes(*numbers: int) -> list[str]:
    return [publication(number).envelope_id for number in numbers]


class TestWhatIsChosen:
    """On both databases."""

    async def test_by_when_it_was_published(self, database: Database) -> None:
        await store(database, range(10))
        found = await listed(database, Chosen(since_ms=T0 + 3000, until_ms=T0 + 6000))
        assert found == [(id_, "masterpro.returns") for id_ in envelopes(3, 4, 5)]

    async def test_everything_that_is_given_must_hold(self, database: Database) -> None:
        await store(database, range(4))
        await store(database, range(4, 6), to=("warranty", "recovery"), category="warranty")
        await store(database, range(6, 8), brand="casa-bella", channel="email")
        assert [id_ for id_, _ in await listed(database, Chosen(categories=("warranty",)))] == envelopes(4, 4, 5, 5)
        assert [id_ for id_, _ in await listed(database, Chosen(target="recovery", brand="masterpro"))] == envelopes(4, 5)
        assert await listed(database, Chosen(channel="email", categories=("returns", "warranty"))) == [
            (id_, "casa-bella.returns") for id_ in envelopes(6, 7)
        ]
        assert await listed(database, Chosen(brand="casa-bella", channel="whatsapp")) == []
        assert [
            id_ for id_, _ in await listed(database, Chosen(envelopes=tuple(envelopes(5, 1)), target="returns"))
        ] == envelopes(1)

    async def test_once_each_for_one_queue(self, database: Database) -> None:
        await store(database, range(2), to=("returns", "recovery", "general"))
        everything = await listed(database, Chosen(), to="masterpro.vip")
        assert len(everything) == 6
        once = await listed(database, Chosen(once=True), to="masterpro.vip")
        assert once == [(id_, "masterpro.vip") for id_ in envelopes(0, 1)]

    async def test_once_each_is_the_first_that_fits(self, database: Database) -> None:
        await store(database, range(2), to=("returns", "recovery"))
        assert len(await listed(database, Chosen(once=True, target="recovery"))) == 2

    async def test_what_is_still_to_be_published_is_left_to_the_relay(self, database: Database) -> None:
        await store(database, [0], state=PENDING)
        await store(database, [1], state=UNROUTED)
        assert [id_ for id_, _ in await listed(database, Chosen(envelopes=tuple(envelopes(0, 1))))] == envelopes(1)
        assert await database.read(lambda one: replays.waiting(one, envelopes(0, 1))) == set(envelopes(0))

    async def test_in_small_steps_nothing_is_left_out(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replays, "STEP", 7)
        await store(database, range(40))
        assert [id_ for id_, _ in await listed(database, ALL)] == envelopes(*range(40))
        upto = await database.read(replays.last_position)
        assert [id_ for id_, _ in await listed(database, ALL, after=upto - 3)] == envelopes(37, 38, 39)


class Rabbit:
    """Queues in RabbitMQ, read by another client."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.straight: Straight = RabbitStraight(url, confirm_timeout=20)

    async def lying(self, queue: str) -> list[tuple[str, bytes]]:
        def take(channel: BlockingChannel) -> list[tuple[str, bytes]]:
            found = []
            while (got := channel.basic_get(queue))[0] is not None:
                found.append((got[1].headers["envelope-id"], got[2]))
            return found

        return await other_client(self.url, take)


class Local:
    """Embedded queues."""

    def __init__(self, database: Database, queues: LocalQueues) -> None:
        self.queues = queues
        self.straight: Straight = LocalStraight(queues, database)

    async def lying(self, queue: str) -> list[tuple[str, bytes]]:
        return [(one.envelope_id, one.body) for one in await self.queues.peek(queue, 10_000)]


@pytest.fixture(params=["rabbitmq", "local"])
async def place(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Rabbit | Local]:
    if request.param == "local":
        local = LocalQueues(database)
        await local.open(TOPOLOGY)
        yield Local(database, local)
        return
    url: str = request.getfixturevalue("amqp_url")
    queues = RabbitQueues(url)
    await queues.open(TOPOLOGY)
    rabbit = Rabbit(url)
    yield rabbit
    await rabbit.straight.close()
    await queues.close()


class TestBothKindsOfQueues:
    async def test_ids_and_bytes_are_the_stored_ones_in_order(self, database: Database, place: Rabbit | Local) -> None:
        await store(database, range(600), senders=40)
        replay = await replay_of(database)
        done = await Replayer(database, place.straight, replay).run()
        assert (done.done, done.by_queue, done.place) == (600, {"masterpro.returns": 600}, replay.upto)
        found = await place.lying("masterpro.returns")
        assert dict(found) == {one.envelope_id: one.body for one in publications(600)}
        for sender in range(40):
            mine = envelopes(*range(sender, 600, 40))
            assert [id_ for id_, _ in found if id_ in set(mine)] == mine

    async def test_to_another_queue(self, database: Database, place: Rabbit | Local) -> None:
        await store(database, range(3), to=("returns", "general"))
        replay = await replay_of(database, Chosen(since_ms=0, once=True), to="casa-bella.b2b_partners")
        await Replayer(database, place.straight, replay).run()
        assert [id_ for id_, _ in await place.lying("casa-bella.b2b_partners")] == envelopes(0, 1, 2)
        assert await place.lying("masterpro.returns") == []

    async def test_a_queue_that_does_not_exist_is_said_before(self, place: Rabbit | Local) -> None:
        await place.straight.check(["masterpro.returns", "casa-bella.b2b_partners"])
        with pytest.raises(UnknownQueue, match=r"masterpro\.nothing"):
            await place.straight.check(["masterpro.returns", "masterpro.nothing"])
        await place.straight.check(["masterpro.returns"])

    async def test_what_no_queue_had_taken_is_published_then(self, database: Database, place: Rabbit | Local) -> None:
        await store(database, range(3), state=UNROUTED)
        await Replayer(database, place.straight, await replay_of(database)).run()
        assert await states(database) == ["published"] * 3

    async def test_elsewhere_it_is_still_what_its_own_queue_has_not(self, database: Database, place: Rabbit | Local) -> None:
        await store(database, range(3), state=UNROUTED)
        replay = await replay_of(database, to="masterpro.general")
        await Replayer(database, place.straight, replay).run()
        assert await states(database) == ["unrouted"] * 3

    async def test_what_is_erased_meanwhile_goes_nowhere(
        self, database: Database, place: Rabbit | Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_TOGETHER", 2)
        await store(database, range(6))

        def erase(connection: Connection) -> None:
            connection.execute(delete(messages).where(messages.c.id.in_(envelopes(4, 5))))

        async def go() -> None:
            await database.write(erase)

        erasing: list[asyncio.Task[None]] = []
        replayer = Replayer(database, place.straight, await replay_of(database))
        replayer._told = lambda _: erasing.append(asyncio.create_task(go()))
        done = await replayer.run()
        await asyncio.gather(*erasing)
        assert (done.done, done.erased) == (4, 2)
        assert [id_ for id_, _ in await place.lying("masterpro.returns")] == envelopes(0, 1, 2, 3)

    async def test_how_far_it_came_is_written_down(
        self, database: Database, place: Rabbit | Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_TOGETHER", 10)
        await store(database, range(25))
        steps: list[int] = []

        def told(progress: module.Progress) -> None:
            steps.append(progress.done)
            if progress.done == 20:
                raise KeyboardInterrupt

        replayer = Replayer(database, place.straight, await replay_of(database), told)
        with pytest.raises(KeyboardInterrupt):
            await replayer.run()
        assert steps == [10, 20]
        (row,) = await database.read(lambda one: operations.listed(one, limit=5))
        assert (row.state, row.done, row.detail["place"]) == ("running", 20, replayer.progress.place)

        rest = Replay(id="op_1", chosen=ALL, envelope_type=TYPE, after=row.detail["place"], upto=replayer.progress.place + 99)
        assert (await Replayer(database, place.straight, rest).run()).done == 5
        assert [id_ for id_, _ in await place.lying("masterpro.returns")] == envelopes(*range(25))

    async def test_slowly(self, database: Database, place: Rabbit | Local) -> None:
        await store(database, range(5))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await Replayer(database, place.straight, await replay_of(database, rate=2)).run()
        assert loop.time() - begun > 1.9
        assert len(await place.lying("masterpro.returns")) == 5

    async def test_many_bytes_are_read_in_parts(
        self, database: Database, place: Rabbit | Local, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_BYTES", 150)
        await store(database, range(9))
        sizes: list[int] = []
        replayer = Replayer(database, place.straight, await replay_of(database), lambda one: sizes.append(one.done))
        await replayer.run()
        assert len(sizes) >= 4
        assert [id_ for id_, _ in await place.lying("masterpro.returns")] == envelopes(*range(9))


class TestEmbeddedQueues:
    async def test_what_lies_there_is_not_doubled(self, database: Database) -> None:
        queues = LocalQueues(database)
        await queues.open(TOPOLOGY)
        await queues.publish([publication(1)])
        await store(database, range(3))
        done = await Replayer(database, LocalStraight(queues, database), await replay_of(database)).run()
        assert (done.done, done.there) == (2, 1)
        assert [one.envelope_id for one in await queues.peek("masterpro.returns", 9)] == envelopes(1, 0, 2)

    async def test_erased_between_reading_and_putting(self, database: Database) -> None:
        queues = LocalQueues(database)
        await queues.open(TOPOLOGY)
        await database.write(lambda connection: erased.add(connection, "message", envelopes(0), 5))
        copies = [Copy("masterpro.returns", publication(number), ":replay-1") for number in (0, 1)]
        assert await LocalStraight(queues, database).put(copies) == [Landed.ERASED, Landed.ADDED]

    async def test_a_queue_of_rules_that_do_not_decide_any_more(self, database: Database) -> None:
        queues = LocalQueues(database)
        await queues.open(TOPOLOGY)
        await queues.publish([publication(1)])
        await database.write(lambda one: one.execute(update(local_messages).values(queue="masterpro.before")))
        await LocalStraight(queues, database).check(["masterpro.before"])


class Stubborn:
    """A place to publish to that refuses what it is told to, so many times each."""

    whole = False

    def __init__(self, refuse: Callable[[str, int], Landed | None]) -> None:
        self.refuse = refuse
        self.lies: list[str] = []
        self.message_ids: list[str] = []
        self.rounds: list[list[str]] = []

    async def check(self, queues: Any) -> None: ...

    async def put(self, copies: Sequence[Copy]) -> list[Landed]:
        self.rounds.append([copy.publication.envelope_id for copy in copies])
        self.message_ids += [copy.publication.message_id + copy.suffix for copy in copies]
        became = [self.refuse(copy.publication.envelope_id, len(self.rounds)) or Landed.ADDED for copy in copies]
        self.lies += [copy.publication.envelope_id for copy, one in zip(copies, became, strict=True) if one is Landed.ADDED]
        return became

    async def close(self) -> None: ...


class TestAnUnwillingBroker:
    async def test_a_refused_one_holds_back_its_sender_and_nobody_else(self, database: Database) -> None:
        """The broker may refuse the first of two, and take the second."""
        await store(database, range(12), senders=3)
        refused = set(envelopes(0, 4))
        broker = Stubborn(lambda id_, round_: Landed.UNKNOWN if id_ in refused and round_ < 4 else None)
        done = await Replayer(database, broker, await replay_of(database)).run()
        assert done.done == 12
        for sender in range(3):
            mine = envelopes(*range(sender, 12, 3))
            assert [id_ for id_ in broker.lies if id_ in set(mine)] == mine
        assert len(set(broker.message_ids)) == len(broker.message_ids), "client libraries tell returned messages by it"

    async def test_it_stops_when_nothing_is_confirmed(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PATIENCE", 0.1)
        await store(database, range(5), senders=1)
        third = publication(2).envelope_id
        broker = Stubborn(lambda id_, _: Landed.UNKNOWN if id_ == third else None)
        replayer = Replayer(database, broker, await replay_of(database))
        with pytest.raises(ReplayStopped):
            await replayer.run()
        assert (broker.lies, replayer.progress.done) == (envelopes(0, 1), 2)
        rest = Replay(
            id="op_1", chosen=ALL, envelope_type=TYPE, after=replayer.progress.place, upto=replayer.progress.place + 99
        )
        willing = Stubborn(lambda *_: None)
        await Replayer(database, willing, rest).run()
        assert willing.lies == envelopes(2, 3, 4)

    async def test_what_is_erased_between_two_tries_goes_nowhere(self, database: Database) -> None:
        """Of one sender the next is sent only when the one before is confirmed: until then it may be erased, or rewritten."""
        await store(database, range(5), senders=1)
        put: list[dict[str, bytes]] = []

        def change(connection: Connection) -> None:
            connection.execute(delete(messages).where(messages.c.id.in_(envelopes(1, 3))))
            connection.execute(update(messages).where(messages.c.id.in_(envelopes(4))).values(envelope=b"{}"))

        class Slow(Stubborn):
            async def put(self, copies: Sequence[Copy]) -> list[Landed]:
                put.append({copy.publication.envelope_id: copy.publication.body for copy in copies})
                landed = await super().put(copies)
                if len(self.rounds) == 2:  # the second was refused once, and is erased before it is tried again
                    await database.write(change)
                return landed

        second = publication(1).envelope_id
        broker = Slow(lambda id_, round_: Landed.UNKNOWN if id_ == second else None)
        replay = await replay_of(database)
        done = await Replayer(database, broker, replay).run()
        assert (broker.lies, done.done, done.erased, done.place) == (envelopes(0, 2, 4), 3, 2, replay.upto)
        assert [list(one) for one in put] == [envelopes(n) for n in (0, 1, 2, 4)]
        assert list(put[-1].values()) == [b"{}"]

    async def test_a_queue_that_is_deleted_meanwhile(self, database: Database) -> None:
        await store(database, range(5))
        broker = Stubborn(lambda *_: Landed.NOWHERE)
        with pytest.raises(UnknownQueue, match=r"masterpro\.returns"):
            await Replayer(database, broker, await replay_of(database)).run()


class TestRabbitMQ:
    async def test_straight_into_one_queue_whatever_is_bound(self, database: Database, amqp_url: str) -> None:
        queues = RabbitQueues(amqp_url)
        await queues.open(TOPOLOGY)

        def bind(channel: BlockingChannel) -> None:
            channel.queue_declare("audit")
            channel.queue_bind("audit", "regia.inbound", "masterpro.#")

        await other_client(amqp_url, bind)
        await store(database, [1])
        straight = RabbitStraight(amqp_url)
        await Replayer(database, straight, await replay_of(database)).run()
        await straight.close()
        await queues.close()
        assert await other_client(amqp_url, lambda channel: channel.basic_get("audit")) == (None, None, None)
        frame, properties, body = await other_client(amqp_url, lambda channel: channel.basic_get("masterpro.returns"))
        one = publication(1)
        assert (frame.exchange, body) == ("", one.body)
        assert properties.message_id == f"{one.envelope_id}:returns:1:replay-op_1-1"
        assert properties.headers["envelope-id"] == one.envelope_id
        assert (properties.type, properties.delivery_mode) == (TYPE, 2)

    async def test_the_urgent_first_in_a_queue_with_priorities(self, amqp_url: str) -> None:
        def declare(channel: BlockingChannel) -> None:
            channel.queue_declare("masterpro.vip", arguments={"x-max-priority": 5})
            channel.queue_declare("masterpro.returns")

        await other_client(amqp_url, declare)
        highest = {"masterpro.vip": 5}.get
        straight = RabbitStraight(amqp_url, highest=highest, priority_of=lambda body: int(body.decode()[-1]))
        copies = [Copy("masterpro.vip", publication(n, body=f"b{n}".encode()), ":replay-0") for n in (0, 9, 3)]
        copies.append(Copy("masterpro.returns", publication(8, body=b"no number"), ":replay-0"))
        assert await straight.put(copies) == [Landed.ADDED] * 4
        await straight.close()

        def take(channel: BlockingChannel) -> list[tuple[bytes, int]]:
            found = [channel.basic_get(queue) for queue in ["masterpro.vip"] * 3 + ["masterpro.returns"]]
            return [(body, properties.priority) for _, properties, body in found]

        assert await other_client(amqp_url, take) == [(b"b9", 5), (b"b3", 3), (b"b0", 0), (b"no number", 0)]

    async def test_what_lay_in_a_deleted_queue_is_there_again(self, database: Database, amqp_url: str) -> None:
        queues = RabbitQueues(amqp_url)
        await queues.open(TOPOLOGY)
        await store(database, range(50))
        await queues.publish(publications(50))
        await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
        rabbit = Rabbit(amqp_url)
        with pytest.raises(UnknownQueue):
            await rabbit.straight.check(["masterpro.returns"])
        assert await rabbit.straight.put([Copy("masterpro.returns", publication(0), ":replay-0")]) == [Landed.NOWHERE]
        await queues.open(TOPOLOGY)
        await Replayer(database, rabbit.straight, await replay_of(database)).run()
        assert [id_ for id_, _ in await rabbit.lying("masterpro.returns")] == ids(publications(50))
        await rabbit.straight.close()
        await queues.close()

    async def test_another_name_on_the_broker(self, amqp_url: str) -> None:
        await other_client(amqp_url, lambda channel: channel.queue_declare("tickets.in"))
        straight = RabbitStraight(amqp_url, real=lambda name: {"masterpro.returns": "tickets.in"}.get(name, name))
        await straight.check(["masterpro.returns"])
        assert await straight.put([Copy("masterpro.returns", publication(0), ":replay-0")]) == [Landed.ADDED]
        await straight.close()

    async def test_a_broker_that_is_killed_meanwhile(self, database: Database, rabbitmq: RabbitMQServer, amqp_url: str) -> None:
        queues = RabbitQueues(amqp_url)
        await queues.open(TOPOLOGY)
        await queues.close()
        await store(database, range(900), senders=30)
        rabbit = Rabbit(amqp_url)
        killed: list[asyncio.Task[None]] = []

        async def kill() -> None:
            await asyncio.to_thread(rabbitmq.kill)
            await asyncio.to_thread(rabbitmq.restart)

        def told(progress: module.Progress) -> None:
            if progress.done >= 256 and not killed:
                killed.append(asyncio.create_task(kill()))

        done = await Replayer(database, rabbit.straight, await replay_of(database), told).run()
        await asyncio.gather(*killed)
        assert done.done == 900
        found = [id_ for id_, _ in await rabbit.lying("masterpro.returns")]
        assert set(found) == set(envelopes(*range(900)))
        for sender in range(30):
            mine = envelopes(*range(sender, 900, 30))
            assert list(dict.fromkeys(id_ for id_ in found if id_ in set(mine))) == mine
        await rabbit.straight.close()

    async def test_nobody_there(self) -> None:
        straight = RabbitStraight(f"amqp://127.0.0.1:{free_port()}", connect_timeout=0.3)
        with pytest.raises(QueuesUnavailable):
            await straight.check(["masterpro.returns"])
        assert await straight.put([Copy("masterpro.returns", publication(0), ":replay-0")]) == [Landed.UNKNOWN]
        await straight.close()
