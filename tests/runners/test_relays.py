"""What a dead node had committed is published by another, and what a living one has is left to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import dispatcher.relay
from connectors.base import Parsed
from dispatcher.base import Landed, Outcome, Publication
from regia import gateway as gateways
from regia import outbox_lease
from regia.gateway import Gateway
from regia.outbox_lease import ELSEWHERE, TWICE, lease_of
from regia.pipeline.intake import Intake
from regia.runners import adoption, relays
from storage import outbox
from storage.coordination import CoordinationUnavailable, LocalCoordination
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.schema import targets
from tests.contacts import inbound
from tests.http.served import is_up, make_gateway

LEASE = 0.6
Make = Callable[..., Gateway]
Run = Callable[[str], Awaitable[Gateway]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (relays, outbox_lease):
        monkeypatch.setattr(module, "LEASE", LEASE)
        monkeypatch.setattr(module, "_EVERY", 0.05)
    monkeypatch.setattr(outbox_lease, "_AGAIN", 0.02)
    monkeypatch.setattr(outbox_lease, "_WANTED", 0.5)
    monkeypatch.setattr(gateways, "_AGAIN", 0.02)
    monkeypatch.setattr(relays, "_ASK", 0.02)
    monkeypatch.setattr(relays, "_REST", 0.1)
    monkeypatch.setattr(relays, "_LOOK", 0.005)
    monkeypatch.setattr(dispatcher.relay, "_BACKOFF", (0.05,))


@pytest.fixture
def coordination() -> LocalCoordination:
    """What the nodes share, as they would share a Redis."""
    return LocalCoordination()


@pytest.fixture
async def make(tmp_path: Path, migrated_sqlite: Path, coordination: LocalCoordination) -> AsyncIterator[Make]:
    """A gateway that is not started."""
    async with AsyncExitStack() as stack:

        def made(node: str, journal: str = "") -> Gateway:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node, journal=journal)
            gateway.stores = replace(gateway.stores, coordination=coordination)
            stack.push_async_callback(gateway.stop)
            return gateway

        yield made


@pytest.fixture
async def run(make: Make) -> AsyncIterator[Run]:
    """A gateway that works, with its look at the others. The look never ends by itself."""
    runners: list[asyncio.Task[None]] = []

    async def running(node: str) -> Gateway:
        gateway = make(node)
        gateway.start()
        await is_up(gateway)
        runners.append(asyncio.create_task(relays.relay_for_the_dead(gateway)))
        return gateway

    yield running
    assert not any(runner.done() for runner in runners), "the loop ended"
    for runner in runners:
        runner.cancel()
        with suppress(asyncio.CancelledError):
            await runner


async def left_behind(gateway: Gateway, *ids: str) -> Database:
    """These contacts are committed in the gateway's name and not published."""
    await gateway.intake.accept("desk", Parsed(messages=tuple(map(inbound, ids))))
    gateway.pipeline.start()
    async with asyncio.timeout(10):
        while not gateway.pipeline.idle:
            await asyncio.sleep(0.005)
    await gateway.pipeline.stop()
    return gateway.stores.database


async def states(database: Database) -> list[str]:
    return await database.read(lambda connection: list(connection.execute(select(targets.c.state)).scalars()))


async def published(database: Database) -> None:
    async with asyncio.timeout(10):
        while set(await states(database)) != {"published"}:
            await asyncio.sleep(0.005)


async def some_looks(seconds: float = 0.3) -> None:
    """Time for several rounds of looking."""
    await asyncio.sleep(seconds)


async def test_a_dead_nodes_outbox_is_published_once_and_its_lease_given_back(
    make: Make, run: Run, coordination: LocalCoordination
) -> None:
    await left_behind(make("dead"), "m1", "m2", "m3")
    gateway = await run("alive")
    await published(gateway.stores.database)
    listed = {one.name: one.ready for one in await gateway.stores.queues.states()}
    assert sum(listed.values()) == len(await states(gateway.stores.database)) >= 3
    async with asyncio.timeout(LEASE / 2):  # given back, not run out
        while await coordination.acquire(lease_of("dead"), "dead", LEASE) is None:
            await asyncio.sleep(0.005)


async def test_several_dead_nodes(make: Make, run: Run) -> None:
    await left_behind(make("dead-1"), "m1")
    await left_behind(make("dead-2"), "m2")
    gateway = await run("alive")
    await published(gateway.stores.database)


async def unanswered(batch: Any, *landed: Any) -> list[Outcome]:
    """As a queue that is full."""
    return [Outcome.UNKNOWN] * len(batch)


async def is_begun(coordination: LocalCoordination, dead: str, by: str) -> None:
    async with asyncio.timeout(5):
        while not (await coordination.holder(lease_of(dead)) or "").startswith(f"{by}/"):
            await asyncio.sleep(0.005)


async def test_a_dead_node_whose_outbox_is_stuck_holds_up_no_other(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await left_behind(make("dead-1"), "m1")
    stuck = {row.message_id for row in await database.read(lambda one: outbox.pending(one, "dead-1", after=0, limit=9))}
    await left_behind(make("dead-2"), "m2")
    gateway = make("alive")
    publish = gateway.stores.queues.publish

    async def publishing(batch: Sequence[Publication], *landed: Landed) -> list[Outcome]:
        return await (unanswered if batch[0].envelope_id in stuck else publish)(batch, *landed)

    monkeypatch.setattr(gateway.stores.queues, "publish", publishing)
    gateway.start()
    await is_up(gateway)
    runner = asyncio.create_task(relays.relay_for_the_dead(gateway))
    async with asyncio.timeout(10):
        while set(await database.read(outbox.nodes_with_pending)) != {"dead-1"}:
            await asyncio.sleep(0.005)
    await is_begun(coordination, "dead-1", "alive")
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("outbox of")]
    assert await coordination.holder(lease_of("dead-1")) is None, "given back at the end"


async def test_a_node_that_is_back_gets_its_outbox_though_it_was_stuck_elsewhere(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = make("back")
    database = await left_behind(back, "m1")
    with monkeypatch.context() as patched:
        another = make("another")
        patched.setattr(another.stores.queues, "publish", unanswered)
        another.start()
        await is_up(another)
        runner = asyncio.create_task(relays.relay_for_the_dead(another))
        await is_begun(coordination, "back", "another")
        back.start()
        await is_up(back)
        await published(database)
        assert (await coordination.holder(lease_of("back")) or "").startswith("back/")
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)


async def test_what_a_worker_had_committed_leaves_before_what_is_still_in_its_journal(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await left_behind(make("n1_w1"), "m1")
    token = await coordination.acquire(lease_of("n1_w1"), "n1_w1/its journal", 60)
    gateway = make("n1")
    journal = Journal.open(gateway.journal.path.with_name("worker-1.sqlite"))
    await Intake(journal).accept("desk", Parsed(messages=(inbound("m2"), inbound("m3"))))
    await journal.close()
    seen: list[str] = []
    publish = gateway.stores.queues.publish

    async def publishing(batch: Sequence[Publication], *landed: Landed) -> list[Outcome]:
        seen.extend(one.envelope_id for one in batch)
        return await publish(batch, *landed)

    monkeypatch.setattr(gateway.stores.queues, "publish", publishing)
    gateway.start()
    await is_up(gateway)
    work = [asyncio.create_task(one) for one in (adoption.adopt_for_ever(gateway), relays.relay_for_the_dead(gateway))]
    async with asyncio.timeout(10):
        while len(await states(database)) < 3 or journal.path.exists():
            await asyncio.sleep(0.005)
    assert seen == [], "the worker may be there: its lease lasts"
    assert await coordination.renew(lease_of("n1_w1"), "n1_w1/its journal", token or 0, 0.05)
    await published(database)
    for one in work:
        one.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    in_order = await database.read(lambda one: list(one.execute(select(targets.c.message_id).order_by(targets.c.position))))
    assert seen == [row.message_id for row in in_order]


async def test_an_outbox_of_which_nothing_is_confirmed_is_given_back(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_IN_VAIN", 0.3)
    monkeypatch.setattr(relays, "_REST", 60.0)
    database = await left_behind(make("dead"), "m1")
    one = await run("one")
    with monkeypatch.context() as patched:
        patched.setattr(one.stores.queues, "publish", unanswered)
        await is_begun(coordination, "dead", "one")
        other = await run("other")  # its broker answers
        await published(database)
    assert not one.missing
    assert not other.missing


async def test_the_own_lease_is_kept_while_another_outbox_is_published(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left_behind(make("dead"), "m1")
    gateway = make("alive")
    began, end = asyncio.Event(), asyncio.Event()
    publish = gateway.stores.queues.publish

    async def publishing(batch: Any, *landed: Any) -> list[Outcome]:
        began.set()
        await end.wait()
        return await publish(batch, *landed)

    monkeypatch.setattr(gateway.stores.queues, "publish", publishing)
    gateway.start()
    await is_up(gateway)
    runner = asyncio.create_task(relays.relay_for_the_dead(gateway))
    await began.wait()
    for _ in range(20):  # twice as long as a lease lasts
        await asyncio.sleep(LEASE / 10)
        assert await coordination.acquire(lease_of("alive"), "another", LEASE) is None
    end.set()
    await published(gateway.stores.database)
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)


async def test_a_lease_is_respected_until_it_runs_out(make: Make, run: Run, coordination: LocalCoordination) -> None:
    token = await coordination.acquire(lease_of("slow"), "slow", 60)
    assert token is not None
    database = await left_behind(make("slow"), "m1")
    await run("alive")
    await some_looks()
    assert set(await states(database)) == {"pending"}
    assert await coordination.renew(lease_of("slow"), "slow", token, 0.05)
    await published(database)


async def test_a_living_node_renews_its_lease(run: Run, coordination: LocalCoordination) -> None:
    await run("alive")
    first = coordination._leases[lease_of("alive")]
    async with asyncio.timeout(5):
        while (now := coordination._leases[lease_of("alive")])[1:] == first[1:]:
            await asyncio.sleep(0.005)
    assert now[0].startswith("alive/")
    assert now[2] > first[2]


async def test_a_node_waits_for_its_outbox_until_the_other_is_done(
    make: Make, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "_AGAIN", 0.02)
    token = await coordination.acquire(lease_of("back"), "alive", 60)
    assert token is not None
    gateway = make("back")
    database = await left_behind(gateway, "m1")
    gateway.start()
    await some_looks()
    assert gateway.missing == {"outbox": ELSEWHERE}, "in words that tell what to do, which is nothing"
    assert set(await states(database)) == {"pending"}
    await coordination.release(lease_of("back"), "alive", token)
    await is_up(gateway)
    await published(database)


async def test_two_processes_of_one_name_are_told(make: Make, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "_AGAIN", 0.02)
    first, second = await run("twin"), make("twin", journal="second")
    assert first.journal.id != second.journal.id
    second.start()
    async with asyncio.timeout(10):
        while second.missing != {"outbox": TWICE}:
            await asyncio.sleep(0.005)
    await some_looks()
    assert second.missing == {"outbox": TWICE}
    assert not first.missing
    assert first.relay.fence.is_open
    await first.stop()  # it gives nothing back: its lease runs out
    await is_up(second)
    assert second.relay.fence.is_open


async def test_a_lost_lease_stops_the_relay(
    make: Make, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await left_behind(make("back"), "m1")
    gateway = make("alive")
    attempts = 0

    async def unanswered(batch: Any, *landed: Any) -> list[Outcome]:
        nonlocal attempts
        attempts += 1
        return [Outcome.UNKNOWN] * len(batch)

    monkeypatch.setattr(gateway.stores.queues, "publish", unanswered)
    gateway.start()
    await is_up(gateway)
    runner = asyncio.create_task(relays.relay_for_the_dead(gateway))
    async with asyncio.timeout(5):
        while not attempts:
            await asyncio.sleep(0.005)
    # Its owner is back, and has the lease under another token.
    coordination._leases[lease_of("back")] = ("back", 1, float("inf"))
    await some_looks()
    stopped_at = attempts
    await some_looks(0.2)  # longer than the relay waits between attempts
    assert attempts == stopped_at
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("relay-")][2:], "only its own relay runs"
    assert coordination._holder(lease_of("back")) == ("back", 1), "somebody else's lease is not given back"
    assert set(await states(database)) == {"pending"}
    assert not runner.done()
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)


async def test_a_shared_database_without_shared_leases_is_not_taken_over(
    make: Make, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = await left_behind(make("dead"), "m1")
    monkeypatch.setattr(Gateway, "knows_other_nodes", False)
    await run("alive")
    with caplog.at_level(logging.WARNING, "regia.runners.relays"):
        await some_looks()
    assert set(await states(database)) == {"pending"}
    told = [record for record in caplog.records if "nobody can tell who lives" in record.getMessage()]
    assert told
    assert told[0].nodes == ["dead"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("local", "sqlite", "known"), [(True, True, True), (True, False, False), (False, False, True), (False, True, True)]
)
async def test_who_can_tell_that_a_node_is_dead(
    make: Make, monkeypatch: pytest.MonkeyPatch, local: bool, sqlite: bool, known: bool
) -> None:
    gateway = make("n1")
    monkeypatch.setattr(Database, "is_sqlite", sqlite)
    monkeypatch.setattr(type(gateway.configured.settings.coordination), "is_local", local)
    assert gateway.knows_other_nodes is known


AWAY: list[Exception] = [CoordinationUnavailable("Redis is away"), DatabaseUnavailable("away"), ValueError("a defect")]


@pytest.mark.parametrize("where", ["acquire", "renew"])
async def test_no_error_ends_the_look(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    gateway = await run("alive")
    errors = list(AWAY)

    async def fail(*_: object) -> Any:
        raise errors.pop() if len(errors) > 1 else errors[0]

    with monkeypatch.context() as broken:
        broken.setattr(coordination, where, fail)
        broken.setattr(gateway.stores.queues, "publish", unanswered)  # a lease is renewed while there is work
        database = await left_behind(make("dead"), "m1")
        async with asyncio.timeout(10):
            while len(errors) > 1:
                await asyncio.sleep(0.005)
    await published(database)


# A node that was paused


async def accepted(gateway: Gateway, *ids: str) -> None:
    """These contacts are accepted by a gateway that runs, and committed."""
    await gateway.intake.accept("desk", Parsed(messages=tuple(map(inbound, ids))))
    async with asyncio.timeout(10):
        while not gateway.pipeline.idle:
            await asyncio.sleep(0.005)


async def test_while_another_publishes_its_outbox_a_node_publishes_nothing(
    run: Run, coordination: LocalCoordination, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = await run("slow")
    coordination._leases[lease_of("slow")] = ("another", 1, float("inf"))
    async with asyncio.timeout(5):
        while "outbox" not in gateway.missing:
            await asyncio.sleep(0.005)
    await accepted(gateway, "m1", "m2")
    await some_looks()
    assert set(await states(gateway.stores.database)) == {"pending"}
    assert coordination._holder(lease_of("slow")) == ("another", 1)
    del coordination._leases[lease_of("slow")]
    await published(gateway.stores.database)
    await is_up(gateway)
    told = [record.getMessage() for record in caplog.records if record.name == "regia.outbox_lease"]
    assert len(told) == 1, "once, however often it was asked for"


async def test_a_node_that_cannot_ask_in_time_publishes_nothing_before_it_has_asked(
    run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a pause: the lease has ended by the clock, and nobody was asked since."""
    gateway = await run("slow")
    acquire, awake = coordination.acquire, asyncio.Event()

    async def later(name: str, owner: str, ttl: float) -> int | None:
        if owner.startswith("slow/"):
            await awake.wait()
        return await acquire(name, owner, ttl)

    monkeypatch.setattr(coordination, "acquire", later)
    monkeypatch.setattr(outbox_lease, "_EVERY", 30.0)
    await asyncio.sleep(2 * LEASE)
    await accepted(gateway, "m1")
    await some_looks()
    assert set(await states(gateway.stores.database)) == {"pending"}
    awake.set()
    await published(gateway.stores.database)


async def test_what_another_published_meanwhile_is_not_published_again(
    make: Make, run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await run("slow")
    seen: list[str] = []
    publish = gateway.stores.queues.publish

    async def publishing(batch: Any, *landed: Any) -> list[Outcome]:
        seen.extend(one.envelope_id for one in batch)
        return await publish(batch, *landed)

    monkeypatch.setattr(gateway.stores.queues, "publish", publishing)
    gateway.relay.fence.close()
    coordination._leases[lease_of("slow")] = ("another", 1, float("inf"))
    await accepted(gateway, "m1", "m2")
    another = make("another").relay_of("slow")
    another.start()
    await published(gateway.stores.database)
    await another.stop()
    del coordination._leases[lease_of("slow")]
    await accepted(gateway, "m3")
    await published(gateway.stores.database)
    await is_up(gateway)
    assert len(set(seen)) == 1, "m1 and m2 went out by whoever had the lease"


@pytest.mark.parametrize("refused", [False, True])
async def test_without_redis_a_node_publishes_its_own_outbox(
    run: Run, coordination: LocalCoordination, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """Also where another had it: that one ends by then, or has lost Redis too."""
    gateway = await run("alone")
    if refused:
        coordination._leases[lease_of("alone")] = ("another", 1, float("inf"))
        async with asyncio.timeout(5):
            while "outbox" not in gateway.missing:
                await asyncio.sleep(0.005)

    async def away(*_: object) -> int | None:
        raise CoordinationUnavailable("Redis is away")

    monkeypatch.setattr(coordination, "acquire", away)
    await accepted(gateway, "m1")
    if refused:
        assert set(await states(gateway.stores.database)) == {"pending"}
    await asyncio.sleep(2 * LEASE)
    await accepted(gateway, "m2")
    await published(gateway.stores.database)
