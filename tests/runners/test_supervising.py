"""Pollers that ended or hang are told, and begun anew."""

import asyncio

import pytest

from connectors.errors import Rejected
from regia.runners import supervising, watchdog
from tests.runners.conftest import Cluster
from tests.runners.sources import FakeSource


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "EVERY", 0.03)
    monkeypatch.setattr(supervising, "_END", 0.5)


async def test_a_poller_that_ended_is_begun_anew(cluster: Cluster, source: FakeSource) -> None:
    source.put("m1")
    node = await cluster(source)
    await node.reaches("1")
    (task,) = node.polling._tasks
    task.cancel()  # as a library does that cancels whoever waits on it
    await asyncio.wait({task})
    source.put("m2")
    await node.reaches("2")
    (failed, what), (back, _) = await node.events(2)
    assert (failed, what["reason"], back) == ("source.failed", "stuck", "source.back")
    assert node.state == "ok"
    assert not node.polling._tasks[0].done()


async def test_one_that_hangs_is_begun_anew(cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    monkeypatch.setattr(watchdog, "STEP", 3600)
    source.then("next", 3600)
    source.put("m1")
    await node.until(lambda: not source.script["next"])
    monkeypatch.setattr(supervising, "STUCK", 0.1)
    (task,) = node.polling._tasks
    await node.until(task.done)
    monkeypatch.setattr(supervising, "STUCK", 900)
    await node.reaches("1")
    assert ("source.failed", "stuck") in [(kind, what["reason"]) for kind, what in await node.events(2)]


async def test_a_defect_in_a_poller_is_told_with_its_place(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    (poller,) = node.polling._pollers
    runs = poller.run

    async def broken() -> None:
        monkeypatch.setattr(poller, "run", runs)
        raise ZeroDivisionError

    monkeypatch.setattr(poller, "run", broken)
    node.polling._tasks[0].cancel()
    source.put("m1")
    await node.reaches("1")
    assert "ZeroDivisionError" in caplog.text


async def test_a_journal_that_hangs_does_not_keep_it_from_being_begun(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    accept, hung = node.gateway.intake.accept, 0

    async def hang(*_: object) -> None:
        nonlocal hung
        hung += 1
        if hung == 1:
            await asyncio.sleep(3600)
        monkeypatch.setattr(node.gateway.intake, "accept", accept)
        raise Rejected("unavailable", "nothing was accepted")

    monkeypatch.setattr(supervising, "_END", 0.05)
    monkeypatch.setattr(node.gateway.intake, "accept", hang)
    node.polling._tasks[0].cancel()
    source.put("m1")
    await node.reaches("1")
    assert hung == 2


async def test_who_waits_for_the_database_does_not_hang(
    cluster: Cluster, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STUCK", 0.1)
    node = await cluster(source, poll=False)
    node.gateway.missing["database"] = "does not answer"
    node.polling.start()
    (task,) = node.polling._tasks
    await asyncio.sleep(0.3)
    assert node.polling._tasks == [task]
    monkeypatch.setattr(supervising, "STUCK", 900)
    del node.gateway.missing["database"]
    await node.until(lambda: node.state == "ok")
    assert await node.events() == []


async def test_what_is_begun_anew_is_stopped_with_the_others(cluster: Cluster, source: FakeSource) -> None:
    node = await cluster(source)
    await node.until(lambda: node.state == "ok")
    (task,) = node.polling._tasks
    task.cancel()
    await node.until(lambda: node.polling._tasks != [task] and node.state == "ok")
    await node.polling.stop()
    assert all(one.done() for one in node.polling._tasks)
    assert node.gateway.sources == {}
