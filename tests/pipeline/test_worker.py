"""The pipeline: what was accepted is committed once, whatever fails on the way and whenever the process ends."""

import asyncio
import hashlib
import signal
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connectors.base import ChannelEvent, Status, Unreadable
from regia.pipeline import worker
from storage.blobs import BlobsUnavailable
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.journal_file import JournalUnavailable
from storage.schema import customers, messages, quarantine, signals, targets
from tests.contacts import START, inbound, phone
from tests.pipeline.conftest import RULESET, Line
from tests.servers.postgresql import PostgreSQLServer

STATUS = Status(
    event_key="wamid.S1/read",
    external_id="wamid.S1",
    brand="demo",
    channel="whatsapp",
    account="1",
    state="failed",
    raw=b'{"status":"failed"}',
    at=START,
    error="131047",
)
EVENT = ChannelEvent(event_key="e1", type="number_changed", account="1", raw=b'{"field":"x"}')
UNREADABLE = Unreadable(
    reason="unreadable", raw=b"\xff\x00 not JSON", content_type="application/json", detail="entry: expected an object"
)


async def test_a_contact_goes_all_the_way(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", text="Vorrei un rimborso"))
    await line.idle()
    (row,) = await line.rows(messages)
    assert (row["external_id"], row["category"], row["ruleset"], row["sequence"]) == ("m1", "returns", RULESET.hash, 1)
    assert (bytes(row["raw"]), row["raw_sha256"]) == (b'{"id":"m1"}', hashlib.sha256(b'{"id":"m1"}').hexdigest())
    assert sorted((one.queue, one.envelope_id) for one in line.queues.seen) == [
        ("demo.partners", row["id"]),
        ("demo.returns", row["id"]),
    ]
    assert {one.body for one in line.queues.seen} == {bytes(row["envelope"])}
    found = await line.books()
    assert (found.accepted, found.published, found.balance) == (1, 1, True)
    assert await line.journal.count_pending() == 0


async def test_statuses_and_events_are_signals(line: Line) -> None:
    line.start()
    await line.accept(statuses=(STATUS,), events=(EVENT,))
    await line.idle()
    rows = {row["type"]: row for row in await line.rows(signals)}
    status, event = rows["status"], rows["event"]
    assert (status["external_id"], status["state"], status["error"]) == ("wamid.S1", "failed", "131047")
    assert (bytes(status["raw"]), status["at_ms"]) == (STATUS.raw, int(START.timestamp() * 1000))
    assert (event["state"], bytes(event["raw"]), event["external_id"]) == ("number_changed", EVENT.raw, None)
    found = await line.books()
    assert (found.signals, found.balance, line.queues.seen) == (2, True, [])


async def test_what_cannot_be_read_is_held_with_its_bytes(line: Line) -> None:
    line.start()
    await line.accept(unreadable=(UNREADABLE,))
    await line.idle()
    (row,) = await line.rows(quarantine)
    assert (row["reason"], bytes(row["raw"]), row["detail"]) == ("unreadable", UNREADABLE.raw, UNREADABLE.detail)
    assert row["raw_sha256"] == hashlib.sha256(UNREADABLE.raw).hexdigest()
    assert (row["connector"], row["content_type"], row["state"]) == ("whatsapp", "application/json", "held")


async def test_a_discarded_contact_has_no_target_and_its_rule(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", automated="honeypot"))
    await line.idle()
    (row,) = await line.rows(messages)
    assert (row["discarded_by"], await line.rows(targets)) == ("robots", [])
    found = await line.books()
    assert (found.discarded, found.balance) == (1, True)


async def test_repeats_at_once_and_later_change_nothing(line: Line) -> None:
    line.start()
    await asyncio.gather(*(line.accept(inbound("m1")) for _ in range(3)))
    await line.idle()
    await line.accept(inbound("m1", text="anderer Text"), unreadable=(UNREADABLE,))
    await line.accept(unreadable=(UNREADABLE,), statuses=(STATUS, STATUS))
    await line.idle()
    assert [len(await line.rows(table)) for table in (messages, customers, quarantine, signals)] == [1, 1, 1, 1]
    assert len(line.queues.seen) == 1
    found = await line.books()
    assert (found.accepted, found.published, found.duplicate, found.balance) == (8, 1, 5, True)


async def test_the_same_event_in_two_journals(line: Line) -> None:
    """A provider's retry reaches another worker."""
    line.start()
    await line.accept(inbound("m1"))
    await line.idle()
    other = Journal.open(line.path.with_name("worker-1.sqlite"))
    pipeline = line.pipeline_of(other)
    line.intake._journal = other
    await line.accept(inbound("m1"), inbound("m2"))
    pipeline.start()
    await line.until(lambda: pipeline.idle)
    await line.idle()
    assert sorted(await line.envelopes()) == ["m1", "m2"]
    found = await line.books()
    assert (found.accepted, found.published, found.duplicate, found.balance) == (3, 2, 1, True)
    await pipeline.stop()
    await other.close()


class TestAMessageThatFailsItsBatch:
    async def poison(self, line: Line) -> dict[str, Any]:
        """Fields of a contact that this database refuses."""
        if not line.database.is_sqlite:  # too long for an index
            return {"external_id": "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))}
        trigger = (
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.external_id = 'wamid.bad'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        await line.database.write(lambda connection: connection.execute(text(trigger)))
        return {"external_id": "wamid.bad"}

    async def test_it_goes_alone_to_quarantine(self, line: Line) -> None:
        bad = await self.poison(line)
        names = [f"m{number}" for number in range(12)]
        for number, name in enumerate(names):
            await line.accept(inbound(name, phone(f"+39333{number % 3}"), **(bad if number in (4, 7) else {})))
        line.start()
        await line.idle()
        good = [name for number, name in enumerate(names) if number not in (4, 7)]
        assert sorted(await line.envelopes()) == sorted(good)
        assert sorted(await line.held()) == [("commit_failed", b'{"id":"m4"}'), ("commit_failed", b'{"id":"m7"}')]
        sequences = sorted((row["handle_value"], row["sequence"]) for row in await line.rows(messages))
        assert sequences == [(f"+39333{who}", n) for who, count in ((0, 4), (1, 2), (2, 4)) for n in range(1, count + 1)]
        assert sorted(one.envelope_id for one in line.queues.seen) == sorted(row["id"] for row in await line.rows(messages))
        found = await line.books()
        assert (found.accepted, found.published, found.quarantined, found.balance) == (12, 10, 2, True)

    async def test_customers_are_numbered_without_it(self, line: Line) -> None:
        bad = await self.poison(line)
        for name in ("m1", "m2", "m3"):
            await line.accept(inbound(name, **(bad if name == "m2" else {})))
        line.start()
        await line.idle()
        assert sorted(row["sequence"] for row in await line.rows(messages)) == [1, 2]
        (customer,) = await line.rows(customers)
        assert customer["messages"] == 2

    async def test_a_key_too_long_for_an_index(self, line: Line) -> None:
        """PostgreSQL refuses it with the class of errors that also means that it is away; it must not stop the line."""
        noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))
        await line.accept(inbound("m1"), inbound("m2", external_id=noise), inbound("m3"))
        line.start()
        await line.idle()
        expected = [] if line.database.is_sqlite else [("commit_failed", b'{"id":"m2"}')]
        assert await line.held() == expected
        assert {"m1", "m3"} <= set(await line.envelopes())
        assert (await line.books()).balance

    async def test_signals_and_unreadable_bytes_too(self, line: Line) -> None:
        if line.database.is_sqlite:
            trigger = (
                "CREATE TRIGGER refuse BEFORE INSERT ON signals WHEN NEW.error = 'bad'"
                " BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
            await line.database.write(lambda connection: connection.execute(text(trigger)))
        error = "bad" if line.database.is_sqlite else "bad\x00"
        bad = Status(
            event_key="s", external_id="x", brand="demo", channel="w", account=None, state="read", raw=b"raw", error=error
        )
        await line.accept(inbound("m1"), statuses=(STATUS, bad))
        line.start()
        await line.idle()
        assert await line.held() == [("commit_failed", b"raw")]
        assert len(await line.rows(signals)) == 1
        assert (await line.books()).balance


def away(server: PostgreSQLServer) -> None:
    """Two seconds without a server."""
    server._process.stop(signal.SIGINT)
    time.sleep(2)
    server.restart()


class TestADatabaseThatIsAway:
    async def test_contacts_are_accepted_and_committed_afterwards(
        self, postgresql: PostgreSQLServer, postgresql_url: str, tmp_path: Any
    ) -> None:
        database = Database(postgresql_url)
        line = Line(database, tmp_path)
        line.start()
        await line.accept(inbound("m0"))
        await line.idle()
        down = asyncio.create_task(asyncio.to_thread(away, postgresql))
        number = 0
        while not down.done():
            number += 1
            await asyncio.wait_for(line.accept(inbound(f"m{number}", phone(f"+39333{number % 5}"))), 10)
            await asyncio.sleep(0.02)
        await down
        await line.idle()
        assert number > 10
        assert len(await line.envelopes()) == number + 1
        assert len({one.envelope_id for one in line.queues.seen}) == number + 1
        found = await line.books()
        assert (found.accepted, found.published, found.balance) == (number + 1, number + 1, True)
        await line.stop()
        await line.journal.close()
        await database.close()

    async def test_a_commit_whose_answer_was_lost(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """It was done, and nobody knows: the retry changes nothing, and its envelopes go out without a restart."""
        real, lost = line.database.write, [True]

        async def write(work: Callable[..., Any]) -> Any:
            result = await real(work)
            if lost and "transaction" in work.__qualname__:
                lost.pop()
                raise DatabaseUnavailable("connection lost during COMMIT")
            return result

        monkeypatch.setattr(line.database, "write", write)
        await line.accept(*(inbound(f"m{number}", phone(f"+39{number % 4}")) for number in range(20)))
        line.start()
        await line.until(lambda: not lost)
        await line.accept(inbound("later"))
        await line.idle()
        assert len(await line.envelopes()) == 21
        assert len(line.queues.seen) == len({one.envelope_id for one in line.queues.seen}) == 21
        found = await line.books()
        assert (found.published, found.balance) == (21, True)

    async def test_order_holds(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = line.database.write, [0]

        async def write(work: Callable[..., Any]) -> Any:
            calls[0] += 1
            if calls[0] % 3 == 0:
                raise DatabaseUnavailable("away")
            return await real(work)

        monkeypatch.setattr(line.database, "write", write)
        line.start()
        for number in range(40):
            await line.accept(inbound(f"m{number:02}", phone(f"+39{number % 4}")))
        await line.idle()
        stored = [(row["handle_value"], row["external_id"], row["sequence"]) for row in await line.rows(messages)]
        for who in range(4):
            own = sorted((sequence, name) for handle, name, sequence in stored if handle == f"+39{who}")
            assert own == [(at + 1, f"m{4 * at + who:02}") for at in range(10)]


async def test_blobs_that_are_away(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = line.blobs.put, [BlobsUnavailable("full")] * 3

    async def put(content: bytes) -> Any:
        if failures:
            raise failures.pop()
        return await real(content)

    monkeypatch.setattr(line.blobs, "put", put)
    raw = b'{"a":"' + b"x" * 70_000 + b'"}'
    await line.accept(inbound("m1", raw=raw), inbound("m2"))
    line.start()
    await line.idle()
    large, small = sorted(await line.rows(messages), key=lambda row: row["external_id"])
    assert (large["raw"], bytes(small["raw"])) == (None, b'{"id":"m2"}')
    assert await line.blobs.get(large["raw_sha256"]) == raw


async def test_blobs_that_are_away_hold_up_only_who_needs_them(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    real, away = line.blobs.put, True

    async def put(content: bytes) -> Any:
        if away:
            raise BlobsUnavailable("full")
        return await real(content)

    monkeypatch.setattr(line.blobs, "put", put)
    raw = b'{"a":"' + b"x" * 70_000 + b'"}'
    uploads = [inbound(f"u{number}", phone(f"+4{number}"), raw=raw) for number in range(4)]
    late = [inbound(f"l{number}", phone(f"+4{number}")) for number in range(4)]
    texts = [inbound(f"t{number}", phone(f"+5{number % 3}")) for number in range(30)]
    line.start()
    for contact in (*uploads, *late, *texts):
        await line.accept(contact)
    async with asyncio.timeout(20):
        while len(await line.envelopes()) < 30:
            await asyncio.sleep(0.01)
    assert set(await line.envelopes()) == {f"t{number}" for number in range(30)}
    assert not line.pipeline.idle
    away = False
    await line.idle()
    sequences = {row["external_id"]: row["sequence"] for row in await line.rows(messages) if row["external_id"][0] in "ul"}
    assert sequences == {f"{kind}{number}": at for number in range(4) for at, kind in ((1, "u"), (2, "l"))}
    assert (await line.books()).balance


async def test_a_row_that_not_even_quarantine_takes(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sender waits; the rest of its batch does not, and later batches do not fail because of it."""
    real, broken, sizes = worker.commit, True, []

    def commit(connection: Any, batch: Any, settings: Any, put_since: Any) -> Any:
        between = len(sizes) % 2 == 0  # after the batch come pairs, the row and its quarantine: repaired only between pairs
        if (broken or between) and any(one.row.seq == 2 for one in batch):
            sizes.append(len(batch))
            raise LookupError("a defect")
        return real(connection, batch, settings, put_since)

    monkeypatch.setattr(worker, "commit", commit)
    await line.accept(*(inbound(f"m{number}", phone(f"+39{number % 4}")) for number in range(12)))
    line.start()
    async with asyncio.timeout(20):
        while len(await line.envelopes()) < 9 or len(sizes) < 9:
            await asyncio.sleep(0.01)
    await line.accept(inbound("later", phone("+390")))
    async with asyncio.timeout(20):
        while "later" not in await line.envelopes():
            await asyncio.sleep(0.01)
    assert not {"m1", "m5", "m9"} & set(await line.envelopes())
    assert [size for size in sizes if size > 1] == [12]
    broken = False
    await line.idle()
    sequences = {row["external_id"]: row["sequence"] for row in await line.rows(messages)}
    assert (sequences["m1"], sequences["m5"], sequences["m9"], len(sequences)) == (1, 2, 3, 13)
    assert (await line.books()).balance


@pytest.mark.parametrize("error", [JournalUnavailable("away"), LookupError("a defect")], ids=["away", "defect"])
async def test_a_journal_that_cannot_be_read_is_read_again(
    line: Line, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real, failures = line.journal.pending, [error] * 4

    async def pending(**limits: int) -> Any:
        if failures:
            raise failures.pop()
        return await real(**limits)

    monkeypatch.setattr(line.journal, "pending", pending)
    await line.accept(inbound("m1"))
    line.start()
    await line.idle()
    assert list(await line.envelopes()) == ["m1"]


class TestProcessedAgain:
    async def test_the_bytes_stay_what_they_were(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """The process died between the commit and the done mark."""
        monkeypatch.setattr(line.journal, "done", lambda seqs: None)
        await line.accept(*(inbound(f"m{number}", text="Vorrei un rimborso") for number in range(5)), statuses=(STATUS,))
        await line.accept(inbound("m1"), unreadable=(UNREADABLE,))
        line.start()
        await line.idle()
        before = await line.rows(messages)
        published = len(line.queues.seen)
        assert await line.journal.count_pending() == 8
        first = await line.books()
        await line.restart()
        await line.idle()
        assert await line.rows(messages) == before
        assert len(line.queues.seen) == published
        assert await line.journal.count_pending() == 0
        assert (first, first.balance) == (await line.books(), True)

    async def test_a_commit_that_is_finished_after_the_next_start(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database may finish a dead process's COMMIT when the next one has read the outbox already."""
        real, held, finishing = line.database.write, asyncio.Event(), []

        async def finish(work: Callable[..., Any]) -> Any:
            await held.wait()
            return await real(work)

        async def write(work: Callable[..., Any]) -> Any:
            if not finishing:
                finishing.append(asyncio.create_task(finish(work)))
                return await asyncio.shield(finishing[0])
            if not held.is_set():
                await line.until(lambda: line.relay.idle)
                held.set()
                await finishing[0]
            return await real(work)

        monkeypatch.setattr(line.database, "write", write)
        await line.accept(*(inbound(f"m{number}", phone(f"+39{number % 2}")) for number in range(5)))
        line.start()
        await line.until(lambda: bool(finishing))
        await line.restart()
        await line.idle()
        assert len(await line.envelopes()) == 5
        assert len({one.envelope_id for one in line.queues.seen}) == 5

    async def test_stopped_in_the_middle_again_and_again(self, line: Line) -> None:
        for number in range(200):
            await line.accept(inbound(f"m{number:03}", phone(f"+39{number % 7}")))
        for pause in (0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05):
            await line.restart()
            await asyncio.sleep(pause)
            assert (await line.books()).balance
        await line.idle()
        assert len(await line.envelopes()) == 200
        bodies = {row["id"]: bytes(row["envelope"]) for row in await line.rows(messages)}
        assert all(bodies[one.envelope_id] == one.body for one in line.queues.seen)
        assert {one.envelope_id for one in line.queues.seen} == set(bodies)
        assert sorted((row["handle_value"], row["sequence"]) for row in await line.rows(messages)) == sorted(
            (f"+39{number % 7}", 1 + number // 7) for number in range(200)
        )

    async def test_a_row_of_another_version_is_held(self, line: Line) -> None:
        await line.accept(inbound("m1"), inbound("m2"))
        await line.journal.close()
        db = sqlite3.connect(line.path)
        db.execute("UPDATE rows SET payload = x'c1ff' WHERE seq = 1")
        db.commit()
        db.close()
        await line.restart()
        await line.idle()
        assert await line.held() == [("undecodable", b"\xc1\xff")]
        assert list(await line.envelopes()) == ["m2"]
        assert (await line.books()).balance


async def test_the_books_balance_while_contacts_come(line: Line) -> None:
    line.start()

    async def traffic() -> None:
        for number in range(120):
            await line.accept(
                inbound(f"m{number % 100}", phone(f"+39{number % 9}"), automated="honeypot" if number % 10 == 0 else None),
                statuses=(STATUS,) if number % 7 == 0 else (),
                unreadable=(UNREADABLE,) if number % 11 == 0 else (),
            )

    sending = asyncio.create_task(traffic())
    looks = 0
    while not sending.done() or not line.pipeline.idle:
        found = await line.books()
        assert found.balance, found.as_data()
        looks += 1
    await sending
    await line.idle()
    assert looks > 5
    found = await line.books()
    assert (found.balance, found.waiting, found.pending) == (True, 0, 0)
