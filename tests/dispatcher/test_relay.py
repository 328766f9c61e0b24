"""The relay: every committed envelope reaches its queue, in the order of its sender, whatever the broker answers."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from dispatcher import marks
from dispatcher import relay as module
from dispatcher.base import Landed, Outcome, Publication, QueuesUnavailable, nobody_hears
from dispatcher.relay import Relay
from storage import outbox
from storage.database import Database, DatabaseUnavailable
from storage.outbox import PENDING, OutboxRow
from storage.schema import messages, targets

TYPE = "regia.message.received.v1"
RECEIVED_MS = 1_763_748_131_532


class FakeQueues:
    """Remembers every publish; `answer` says what becomes of each, or raises."""

    def __init__(self, answer: Callable[[Publication], Outcome] = lambda one: Outcome.CONFIRMED) -> None:
        self.answer = answer
        self.seen: list[Publication] = []
        self.queues: dict[tuple[str, str], list[str]] = defaultdict(list)

    async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
        self.seen += batch
        await asyncio.sleep(0)
        return [self._one(each) for each in batch]

    def _one(self, publication: Publication) -> Outcome:
        outcome = self.answer(publication)
        if outcome is Outcome.CONFIRMED:
            self.queues[(publication.queue, publication.envelope_id)].append(publication.message_id)
        return outcome

    def order(self, queue: str) -> list[str]:
        """Envelope ids in the order in which the queue first got them."""
        return [envelope_id for name, envelope_id in self.queues if name == queue]

    async def open(self, topology: object) -> None: ...
    async def states(self) -> list[Any]:
        return []

    async def peek(self, queue: str, limit: int) -> list[Any]:
        return []

    async def close(self) -> None: ...


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BACKOFF", (0.001, 0.002))
    monkeypatch.setattr(module, "_AGAIN", 0.01)
    monkeypatch.setattr(marks, "AGAIN", 0.01)


@pytest.fixture
async def relays() -> AsyncIterator[list[Relay]]:
    started: list[Relay] = []
    yield started
    for one in started:
        await one.stop()


def made(queues: FakeQueues, database: Database, relays: list[Relay], *, node: str = "n1") -> Relay:
    relay = Relay(queues, database, node=node, envelope_type=TYPE, published=lambda row, outcome: None)
    relays.append(relay)
    return relay


async def commit(database: Database, *names: tuple[str, str, str], node: str = "n1") -> list[OutboxRow]:
    """(envelope, sender, target) as the pipeline commits them: rows for the relay."""

    def work(connection: Any) -> list[OutboxRow]:
        connection.execute(insert(messages), [_message(name) for name in dict.fromkeys(name for name, _, _ in names)])
        rows = [
            {"message_id": name, "target": target, "order_key": key, "state": PENDING, "node": node}
            for name, key, target in names
        ]
        positions = outbox.add(connection, rows)
        return [
            OutboxRow(positions[(name, target)], name, target, key, 0, "demo", "whatsapp", "con_1", RECEIVED_MS, body(name))
            for name, key, target in names
        ]

    return await database.write(work)


def body(name: str) -> bytes:
    return f'{{"id":"{name}","text":"Città \\u0000"}}'.encode()


def _message(name: str) -> dict[str, Any]:
    texts = {column.name: "x" for column in messages.columns if column.type.python_type is str}
    own = {"id": name, "brand": "demo", "channel": "whatsapp", "conversation_id": "con_1", "discarded_by": None}
    return {
        **texts,
        **own,
        "sequence": 1,
        "received_ms": RECEIVED_MS,
        "envelope": body(name),
        "explanation": b"",
        "raw": b"",
    }


async def states(database: Database) -> dict[tuple[str, str], tuple[str, int]]:
    columns = (targets.c.message_id, targets.c.target, targets.c.state, targets.c.attempts)
    rows = await database.read(lambda connection: connection.execute(select(*columns)).all())
    return {(name, target): (state, attempts) for name, target, state, attempts in rows}


async def idle(relay: Relay, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not relay.idle:
            await asyncio.sleep(0.005)


async def test_what_is_offered_is_published_as_stored(database: Database, relays: list[Relay]) -> None:
    queues = FakeQueues()
    relay = made(queues, database, relays)
    relay.start()
    relay.offer(await commit(database, ("m1", "anna", "returns"), ("m1", "anna", "partners")))
    await idle(relay)
    assert sorted(one.target for one in queues.seen) == ["partners", "returns"]
    one = queues.seen[0]
    assert (one.envelope_id, one.brand, one.channel, one.body) == ("m1", "demo", "whatsapp", body("m1"))
    assert (one.type, one.correlation_id, one.attempt) == (TYPE, "con_1", 1)
    assert one.timestamp == datetime.fromtimestamp(RECEIVED_MS / 1000, UTC)
    assert await states(database) == {("m1", "returns"): ("published", 1), ("m1", "partners"): ("published", 1)}


@pytest.mark.parametrize("seed", range(4))
async def test_order_of_a_sender_under_random_answers(database: Database, relays: list[Relay], seed: int) -> None:
    """UNKNOWN may also mean that the broker has it: repeats are allowed, holes and overtaking are not."""
    chance = random.Random(seed)  # noqa: S311
    queues = FakeQueues()

    def answer(publication: Publication) -> Outcome:
        if chance.random() < 0.4:
            if chance.random() < 0.5:
                queues.queues[(publication.queue, publication.envelope_id)].append(publication.message_id)
            return Outcome.UNKNOWN
        return Outcome.CONFIRMED

    queues.answer = answer
    relay = made(queues, database, relays)
    relay.start()
    sent: list[tuple[str, str, str]] = []
    for number in range(120):
        name, key = f"m{number:03}", chance.choice("abcde")
        rows = [(name, key, target) for target in chance.sample(["returns", "partners", "general"], chance.randint(1, 3))]
        sent += rows
        relay.offer(await commit(database, *rows))
    await idle(relay)
    for target in ("returns", "partners", "general"):
        order = queues.order(f"demo.{target}")
        assert sorted(order) == sorted(name for name, _, where in sent if where == target)
        for key in "abcde":
            own = [name for name, sender, where in sent if (sender, where) == (key, target)]
            assert [name for name in order if name in own] == own
    attempts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in queues.seen:
        assert one.body == body(one.envelope_id)
        attempts[(one.envelope_id, one.target)].append(one.attempt)
    assert all(tries == list(range(1, len(tries) + 1)) for tries in attempts.values())
    assert await states(database) == {at: ("published", len(tries)) for at, tries in attempts.items()}
    assert len({one.message_id for one in queues.seen}) == len(queues.seen)


async def test_a_sender_that_fails_holds_up_only_itself_and_that_queue(database: Database, relays: list[Relay]) -> None:
    full = True

    def answer(one: Publication) -> Outcome:
        return Outcome.UNKNOWN if full and one.queue == "demo.returns" and one.envelope_id == "m1" else Outcome.CONFIRMED

    queues = FakeQueues(answer)
    relay = made(queues, database, relays)
    relay.start()
    names = [("m1", "anna", "returns"), ("m1", "anna", "partners"), ("m2", "anna", "returns"), ("m3", "eva", "returns")]
    relay.offer(await commit(database, *names))
    async with asyncio.timeout(10):
        while len(queues.queues) < 2 or len(queues.seen) < 6:
            await asyncio.sleep(0.005)
    assert set(queues.queues) == {("demo.partners", "m1"), ("demo.returns", "m3")}
    full = False
    await idle(relay)
    assert queues.order("demo.returns") == ["m3", "m1", "m2"]


async def test_after_a_restart_it_publishes_from_the_table(database: Database, relays: list[Relay]) -> None:
    names = [(f"m{number}", f"s{number % 3}", "returns") for number in range(1_300)]
    for start in range(0, 1_300, 260):
        await commit(database, *names[start : start + 260])
    queues = FakeQueues()
    relay = made(queues, database, relays)
    assert not relay.idle
    relay.start()
    await idle(relay)
    for key in ("s0", "s1", "s2"):
        own = [name for name, sender, _ in names if sender == key]
        assert [name for name in queues.order("demo.returns") if name in set(own)] == own
    assert {one.body for one in queues.seen} == {body(name) for name, _, _ in names}
    assert len(queues.seen) == 1_300


async def test_an_attempt_after_a_restart_has_another_message_id(database: Database, relays: list[Relay]) -> None:
    """Its number begins anew, since only confirms are stored."""
    await commit(database, ("m1", "anna", "returns"))
    queues = FakeQueues()
    queues.answer = lambda publication: Outcome.UNKNOWN
    for times in (1, 2):
        relay = made(queues, database, relays)
        relay.start()
        async with asyncio.timeout(10):
            while len(queues.seen) < times:
                await asyncio.sleep(0.005)
        await relay.stop()
        del queues.seen[times:]
    first, second = queues.seen
    assert (first.attempt, second.attempt) == (1, 1)
    assert first.message_id != second.message_id
    for one in queues.seen:
        assert one.message_id.startswith("m1:returns:1:")


async def test_only_its_own_nodes_rows(database: Database, relays: list[Relay]) -> None:
    await commit(database, ("m1", "anna", "returns"), node="n1")
    await commit(database, ("m2", "anna", "returns"), node="n2")
    queues = FakeQueues()
    relay = made(queues, database, relays, node="n2")
    relay.start()
    await idle(relay)
    assert queues.order("demo.returns") == ["m2"]
    assert (await states(database))[("m1", "returns")] == ("pending", 0)


async def test_what_was_confirmed_and_not_marked_is_published_again(database: Database, relays: list[Relay]) -> None:
    """The process died between the confirm and the mark: the same envelope, the same bytes."""
    queues = FakeQueues()
    first = made(queues, database, relays)
    away = asyncio.Event()

    async def hang(confirmed: object) -> None:
        away.set()
        await asyncio.Event().wait()

    first._marks.record = hang  # type: ignore[method-assign]
    first.start()
    first.offer(await commit(database, ("m1", "anna", "returns"), ("m2", "anna", "returns")))
    await asyncio.wait_for(away.wait(), 10)
    await first.stop()
    assert [one.envelope_id for one in queues.seen] == ["m1"]
    second = made(queues, database, relays)
    second.start()
    await idle(second)
    assert [(one.envelope_id, one.body) for one in queues.seen] == [
        ("m1", body("m1")),
        ("m1", body("m1")),
        ("m2", body("m2")),
    ]
    assert set((await states(database)).values()) == {("published", 1)}


async def test_rows_of_a_commit_nobody_heard_of(database: Database, relays: list[Relay]) -> None:
    """The connection ended during COMMIT, and it was done: the rows are found without a restart, and once."""
    queues = FakeQueues()
    relay = made(queues, database, relays)
    relay.start()
    relay.offer(await commit(database, ("m1", "anna", "returns")))
    await idle(relay)
    await commit(database, ("m2", "eva", "returns"), ("m3", "eva", "returns"))
    relay.offer(await commit(database, ("m4", "anna", "returns")))
    await idle(relay)
    assert queues.order("demo.returns") == ["m1", "m4"]
    relay.reread()
    relay.offer(await commit(database, ("m5", "eva", "returns")))
    await idle(relay)
    assert queues.order("demo.returns") == ["m1", "m4", "m2", "m3", "m5"]
    assert len(queues.seen) == 5


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), LookupError("a defect")], ids=["away", "defect"])
async def test_the_mark_is_tried_until_it_is_written(
    database: Database, relays: list[Relay], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    queues = FakeQueues()
    relay = made(queues, database, relays)
    real, failures = database.write, [error, error]

    async def write(work: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(work)

    rows = await commit(database, ("m1", "anna", "returns"), ("m2", "anna", "returns"))
    monkeypatch.setattr(database, "write", write)
    relay.start()
    relay.offer(rows)
    await idle(relay)
    assert [one.envelope_id for one in queues.seen] == ["m1", "m2"]
    assert set((await states(database)).values()) == {("published", 1)}


@pytest.mark.parametrize("error", [QueuesUnavailable("away"), LookupError("a defect")], ids=["unavailable", "defect"])
async def test_a_broker_that_raises_is_met_again(database: Database, relays: list[Relay], error: Exception) -> None:
    """Nothing a broker does may end the relay's work."""
    errors = [error] * 5

    def answer(one: Publication) -> Outcome:
        if errors:
            raise errors.pop()
        return Outcome.CONFIRMED

    queues = FakeQueues(answer)
    relay = made(queues, database, relays)
    relay.start()
    relay.offer(await commit(database, *((f"m{number}", f"s{number}", "returns") for number in range(4))))
    await idle(relay)
    assert sorted(queues.order("demo.returns")) == ["m0", "m1", "m2", "m3"]


async def test_an_unrouted_envelope_is_marked_as_such(database: Database, relays: list[Relay]) -> None:
    heard: list[tuple[str, Outcome]] = []
    queues = FakeQueues(lambda one: Outcome.UNROUTED)
    relay = Relay(
        queues, database, node="n1", envelope_type=TYPE, published=lambda row, outcome: heard.append((row.message_id, outcome))
    )
    relays.append(relay)
    relay.start()
    relay.offer(await commit(database, ("m1", "anna", "returns")))
    await idle(relay)
    assert await states(database) == {("m1", "returns"): ("unrouted", 1)}
    assert heard == [("m1", Outcome.UNROUTED)]


async def test_stopping_leaves_the_rest_in_the_table(database: Database, relays: list[Relay]) -> None:
    queues = FakeQueues(lambda one: Outcome.UNKNOWN)
    relay = made(queues, database, relays)
    relay.start()
    relay.offer(await commit(database, ("m1", "anna", "returns")))
    async with asyncio.timeout(10):
        while not queues.seen:
            await asyncio.sleep(0.005)
    await asyncio.wait_for(relay.stop(), 10)
    assert await states(database) == {("m1", "returns"): ("pending", 0)}


async def test_who_finishes_waits_for_what_is_on_its_way_and_begins_nothing(database: Database, relays: list[Relay]) -> None:
    await commit(database, ("m1", "anna", "returns"), ("m2", "anna", "returns"))
    queues = FakeQueues()
    publish, begun, answered = queues.publish, asyncio.Event(), asyncio.Event()

    async def publishing(batch: Sequence[Publication], *landed: Landed) -> list[Outcome]:
        begun.set()
        await answered.wait()
        return await publish(batch, *landed)

    queues.publish = publishing  # type: ignore[method-assign]  # it answers when it is told to
    relay = made(queues, database, relays)
    relay.start()
    await begun.wait()
    finishing = asyncio.create_task(relay.finish(10))
    await asyncio.sleep(0.05)
    assert not finishing.done()
    answered.set()
    await finishing
    assert await states(database) == {("m1", "returns"): ("published", 1), ("m2", "returns"): ("pending", 0)}
    assert [one.envelope_id for one in queues.seen] == ["m1"]


async def test_a_row_that_was_published_elsewhere_meanwhile(database: Database, relays: list[Relay]) -> None:
    """Another node took over and marked it: it is not read again."""
    await commit(database, ("m1", "anna", "returns"))
    await database.write(lambda connection: connection.execute(update(targets).values(state="published")))
    queues = FakeQueues()
    relay = made(queues, database, relays)
    relay.start()
    await idle(relay)
    assert queues.seen == []


async def test_when_a_queue_had_it_is_recorded_whatever_comes_later(
    database: Database, relays: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of its batch had to wait, and so had the database."""
    clock = iter(range(1, 100))
    monkeypatch.setattr(marks, "_now_ms", lambda: next(clock))
    away = 3

    class Landing(FakeQueues):
        async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
            for one in batch:
                landed(one)
            return await super().publish(batch, landed)

    write = database.write_beside

    async def beside(work: Any) -> Any:
        nonlocal away
        if away:
            away -= 1
            raise DatabaseUnavailable("away")
        return await write(work)

    monkeypatch.setattr(database, "write_beside", beside)
    await commit(database, ("m1", "anna", "returns"), ("m2", "eva", "returns"))
    relay = made(Landing(), database, relays)
    relay.start()
    await idle(relay)
    query = select(targets.c.message_id, targets.c.published_ms).order_by(targets.c.message_id)
    found = await database.read(lambda connection: [tuple(row) for row in connection.execute(query)])
    assert found == [("m1", 1), ("m2", 2)]


async def test_a_silent_queue_holds_up_only_itself(
    database: Database, relays: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.02)
    answers = asyncio.Event()

    class Silent(FakeQueues):
        async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
            assert len({one.queue for one in batch}) == 1
            if batch[0].queue == "demo.returns":
                self.asked = getattr(self, "asked", 0) + 1
                await answers.wait()
            return await super().publish(batch, landed)

    queues = Silent()
    relay = made(queues, database, relays)
    relay.start()
    for number in range(20):
        relay.offer(await commit(database, (f"r{number}", f"s{number}", "returns"), (f"p{number}", f"s{number}", "partners")))
    async with asyncio.timeout(10):
        while len(queues.order("demo.partners")) < 20:
            await asyncio.sleep(0.005)
    assert queues.order("demo.returns") == []
    assert queues.asked <= 2
    found = await states(database)
    assert {target for (_, target), (state, _) in found.items() if state == "published"} <= {"partners"}
    answers.set()
    await idle(relay)
    assert len(queues.order("demo.returns")) == 20
    assert {state for state, _ in (await states(database)).values()} == {"published"}


async def test_a_queue_that_refuses_much_holds_up_no_other(database: Database, relays: list[Relay]) -> None:
    """More than memory takes, each of another sender, all before the others in the table."""
    full = True
    queues = FakeQueues(lambda one: Outcome.UNKNOWN if full and one.target == "returns" else Outcome.CONFIRMED)
    relay = made(queues, database, relays)
    relay._feed._cap = 40
    await commit(database, *((f"r{number}", f"s{number}", "returns") for number in range(300)))
    await commit(database, *((f"p{number}", f"s{number}", "partners") for number in range(10)))
    relay.start()
    async with asyncio.timeout(20):
        while len(queues.order("demo.partners")) < 10:
            await asyncio.sleep(0.005)
    full = False
    await idle(relay)
    assert len(queues.order("demo.returns")) == 300


async def test_an_outbox_that_cannot_be_read_is_read_again(
    database: Database, relays: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = FakeQueues()
    relay = made(queues, database, relays)
    await commit(database, ("m1", "anna", "returns"))
    real, failures = database.read, [LookupError("a defect"), DatabaseUnavailable("away")] * 2

    async def read(work: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(work)

    monkeypatch.setattr(database, "read", read)
    relay.start()
    await idle(relay)
    assert queues.order("demo.returns") == ["m1"]


class TestErased:
    async def erase(self, database: Database, *names: str) -> None:
        for table, column in ((targets, targets.c.message_id), (messages, messages.c.id)):
            gone = table.delete().where(column.in_(names))
            await database.write(lambda connection, gone=gone: connection.execute(gone))  # type: ignore[misc]

    async def test_what_waits_in_memory_is_not_published(self, database: Database, relays: list[Relay]) -> None:
        queues = FakeQueues()
        relay = made(queues, database, relays)
        rows = await commit(database, ("e1", "anna", "returns"), ("e2", "anna", "returns"), ("e3", "eva", "returns"))
        now = [replace(row, received_ms=int(time.time() * 1000)) for row in rows]
        relay._feed._behind = False  # as after the first read: it keeps what it is offered
        relay.offer(now)
        assert len(relay) == 3
        await self.erase(database, "e1", "e3")
        assert await relay.forget(["e1", "e3"], 1)
        relay.start()
        await idle(relay)
        assert [one.envelope_id for one in queues.seen] == ["e2"]

    async def test_what_another_process_erased_is_looked_up_before_a_late_publish(
        self, database: Database, relays: list[Relay]
    ) -> None:
        """The broker was away, and the rows stayed in memory."""
        away = True
        queues = FakeQueues(lambda one: Outcome.UNKNOWN if away else Outcome.CONFIRMED)
        relay = made(queues, database, relays)
        relay.start()
        relay.offer(await commit(database, ("e1", "anna", "returns"), ("e2", "eva", "returns")))
        while len(queues.seen) < 4:
            await asyncio.sleep(0.005)
        await self.erase(database, "e1")
        away = False
        await idle(relay)
        assert queues.order("demo.returns") == ["e2"]

    async def test_it_waits_for_what_is_on_its_way(self, database: Database, relays: list[Relay]) -> None:
        queues, told = FakeQueues(), asyncio.Event()
        publish = queues.publish

        async def slowly(batch: Sequence[Publication], *landed: Landed) -> list[Outcome]:
            await told.wait()
            return await publish(batch, *landed)

        queues.publish = slowly  # type: ignore[method-assign]
        relay = made(queues, database, relays)
        relay.start()
        relay.offer(await commit(database, ("e1", "anna", "returns"), ("e1", "anna", "partners"), ("e2", "eva", "returns")))
        while not relay._on_the_way:
            await asyncio.sleep(0.005)
        assert not await relay.forget(["e1"], 0.05)
        assert await relay.forget(["e3"], 0.05)
        waiting = asyncio.create_task(relay.forget(["e1"], 10))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        told.set()
        assert await waiting
        await idle(relay)
        assert not relay._on_the_way

    async def test_without_the_database_what_has_waited_waits_on(
        self, database: Database, relays: list[Relay], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queues = FakeQueues()
        relay = made(queues, database, relays)
        rows = await commit(database, ("e1", "anna", "returns"))
        read, broken = database.read, 0

        async def away(work: Any) -> Any:
            nonlocal broken
            if broken < 4:
                broken += 1
                raise DatabaseUnavailable("away") if broken % 2 else LookupError("a defect")
            return await read(work)

        relay._feed._behind = False
        relay.offer(rows)
        monkeypatch.setattr(database, "read", away)
        relay.start()
        await idle(relay)
        assert (broken, [one.envelope_id for one in queues.seen]) == (4, ["e1"])
