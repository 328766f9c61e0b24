"""Sending over a real database and journal: killed at any point, nothing is sent twice, and every message has one end."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, delete, select

from connectors.base import Outgoing, Sent
from connectors.conformance.fake_http import FakeHttp
from connectors.errors import Rejected, SendCode, SendFailed
from desk.replies import Channels, Reply, queue
from identity.ids import new_id
from regia.links import Links
from regia.pipeline.accepted import AcceptedStatus, decode
from regia.pipeline.intake import Intake
from regia.runners import outcomes, sending, settling
from regia.runners.loading import Loader
from regia.runners.outcomes import BACKOFF
from regia.runners.sending import AT_ONCE, Sender
from regia.watch.sends import Sends
from storage import outgoing_ends, outgoing_parts, outgoing_tries
from storage.blobs import Blobs
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.schema import messages
from storage.schema import outgoing as table
from tests.answered import store
from tests.contacts import START

CHANNELS = Channels(can_send=lambda name: True, own=lambda handle: False)
HOUR = 3600.0


class Killed(BaseException):
    """The process ends here."""


class FakeChannel:
    """Sends into a list. `answers` are given in their order, then every message is taken."""

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []
        self.answers: list[Any] = []
        self.open = asyncio.Event()
        self.open.set()

    def outgoing_id(self, message: Outgoing) -> str:
        if message.text == "broken":
            raise SendFailed("unsupported", "the subject holds a line break")
        return f"regia.{message.token}@demo.example"

    async def send(self, message: Outgoing, http: object) -> Sent:
        self.seen.append(message)
        await self.open.wait()
        if self.answers and isinstance(answer := self.answers.pop(0), BaseException):
            raise answer
        return Sent(external_ids=(self.outgoing_id(message),))


class Desk:
    """One node with its journal. `restart` is what a new process would do with the same files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.channel = FakeChannel()
        self.blobs = Blobs.memory()
        self.time = START.timestamp()
        self.journal = Journal.open(folder / "journal.sqlite")
        self.intake = Intake(self.journal)
        self.restart()

    def restart(self) -> None:
        connectors: Any = {"mail": self.channel}
        self.sender = Sender(
            self.database,
            connectors,
            FakeHttp(),
            self.intake,
            "n1",
            loader=Loader(self.blobs, Links("https://gw.example", b"k")),
            now=lambda: self.time,
            clock=lambda: self.time,
        )

    async def queue(self, text: str = "Ciao", *, conversation: str | None = None, name: str = "m1", **more: Any) -> str:
        conversation = conversation or new_id("con")
        message_id = await store(self.database, f"{conversation} {name}", conversation=conversation, **more)
        reply = Reply(message_id=message_id, text=text, author="desk")
        return (await self.database.write(lambda connection: queue(connection, reply, CHANNELS, int(self.time * 1000)))).id

    async def step(self, seconds: float = 0.0) -> None:
        """Some time later: one look, everything that leaves by it, and what is told of that."""
        self.time += seconds
        await self.sender.look()
        await self.done()
        await self.sender._tell()

    async def done(self) -> None:
        async with asyncio.timeout(10):
            while self.sender._tasks:
                await asyncio.wait(self.sender._tasks)
                await asyncio.sleep(0)

    async def rows(self) -> list[dict[str, Any]]:
        def work(connection: Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(select(table).order_by(table.c.position)).mappings()]

        return await self.database.read(work)

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]

    async def told(self) -> list[tuple[str, str, str | None]]:
        """Token, state and error of the statuses in the journal."""
        found = [decode(row.payload) for row in await self.journal.pending(after=0, limit=1000) if row.kind == "status"]
        statuses = [one.status for one in found if isinstance(one, AcceptedStatus)]
        return [(one.token or "", one.state, one.error) for one in statuses]


@pytest.fixture
async def database(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    opened = Database(f"sqlite:///{tmp_path / 'regia.sqlite'}")
    yield opened
    await opened.close()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(database, tmp_path)
    yield made
    made.channel.open.set()
    await made.sender.close()
    await made.journal.close()


async def test_a_reply_is_sent_and_told(desk: Desk) -> None:
    id_ = await desk.queue(name="order@example.it", subject="Padella", reply_to="first@example.it")
    await desk.step()
    [sent] = desk.channel.seen
    [row] = await desk.rows()
    assert (sent.token, sent.text, sent.account, sent.subject) == (id_, "Ciao", "help@demo.example", "Padella")
    assert (sent.to.value, sent.conversation, sent.automatic) == ("anna@example.it", row["conversation_id"], False)
    assert (sent.in_reply_to or "").endswith("order@example.it")
    assert sent.last_inbound_at == START
    assert (row["state"], row["attempts"], row["external_id"]) == ("sent", 1, f"regia.{id_}@demo.example")
    assert await desk.told() == [(id_, "sent", None)]
    await desk.step(100)
    assert len(desk.channel.seen) == len(await desk.told()) == 1


async def test_an_account_that_is_to_wait_is_left_alone(desk: Desk) -> None:
    """Also by messages of other conversations: each call too early counts against the account."""
    desk.channel.answers = [SendFailed("rate_limited", "busy", retry_after=30)]
    await desk.queue("first")
    await desk.step()
    await desk.queue("second")
    await desk.step()
    assert [one.text for one in desk.channel.seen] == ["first"]
    await desk.step(31)
    assert sorted(one.text for one in desk.channel.seen[1:]) == ["first", "second"]
    assert await desk.states() == ["sent", "sent"]


async def test_every_part_is_known_by_its_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider tells of the second part is told of the message, also when a later one failed."""
    half = SendFailed("unknown", "part 3 failed after the ones before it had left")
    half.left = ("q1", "q2")
    answers: list[Sent | SendFailed] = [Sent(external_ids=("p1", "p2")), half]

    async def send(message: Outgoing, http: object) -> Sent:
        given = answers.pop(0)
        if isinstance(given, SendFailed):
            raise given
        return given

    monkeypatch.setattr(desk.channel, "send", send)
    whole, broken = await desk.queue(), await desk.queue()
    await desk.step()

    def parts(connection: Connection) -> list[list[str]]:
        return [outgoing_parts.parts_of(connection, one) for one in (whole, broken)]

    assert await desk.states() == ["sent", "unknown"]
    assert [sorted(found) for found in await desk.database.read(parts)] == [["p1", "p2"], ["q1", "q2"]]


async def test_the_id_at_the_provider_is_stored_before_anything_leaves(desk: Desk) -> None:
    desk.channel.open.clear()
    id_ = await desk.queue()
    await desk.sender.look()
    [row] = await desk.rows()
    assert (row["state"], row["external_id"]) == ("sending", f"regia.{id_}@demo.example")


FINAL: list[tuple[Exception, str, str | None, str]] = [
    (
        SendFailed("invalid_recipient", "no such user", provider_code="550 5.1.1"),
        "failed",
        "550 5.1.1",
        "invalid_recipient: no",
    ),
    (SendFailed("auth", "who are you"), "failed", None, "auth: who"),
    (SendFailed("unknown", "no answer"), "unknown", None, "unknown: no answer"),
    (ValueError("a defect"), "unknown", None, "unknown: ValueError"),
    (TimeoutError(), "unknown", None, "unknown: TimeoutError"),
]


@pytest.mark.parametrize(("error", "state", "code", "text"), FINAL)
async def test_an_end_is_never_tried_again(desk: Desk, error: Exception, state: str, code: str | None, text: str) -> None:
    desk.channel.answers = [error]
    id_ = await desk.queue()
    await desk.step()
    for _ in range(3):
        await desk.step(10 * HOUR)
    desk.restart()
    await desk.step(10 * HOUR)
    [row] = await desk.rows()
    assert len(desk.channel.seen) == 1
    assert (row["state"], row["provider_code"]) == (state, code)
    assert row["error"].startswith(text)
    assert await desk.told() == [(id_, "other:unknown" if state == "unknown" else state, row["error"])]


async def test_a_refused_token_is_noted_and_what_was_taken_after_it(desk: Desk) -> None:
    desk.channel.answers = [
        SendFailed("invalid_recipient", "no such user"),
        SendFailed("auth", "who are you", provider_code="535"),
        None,
    ]
    sends = desk.sender._sends = Sends(lambda: desk.time, lambda: desk.time)
    news = []
    for name in ("m1", "m2", "m3"):
        await desk.queue(name=name)
        await desk.step(1)
        news.append(sends.news())
    assert news == [[], ["mail"], ["mail"]]
    refused_ms = int(desk.time * 1000) - 1000
    desk.time += HOUR
    assert sends.over("mail", refused_ms)


async def test_what_cannot_be_composed_fails_with_its_reason(desk: Desk) -> None:
    await desk.queue("broken")
    desk.channel.answers = [SendFailed("unsupported", "the subject holds a line break")]
    await desk.step()
    [row] = await desk.rows()
    assert (row["state"], row["external_id"], row["error"]) == (
        "failed",
        None,
        "unsupported: the subject holds a line break",
    )


async def test_what_it_answers_may_be_erased_before_it_leaves(desk: Desk) -> None:
    await desk.queue()
    await desk.database.write(lambda connection: connection.execute(delete(messages)))
    await desk.step()
    assert (await desk.states(), desk.channel.seen, await desk.told()) == (["failed"], [], [])
    assert [row["told_ms"] for row in await desk.rows()] != [None]


async def test_another_try_comes_later_each_time_for_a_day(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("retryable", "later", provider_code="451 4.7.1")] * 100
    await desk.queue()
    began, tries = desk.time, []
    while (await desk.states()) != ["failed"]:
        await desk.step(-0.001)
        assert len(desk.channel.seen) == len(tries), "not before its time"
        await desk.step(0.001)
        tries.append(desk.time - began)
        [row] = await desk.rows()
        assert row["provider_code"] == "451 4.7.1"
        desk.time = row["due_ms"] / 1000
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert [round(gap) for gap in gaps] == [*BACKOFF, *[BACKOFF[-1]] * (len(gaps) - len(BACKOFF))]
    assert 22 * HOUR <= tries[-1] <= 24 * HOUR
    assert (await desk.states(), len(await desk.told())) == (["failed"], 1)


@pytest.mark.parametrize(
    ("code", "retry_after", "attempts", "seconds"),
    [
        ("retryable", None, 1, 30.0),
        ("retryable", None, 4, 1800.0),
        ("retryable", None, 50, 7200.0),
        ("retryable", 5.0, 1, 30.0),
        ("retryable", 50.0, 1, 50.0),
        ("rate_limited", None, 2, 120.0),
        ("rate_limited", 7.0, 5, 7.0),
        ("rate_limited", 1e9, 5, 7200.0),
    ],
)
def test_the_pause_before_another_try(code: SendCode, retry_after: float | None, attempts: int, seconds: float) -> None:
    assert outcomes.pause(attempts, SendFailed(code, "later", retry_after=retry_after)) == seconds


async def test_a_conversation_keeps_its_order_and_waits_for_its_first(desk: Desk) -> None:
    one, other = new_id("con"), new_id("con")
    for number in range(3):
        await desk.queue(f"one {number}", conversation=one, name=f"m{number}")
    await desk.queue("other", conversation=other)
    desk.channel.answers = [SendFailed("retryable", "later")]
    await desk.step()
    assert [message.text for message in desk.channel.seen] == ["one 0", "other"]
    await desk.step(29)
    assert len(desk.channel.seen) == 2
    for _ in range(3):
        await desk.step(1)
    assert [message.text for message in desk.channel.seen[2:]] == ["one 0", "one 1", "one 2"]


async def test_a_message_that_failed_holds_nobody_back(desk: Desk) -> None:
    conversation = new_id("con")
    for number in range(2):
        await desk.queue(f"{number}", conversation=conversation, name=f"m{number}")
    desk.channel.answers = [SendFailed("invalid_recipient", "no")]
    await desk.step()
    await desk.step()
    assert await desk.states() == ["failed", "sent"]


async def test_some_at_once_and_not_more(desk: Desk) -> None:
    desk.channel.open.clear()
    for _ in range(AT_ONCE + 3):
        await desk.queue()
    for _ in range(3):
        await desk.sender.look()
    await asyncio.sleep(0)
    assert len(desk.channel.seen) == AT_ONCE
    desk.channel.open.set()
    await desk.done()
    await desk.step()
    assert await desk.states() == ["sent"] * (AT_ONCE + 3)


def _dies(*_: object, **__: object) -> Any:
    raise Killed


POINTS: list[tuple[str, ModuleType, str, list[str]]] = [
    ("before it is claimed", outgoing_tries, "claim", ["sent"]),
    ("before the id is stored", outgoing_tries, "name", ["sent"]),
    ("before its end is recorded", outgoing_tries, "settle", ["unknown"]),
    ("before the end is read", outgoing_ends, "untold", ["sent"]),
    ("before the end is marked as told", outgoing_ends, "tell", ["sent"]),
]


@pytest.mark.parametrize(("_point", "module", "function", "end"), POINTS, ids=[point for point, *_ in POINTS])
async def test_killed_at_a_point_nothing_is_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, _point: str, module: ModuleType, function: str, end: list[str]
) -> None:
    id_ = await desk.queue()
    with monkeypatch.context() as deadly:
        deadly.setattr(module, function, _dies)
        with suppress(Killed):
            await desk.sender.look()
        await desk.done()
        with suppress(Killed):
            await desk.sender._tell()
    desk.restart()
    for _ in range(3):
        await desk.step(1)
    assert (len(desk.channel.seen), await desk.states()) == (1, end)
    assert [told[:2] for told in await desk.told()] == [(id_, "other:unknown" if end == ["unknown"] else "sent")]


async def test_killed_while_the_channel_has_it_nothing_is_sent_twice(desk: Desk) -> None:
    desk.channel.open.clear()
    id_ = await desk.queue()
    await desk.sender.look()
    await asyncio.sleep(0)
    assert len(desk.channel.seen) == 1
    for task in list(desk.sender._tasks):
        task.cancel()
    await desk.done()
    desk.channel.open.set()
    desk.restart()
    for _ in range(3):
        await desk.step(1)
    [row] = await desk.rows()
    assert (len(desk.channel.seen), row["state"]) == (1, "unknown")
    assert row["external_id"] == f"regia.{id_}@demo.example", "a report that comes later is understood"
    assert await desk.told() == [(id_, "other:unknown", row["error"])]


async def test_it_stops_with_what_is_on_its_way_arrived(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_LOOK", 0.01)
    desk.channel.open.clear()
    await desk.queue()
    running = asyncio.create_task(desk.sender.run())
    while not desk.channel.seen:
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    closing = asyncio.create_task(desk.sender.close())
    await asyncio.sleep(0.01)
    desk.channel.open.set()
    await closing
    assert (await desk.states(), len(await desk.told())) == (["sent"], 1)


async def test_a_database_or_journal_that_is_away_repeats_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "AGAIN", 0.005)
    id_ = await desk.queue()
    settle, away = outgoing_tries.settle, [True] * 3

    def sometimes(*arguments: Any) -> set[str]:
        if away and away.pop():
            raise DatabaseUnavailable("away")
        return settle(*arguments)

    monkeypatch.setattr(outgoing_tries, "settle", sometimes)

    async def refuse(*_: object) -> None:
        raise Rejected("unavailable", "the disk is full")

    with monkeypatch.context() as full:
        full.setattr(desk.intake, "accept", refuse)
        await desk.step()
    assert (await desk.states(), await desk.told()) == (["sent"], [])
    await desk.step()
    assert [told[0] for told in await desk.told()] == [id_]
    assert len(desk.channel.seen) == 1


async def test_a_defect_in_recording_is_that_of_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.channel.open.clear()
    ids = [await desk.queue(str(number)) for number in range(3)]
    settle, sizes = outgoing_tries.settle, list[int]()

    def broken(connection: Connection, node: str, tried: Sequence[outgoing_tries.Tried]) -> set[str]:
        sizes.append(len(tried))
        if any(one.row.id == ids[1] for one in tried):
            raise ValueError("a defect")
        return settle(connection, node, tried)

    with monkeypatch.context() as wrong:
        wrong.setattr(outgoing_tries, "settle", broken)
        await desk.sender.look()
        tasks = set(desk.sender._tasks)
        desk.channel.open.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await desk.done()
    assert [type(one) for one in ended if one is not None] == [ValueError]
    assert await desk.states() == ["sent", "sending", "sent"]
    assert sizes == [3, 1, 1, 1, 1]  # the last: that it is unknown cannot be recorded either


async def test_a_defect_ends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sending, "_LOOK", 0.005)
    due, errors = outgoing_tries.due, [ValueError("a defect"), DatabaseUnavailable("away")]

    def sometimes(*arguments: Any) -> set[str]:
        if errors:
            raise errors.pop()
        return due(*arguments)

    monkeypatch.setattr(outgoing_tries, "due", sometimes)
    await desk.queue()
    running = asyncio.create_task(desk.sender.run())
    with caplog.at_level(logging.WARNING, "regia.runners.sending"):
        async with asyncio.timeout(30):
            while await desk.states() != ["sent"]:
                await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


async def test_what_nobody_sends_any_more_ends_within_minutes(desk: Desk) -> None:
    """The connector was taken out of the configuration, and a node never came back."""
    await desk.queue(connector="gone")
    lost = await desk.queue()

    def of_another_node(connection: Connection) -> None:
        now_ms = int(desk.time * 1000)
        outgoing_tries.claim(connection, "mail", "n2", now_ms=now_ms, lost_ms=now_ms + 3_600_000, limit=1)

    await desk.database.write(of_another_node)
    await desk.step()
    assert await desk.states() == ["queued", "sending"]
    await desk.step(3600)
    assert await desk.states() == ["queued", "unknown"]
    await desk.step(24 * HOUR)
    assert await desk.states() == ["failed", "unknown"]
    assert {told[0]: told[1] for told in await desk.told()}[lost] == "other:unknown"
    assert desk.channel.seen == []


async def test_the_status_says_what_an_operator_needs(desk: Desk) -> None:
    id_ = await desk.queue()
    desk.channel.answers = [SendFailed("too_large", "the server said: 5.3.4 too big", provider_code="552 5.3.4")]
    await desk.step()
    [row] = await desk.journal.pending(after=0, limit=10)
    accepted = decode(row.payload)
    assert isinstance(accepted, AcceptedStatus)
    status = accepted.status
    assert (status.brand, status.channel, status.account, status.recipient) == (
        "demo",
        "email",
        "help@demo.example",
        "anna@example.it",
    )
    assert status.external_id == f"regia.{id_}@demo.example"
    assert orjson.loads(status.raw) == {
        "id": id_,
        "state": "failed",
        "attempts": 1,
        "provider_code": "552 5.3.4",
        "external_id": status.external_id,
        "error": "too_large: the server said: 5.3.4 too big",
    }
