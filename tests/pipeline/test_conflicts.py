"""A key that a caller chose: another content under it is held, not lost, on every node and after every crash."""

import sqlite3

import pytest

from connectors.base import Parsed
from normalizer.inbound import InboundMessage
from regia.pipeline import prepare
from regia.pipeline.intake import Intake
from storage.journal import Journal
from storage.schema import messages, quarantine
from tests.contacts import inbound
from tests.pipeline.conftest import Line


async def elsewhere(line: Line, name: str, *contacts: InboundMessage) -> None:
    """These contacts come to another node, which has never heard of the first one's."""
    journal = Journal.open(line.path.with_name(name))
    pipeline = line.pipeline_of(journal)
    await Intake(journal).accept("whatsapp", Parsed(messages=contacts))
    pipeline.start()
    await line.until(lambda: pipeline.idle)
    await pipeline.stop()
    await journal.close()


async def test_another_content_is_held_once(line: Line) -> None:
    line.start()
    first, other, third = [inbound("key:77", raw=raw, exact=True) for raw in (b"one", b"two", b"three")]
    await line.accept(first)
    await line.idle()
    await elsewhere(line, "worker-1.sqlite", other)
    await elsewhere(line, "worker-2.sqlite", first)
    await elsewhere(line, "worker-3.sqlite", other)
    await elsewhere(line, "worker-4.sqlite", third)
    assert sorted(await line.held()) == [("conflicting_repeat", b"three"), ("conflicting_repeat", b"two")]
    (row,) = await line.rows(messages)
    assert bytes(row["raw"]) == b"one"
    assert row["id"] not in {held["id"] for held in await line.rows(quarantine)}
    found = await line.books()
    counted = (found.accepted, found.published, found.quarantined, found.duplicate, found.balance)
    assert counted == (5, 1, 2, 2, True)


async def test_a_crash_replays_it_without_effect(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.start()
    await line.accept(inbound("key:77", raw=b"one", exact=True), inbound("m1"))
    await line.idle()
    monkeypatch.setattr(Journal, "done", lambda self, seqs: None)  # the marks are lost
    await elsewhere(line, "worker-1.sqlite", inbound("key:77", raw=b"two", exact=True))
    await elsewhere(line, "worker-1.sqlite")
    assert await line.held() == [("conflicting_repeat", b"two")]
    found = await line.books()
    assert (found.accepted, found.quarantined, found.waiting, found.balance) == (3, 1, 0, True)


async def test_both_in_one_batch(line: Line) -> None:
    """The journal had forgotten the key."""
    await line.accept(inbound("key:77", raw=b"one", exact=True))
    db = sqlite3.connect(line.path)
    db.execute("DELETE FROM ids")
    db.commit()
    db.close()
    await line.accept(inbound("key:77", raw=b"two", exact=True))
    line.start()
    await line.idle()
    assert await line.held() == [("conflicting_repeat", b"two")]
    found = await line.books()
    assert (found.accepted, found.published, found.quarantined, found.balance) == (2, 1, 1, True)


async def test_one_that_cannot_be_normalised(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.start()
    await line.accept(inbound("key:77", raw=b"one", exact=True))
    await line.idle()
    monkeypatch.setattr(prepare, "normalise", lambda *_, **__: 1 / 0)
    await elsewhere(line, "worker-1.sqlite", inbound("key:77", raw=b"two", exact=True))
    assert await line.held() == [("normalizer_failed", b"two")]
    assert (await line.books()).balance


async def test_a_provider_may_repeat_with_other_bytes(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", raw=b"one"))
    await line.idle()
    await elsewhere(line, "worker-1.sqlite", inbound("m1", raw=b"two"))
    found = await line.books()
    assert (await line.held(), found.duplicate, found.balance) == ([], 1, True)
