"""Sources are polled: nothing lost, nothing doubled, never silent, by one node at a time."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from prometheus_client import REGISTRY

from connectors.errors import Rejected, SourceFailed, SourceReason
from regia.runners import places, polling, standing, watchdog
from regia.runners.polling import Pause, Polling
from regia.runners.standing import ELSEWHERE, STARTING
from storage import cursors
from storage.coordination import CoordinationUnavailable, LocalCoordination, RedisCoordination
from storage.database import DatabaseUnavailable
from tests.http.served import serving
from tests.runners.conftest import TTL, Cluster
from tests.runners.polled import Node
from tests.runners.sources import FakeSource

CLOSED = SourceFailed("closed", "the server said BYE")


@pytest.fixture(autouse=True)
async def strictly(source: FakeSource) -> AsyncIterator[None]:
    """No test may use a session after its failure, or for two things at once."""
    yield
    assert source.wrongs == []


def figure(name: str, **more: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"connector": "box", "source": "INBOX", **more})


# One step after the other


async def test_mails_are_taken_in_order_and_settled(cluster: Cluster, source: FakeSource) -> None:
    before = figure("regia_source_messages_total") or 0
    source.put("m1", "m2", "m3", "m4", "m5")
    node = await cluster(source)
    await node.reaches("5")
    assert await node.names() == ["m1", "m2", "m3", "m4", "m5"]
    assert source.settled == [1, 2, 3, 4, 5]
    assert source.asked == [None, "2", "4", "5"]
    assert node.state == "ok"
    assert figure("regia_source_messages_total") == before + 5
    assert figure("regia_source_up") == 1
    assert time.time() - (figure("regia_source_last_success_timestamp_seconds") or 0) < 5
    source.put("m6")
    await node.reaches("6")
    assert len(source.sessions) == 1
    assert await node.events() == []


async def test_every_source_of_every_connector_is_polled(cluster: Cluster, source: FakeSource) -> None:
    other = FakeSource("Réclamations {2026}/für uns")
    source.put("m1")
    other.put("m2", "m3")
    node = await cluster(source, other)
    await node.until(lambda: source.settled == [1] and other.settled == [1, 2])
    await node.reaches("1")
    async with asyncio.timeout(10):
        while await node.cursor("poll/box/Réclamations {2026}/für uns") is None:
            await asyncio.sleep(0.01)
    assert set(node.gateway.sources) == {"box/INBOX", "box/Réclamations {2026}/für uns"}


async def test_a_restart_goes_on_where_it_was(cluster: Cluster, source: FakeSource) -> None:
    source.put("m1", "m2", "m3")
    node = await cluster(source)
    await node.reaches("3")
    await node.polling.stop()
    assert node.gateway.sources == {}
    assert figure("regia_source_up") is None
    assert source.alive == []
    source.put("m4")
    again = Polling(node.gateway)
    again.start()
    await node.reaches("4")
    await again.stop()
    assert source.asked[-2:] == ["3", "4"]
    assert await node.repeats() == 0


async def test_what_a_channel_refuses_is_kept_and_holds_nobody_up(cluster: Cluster, source: FakeSource) -> None:
    source.put("m1", "refuse malformed", "refuse large", "defect inside", "m2")
    node = await cluster(source)
    await node.reaches("5")
    assert await node.names() == ["m1", "m2"]
    assert await node.held() == [
        ("parser_failed", b"defect inside"),
        ("too_large", b"refuse large"),
        ("unreadable", b"refuse malformed"),
    ]


# Killed at every point


STEPS = ("take", "read", "open", "next", "accept", "settle", "move", "wait")
POINTS = [(step, after, number) for step in STEPS for after in (False, True) for number in (1, 2)]
ONCE = ("take", "read", "open", "wait")
"""What a poller does once, before or after its steps."""


def kill_at(node: Node, source: FakeSource, step: str, *, after: bool, number: int) -> None:
    """Make the `number`-th time of a step the last thing the poller does."""

    async def die() -> None:
        node.kill()
        await asyncio.sleep(3600)

    if step in ("open", "next", "settle", "wait"):
        source.then(f"{step} after" if after else step, *[lambda: None] * (number - 1), die)
        return
    poller = node.polling._pollers[0]
    holder: Any = {"take": poller._lease, "read": poller._place, "accept": node.gateway.intake, "move": poller._place}[step]
    name = {"read": "open"}.get(step, step)
    real, calls = getattr(holder, name), iter(range(1, 99))

    async def dying(*arguments: Any) -> Any:
        now = next(calls) == number
        if now and not after:
            await die()
        result = await real(*arguments)
        if now:
            await die()
        return result

    setattr(holder, name, dying)


@pytest.mark.parametrize(("step", "after", "number"), [one for one in POINTS if one[2] == 1 or one[0] not in ONCE])
async def test_killed_at_any_point_nothing_is_lost_or_doubled(
    cluster: Cluster, source: FakeSource, step: str, after: bool, number: int
) -> None:
    source.put("m1", "m2", "m3")
    node = await cluster(source, poll=False)
    kill_at(node, source, step, after=after, number=number)
    accept = node.gateway.intake.accept
    node.polling.start()
    await node.until(lambda: source.came.set() is None and all(task.done() for task in node.polling._tasks))
    assert len(source.settled) <= node.gateway.journal.last_seq, "nothing is settled that the journal does not have"
    node.gateway.intake.accept = accept
    node.polling = Polling(node.gateway)
    node.polling.start()
    await node.reaches("3")
    await node.polling.stop()
    assert await node.names() == ["m1", "m2", "m3"]
    assert set(source.settled) == {1, 2, 3}


async def test_killed_after_any_number_of_turns_of_the_loop(cluster: Cluster, source: FakeSource) -> None:
    node = await cluster(source, poll=False)
    names = []
    for turns in range(60):
        names.append(f"m{turns:02}")
        source.put(names[-1])
        node.polling = Polling(node.gateway)
        node.polling.start()
        for _ in range(turns):
            await asyncio.sleep(0 if turns % 3 else 0.0005)
        node.kill()
        await asyncio.gather(*node.polling._tasks, return_exceptions=True)
    node.polling = Polling(node.gateway)
    node.polling.start()
    await node.reaches("60")
    await node.polling.stop()
    assert await node.names() == names


# What it needs is away


async def test_without_the_journal_nothing_is_settled_and_the_step_is_tried_again(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.put("m1", "m2", "m3")
    node = await cluster(source, poll=False)
    accept, refused = node.gateway.intake.accept, 0

    async def full(*arguments: Any) -> Any:
        nonlocal refused
        refused += 1
        raise Rejected("unavailable", "nothing was accepted; try again", retry_after=5)

    monkeypatch.setattr(node.gateway.intake, "accept", full)
    node.polling.start()
    await node.until(lambda: refused > 5)
    assert (node.state, source.settled, await node.place(), len(source.sessions)) == ("not_accepted", [], None, 1)
    assert figure("regia_source_up") == 0
    monkeypatch.setattr(node.gateway.intake, "accept", accept)
    await node.reaches("3")
    assert source.asked[:2] == [None, "2"]
    assert (await node.names(), await node.repeats()) == (["m1", "m2", "m3"], 0)
    assert [(kind, told["reason"]) for kind, told in await node.events(2)] == [
        ("source.failed", "not_accepted"),
        ("source.back", "not_accepted"),
    ]


async def test_mail_is_taken_while_the_database_is_away(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    away = True
    write = node.gateway.stores.database.write

    async def writing(work: Any) -> Any:
        if away:
            raise DatabaseUnavailable("away")
        return await write(work)

    monkeypatch.setattr(node.gateway.stores.database, "write", writing)
    source.put("m1", "m2", "m3", "m4", "m5")
    await node.until(lambda: source.settled == [1, 2, 3, 4, 5])
    assert (node.state, await node.place(), await node.names()) == ("ok", None, [])
    away = False
    await asyncio.sleep(0.05)
    source.put("m6")
    await node.reaches("6")
    assert source.asked == [None, None, "2", "4", "5", "5", "6"]
    assert await node.names() == ["m1", "m2", "m3", "m4", "m5", "m6"]


async def test_a_place_that_could_not_be_written_is_written_when_nothing_comes(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    write = node.gateway.stores.database.write

    async def hangs(work: Any) -> Any:
        await asyncio.sleep(0.1)
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(places, "_PATIENCE", 0.02)
    monkeypatch.setattr(node.gateway.stores.database, "write", hangs)
    source.put("m1")
    await node.until(lambda: source.settled == [1])
    await asyncio.sleep(0.1)
    assert await node.place() is None
    monkeypatch.setattr(node.gateway.stores.database, "write", write)
    source.came.set()
    await node.until(lambda: source.asked[-2:] == ["1", "1"])
    await node.reaches("1")


async def test_the_first_step_waits_for_the_database(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.put("m1", "m2")
    node = await cluster(source, poll=False)
    await node.gateway.stores.database.write(lambda connection: cursors.move(connection, "poll/box/INBOX", "1", 1))
    node.gateway.missing["database"] = "away"
    read, asked = node.gateway.stores.database.read, 0

    async def away(work: Any) -> Any:
        nonlocal asked
        asked += 1
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(node.gateway.stores.database, "read", away)
        node.polling.start()
        await asyncio.sleep(0.05)
        assert (asked, node.state) == (0, STARTING)
        node.gateway.missing.pop("database")
        await node.until(lambda: asked > 3)
        assert source.sessions == []
    assert read == node.gateway.stores.database.read
    await node.reaches("2")
    assert (await node.names(), source.asked[0]) == (["m2"], "1")


async def test_settling_that_fails_is_tried_again_and_nothing_comes_twice(cluster: Cluster, source: FakeSource) -> None:
    source.then("settle", *[SourceFailed("folder_missing", "there is no folder Processed")] * 2)
    source.put("m1", "m2", "m3")
    node = await cluster(source)
    await node.until(lambda: len(source.sessions) == 2)
    assert (await node.place(), source.settled, node.state) == (None, [], "folder_missing")
    await node.reaches("3")
    assert source.asked[:3] == [None, None, None]
    assert (source.settled, await node.names(), await node.repeats()) == ([1, 2, 3], ["m1", "m2", "m3"], 0)


async def test_what_may_not_be_marked_holds_up_nothing_that_came_after_it(cluster: Cluster, source: FakeSource) -> None:
    source.then("settle", *[SourceFailed("protocol_error", "the folder is read-only")] * 30)
    source.put(*(f"m{number}" for number in range(1, 6)))
    node = await cluster(source)
    await node.reaches("5")
    assert (source.settled, await node.repeats()) == ([], 0)
    assert await node.names() == ["m1", "m2", "m3", "m4", "m5"]


async def test_a_step_that_changed_after_its_settling_failed_is_journalled_again(cluster: Cluster, source: FakeSource) -> None:
    source.then("settle", CLOSED)
    source.then("open", lambda: None, lambda: source.put("m2"))
    source.put("m1")
    node = await cluster(source)
    await node.reaches("2")
    assert (await node.names(), await node.repeats()) == (["m1", "m2"], 1)


# Failures


@pytest.mark.parametrize("reason", get_args(SourceReason))
async def test_every_reason_is_told_and_over(cluster: Cluster, source: FakeSource, reason: SourceReason) -> None:
    before = figure("regia_source_failures_total", reason=reason) or 0
    source.then("open", *[SourceFailed(reason, "the words of the server")] * 3)
    seen: list[tuple[Any, Any]] = []
    source.then("open", lambda: seen.append((node.state, figure("regia_source_up"))))
    source.put("m1")
    node: Node = await cluster(source, poll=False)
    node.polling.start()
    await node.reaches("1")
    assert seen == [(reason, 0)]
    await node.until(lambda: node.state == "ok")
    assert figure("regia_source_up") == 1
    assert figure("regia_source_failures_total", reason=reason) == before + 3
    (failed, told), (back, again) = await node.events(2)
    assert (failed, back) == ("source.failed", "source.back")
    assert told == again == {"connector": "box", "source": "INBOX", "reason": reason, "since": told["since"]}


@pytest.mark.parametrize("operation", ["open", "next", "settle", "wait"])
async def test_a_failure_of_any_operation_costs_one_session(cluster: Cluster, source: FakeSource, operation: str) -> None:
    source.then(operation, CLOSED)
    source.put("m1")
    node = await cluster(source)
    await node.until(lambda: figure("regia_source_up") == 1 and not source.script[operation])
    source.put("m2")
    await node.reaches("2")
    assert len(source.alive) == 1
    assert await node.names() == ["m1", "m2"]


async def test_a_defect_is_told_by_its_place_and_tried_again(
    cluster: Cluster, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.then("next", *[ValueError("anna@example.it")] * 3)
    source.put("m1")
    node = await cluster(source)
    await node.reaches("1")
    assert [told["reason"] for _, told in await node.events(2)] == ["defect", "defect"]
    logged = [record for record in caplog.records if record.name == standing.__name__ and record.levelno == logging.ERROR]
    assert len(logged) == 1, "the same again is not told at every attempt"
    assert logged[0].exc_info is not None
    assert "anna" not in str(logged[0].__dict__ | {"exc_info": None, "exc_text": None}), (
        "the place is told, by the form of all logs"
    )


async def test_another_reason_is_another_event(cluster: Cluster, source: FakeSource) -> None:
    for reason in ("unreachable", "unreachable", "tls_failed", "login_refused", "login_refused"):
        source.then("open", SourceFailed(reason, "words"))
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    events = await node.events(4)
    assert [(kind, told["reason"]) for kind, told in events] == [
        ("source.failed", "unreachable"),
        ("source.failed", "tls_failed"),
        ("source.failed", "login_refused"),
        ("source.back", "login_refused"),
    ]
    assert len({told["since"] for _, told in events}) == 1, "since when nothing was had"


async def test_a_source_that_comes_and_goes_does_not_fill_the_database(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.then("wait", *[CLOSED] * 40)
    node = await cluster(source)
    await node.until(lambda: not source.script["wait"] and node.state == "ok")
    assert len(await node.events(20)) == 20
    monkeypatch.setattr(standing, "_TELL_EVERY", 0.0)
    source.then("wait", SourceFailed("too_slow", "now it is another reason"))
    source.came.set()
    kinds = [(kind, told["reason"]) for kind, told in await node.events(22)]
    assert kinds[-2:] == [("source.failed", "too_slow"), ("source.back", "too_slow")]


async def test_a_failure_is_logged_once_and_after_ten_minutes(
    cluster: Cluster, source: FakeSource, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines() -> list[Any]:
        return [record for record in caplog.records if "cannot be polled" in record.getMessage()]

    source.then("open", *[SourceFailed("unreachable", "no route")] * 1000)
    node = await cluster(source)
    await node.until(lambda: len(source.script["open"]) < 990)
    assert len(lines()) == 1
    assert (lines()[0].connector, lines()[0].source, lines()[0].reason) == ("box", "INBOX", "unreachable")
    monkeypatch.setattr(standing, "_TELL_EVERY", 0.05)
    await node.until(lambda: len(lines()) > 2)


@pytest.mark.parametrize(
    ("reasons", "pauses"),
    [
        (["closed"] * 7, [1, 2, 5, 10, 15, 15, 15]),
        (["unreachable", "token_unavailable", "too_slow"], [1, 2, 5]),
        (["login_refused", "consent_gone", "folder_missing", "not_installed"], [60, 120, 300, 300]),
        (["closed", "closed", "login_refused", "login_refused", "closed"], [1, 2, 60, 120, 1]),
    ],
)
def test_how_long_it_waits(reasons: list[SourceReason], pauses: list[float]) -> None:
    pause = Pause()
    for reason, longest in zip(reasons, pauses, strict=True):
        assert 0.8 * longest <= pause.next(reason) <= longest
    pause.reset()
    assert pause.next(reasons[0]) <= pauses[0]


async def test_only_a_session_that_lived_makes_the_next_failure_a_first_one(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def later() -> None:
        await asyncio.sleep(0.3)
        raise CLOSED

    monkeypatch.setattr(polling, "_STEADY", 0.2)
    source.then("next", CLOSED, CLOSED)
    source.then("wait", later)
    node = await cluster(source)
    (poller,) = node.polling._pollers
    await node.until(lambda: poller._pause._failures == 2 and len(source.sessions) == 3)
    await node.until(lambda: len(source.sessions) == 4)
    assert poller._pause._failures == 1


# Sessions that hang


async def stubborn() -> None:
    """A step that does not end when it is cancelled the first time."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)


@pytest.mark.parametrize("operation", ["open", "next", "settle", "wait"])
@pytest.mark.parametrize("how", [3600, stubborn])
async def test_a_session_that_hangs_is_left_behind_and_replaced(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    monkeypatch.setattr(watchdog, "STEP", 0.1)
    source.stubborn = how is stubborn
    source.then(operation, how)
    source.put("m1")
    node = await cluster(source)
    await node.events(1)
    source.put("m2")
    await node.reaches("2")
    assert await node.names() == ["m1", "m2"]
    assert (await node.events())[0][1]["reason"] == "too_slow"


async def test_a_session_that_cancels_itself_is_replaced(cluster: Cluster, source: FakeSource) -> None:
    def cancel() -> None:
        raise asyncio.CancelledError

    source.then("next", cancel)
    source.put("m1")
    node = await cluster(source)
    await node.reaches("1")
    assert [told["reason"] for _, told in await node.events(2)] == ["closed", "closed"]


async def test_a_session_that_opens_too_late_is_closed(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late() -> None:
        monkeypatch.setattr(watchdog, "STEP", 20.0)  # only this step is short: waiting for mail is one too
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(3600)

    monkeypatch.setattr(watchdog, "STEP", 0.05)
    source.then("open", late)
    source.put("m1")
    node = await cluster(source)
    await node.reaches("1")
    await node.until(lambda: len(source.sessions) == 2 and len(source.alive) == 1)


@pytest.mark.parametrize("operation", ["open", "next", "settle", "wait", "close"])
@pytest.mark.parametrize("how", [3600, stubborn])
async def test_the_stop_is_within_its_time(cluster: Cluster, source: FakeSource, operation: str, how: Any) -> None:
    source.stubborn = how is stubborn
    source.then(operation, how)
    source.put("m1")
    node = await cluster(source)
    await node.until(lambda: not source.script[operation] or (operation == "close" and source.settled == [1]))
    started = time.monotonic()
    await node.polling.stop()
    assert time.monotonic() - started < 1
    assert all(task.done() for task in node.polling._tasks)


# Who polls


async def test_of_two_nodes_one_polls(cluster: Cluster, source: FakeSource) -> None:
    one, other = await cluster(source, node="n1"), await cluster(source, node="n2")
    source.put("m1", "m2", "m3")
    await one.reaches("3")
    await one.until(lambda: {one.state, other.state} == {"ok", ELSEWHERE})
    assert len(source.sessions) == 1


async def test_a_stop_hands_over_at_once(cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regia.runners.leases.TTL", 30.0)
    one = await cluster(source, node="n1")
    await one.until(lambda: one.state == "ok")
    other = await cluster(source, node="n2")
    await other.until(lambda: other.state == ELSEWHERE)
    await one.polling.stop()
    source.put("m1")
    await other.reaches("1", 2)


@pytest.mark.parametrize("shared", ["memory", "redis"])
async def test_a_dead_node_is_taken_over(
    cluster: Cluster, source: FakeSource, request: pytest.FixtureRequest, shared: str
) -> None:
    if shared == "redis":
        url = request.getfixturevalue("redis_url")
        leases = [RedisCoordination(url), RedisCoordination(url)]
    else:
        leases = [LocalCoordination()] * 2
    source.put("m1", "m2", "m3")
    one = await cluster(source, node="n1", shared=leases[0])
    await one.until(lambda: one.state == "ok")
    other = await cluster(source, node="n2", shared=leases[1])
    await other.until(lambda: other.state == ELSEWHERE)
    one.kill()
    started = time.monotonic()
    source.put("m4")
    await other.until(lambda: other.state == "ok")
    assert TTL / 2 < time.monotonic() - started < 2 * TTL
    await other.reaches("4")
    assert await other.names() == ["m1", "m2", "m3", "m4"]


async def test_the_lease_is_kept_longer_than_it_lasts(cluster: Cluster, source: FakeSource) -> None:
    one = await cluster(source, node="n1")
    await one.until(lambda: one.state == "ok")
    other = await cluster(source, node="n2")
    await asyncio.sleep(2 * TTL)
    assert (one.state, other.state, len(source.sessions)) == ("ok", ELSEWHERE, 1)


async def test_a_killed_process_has_its_lease_back_at_once(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regia.runners.leases.TTL", 30.0)
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    node.kill()
    again = Polling(node.gateway)  # the same journal, as a restart has it
    again.start()
    source.put("m1")
    await node.reaches("1", 2)
    await again.stop()


async def test_two_processes_of_one_node_are_two_owners(cluster: Cluster, source: FakeSource) -> None:
    node = await cluster(source, poll=False)
    other = await cluster(source, node="n2", poll=False)
    other.gateway.configured = node.gateway.configured
    assert polling.owner_of(node.gateway) != polling.owner_of(other.gateway)


class Unsteady(LocalCoordination):
    """Can be taken away."""

    away = False

    async def acquire(self, name: str, owner: str, ttl: float) -> int | None:
        self._here()
        return await super().acquire(name, owner, ttl)

    async def renew(self, name: str, owner: str, token: int, ttl: float) -> bool:
        self._here()
        return await super().renew(name, owner, token, ttl)

    def _here(self) -> None:
        if self.away:
            raise CoordinationUnavailable("Redis cannot be used now (ConnectionError)")


async def test_without_redis_it_goes_on_for_what_remains_of_the_lease(cluster: Cluster, source: FakeSource) -> None:
    redis = Unsteady()
    node = await cluster(source, shared=redis)
    await node.until(lambda: node.state == "ok")
    redis.away = True
    await asyncio.sleep(TTL / 3)
    source.put("m1")
    await node.reaches("1", TTL / 2)
    await node.until(lambda: node.state == "no_lease")
    assert source.alive == []
    source.put("m2")
    await asyncio.sleep(0.1)
    assert source.settled == [1]
    redis.away = False
    await node.reaches("2")
    assert [(kind, told["reason"]) for kind, told in await node.events(2)] == [
        ("source.failed", "no_lease"),
        ("source.back", "no_lease"),
    ]


async def test_a_redis_that_hangs_ends_the_lease_too(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = Unsteady()
    node = await cluster(source, shared=redis)
    await node.until(lambda: node.state == "ok")

    async def hangs(*_: object) -> bool:
        await asyncio.sleep(3600)
        return True

    redis.away = True
    monkeypatch.setattr(redis, "renew", hangs)
    await node.until(lambda: source.alive == [], 2 * TTL)
    await node.until(lambda: node.state == "no_lease")


async def test_an_owner_that_was_paused_moves_nothing_any_more(
    cluster: Cluster, source: FakeSource, coordination: LocalCoordination
) -> None:
    """It still believes in its lease; the cursor that another moved meanwhile stays."""
    source.put("m1", "m2", "m3")
    node = await cluster(source, poll=False)

    async def meanwhile() -> None:
        coordination._leases.clear()
        token = await coordination.acquire("poll/box/INBOX", "another", 30)
        assert token is not None
        write = node.gateway.stores.database.write
        assert await write(lambda connection: cursors.move(connection, "poll/box/INBOX", "3", token))

    source.then("settle after", meanwhile)
    node.polling.start()
    await node.until(lambda: node.state == ELSEWHERE)
    assert await node.place() == "3"
    assert source.asked == [None]
    assert source.alive == []


async def test_a_lease_that_is_lost_ends_the_session(
    cluster: Cluster, source: FakeSource, coordination: LocalCoordination
) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    coordination._leases.clear()
    assert await coordination.acquire("poll/box/INBOX", "another", 30) is not None
    await node.until(lambda: node.state == ELSEWHERE)
    await node.until(lambda: source.alive == [])
    assert figure("regia_source_up") is None


async def test_a_clock_that_was_set_back_locks_nobody_out(cluster: Cluster, source: FakeSource) -> None:
    """Tokens of leases are times; the cursor was moved under one that is not reached yet."""
    node = await cluster(source, poll=False)
    future = (time.time_ns() // 1000) + 10**12
    await node.gateway.stores.database.write(lambda connection: cursors.move(connection, "poll/box/INBOX", "1", future))
    source.put("m1", "m2")
    node.polling.start()
    await node.reaches("2")
    found = await node.cursor()
    assert found is not None
    assert found.token > future


async def test_nothing_ends_the_loop(cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    node = await cluster(source, poll=False)
    (poller,) = node.polling._pollers
    take, errors = poller._lease.take, [KeyError("defect"), CoordinationUnavailable("away"), OSError("defect")]

    async def failing() -> int | None:
        if errors:
            raise errors.pop()
        return await take()

    monkeypatch.setattr(poller._lease, "take", failing)
    opening, broken = poller._place.open, [LookupError("no such table")]

    async def no_table(token: int) -> None:
        if broken:
            raise broken.pop()
        await opening(token)

    monkeypatch.setattr(poller._place, "open", no_table)
    source.put("m1")
    node.polling.start()
    await node.reaches("1")
    assert [told["reason"] for _, told in await node.events(4)] == ["defect", "no_lease", "defect", "defect"]


async def test_the_readiness_page_shows_sources_and_stays_ready(cluster: Cluster, source: FakeSource) -> None:
    other = FakeSource("away")
    other.then("open", *[SourceFailed("login_refused", "the server's words")] * 1000)
    node = await cluster(source, other)
    async with serving(node.gateway) as client:
        await node.until(lambda: node.state == "ok" and node.gateway.sources["box/away"] == "login_refused")
        answer = await client.get("/health/ready")
        assert answer.status == 200
        assert (await answer.json())["sources"] == {"box/INBOX": "ok", "box/away": "login_refused"}
        assert "words" not in await answer.text()
        await node.polling.stop()
