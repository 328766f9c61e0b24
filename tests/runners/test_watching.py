"""Channels that are silent, and tokens that end: one event, one figure and one line each, over restarts and nodes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from connectors.base import BaseConnector, ConnectorSettings, Credential, Http, Parsed, Request
from connectors.errors import HttpFailed, Rejected, SendFailed
from regia.gateway import Gateway
from regia.pipeline.intake import Intake
from regia.runners import tokens, watching
from regia.runners.watching import Watcher, Watching
from regia.watch.sends import Sends
from regia.watch.settings import Watch
from regia.watch.traffic import Traffic
from storage import alarms, traffic
from storage.coordination import CoordinationUnavailable, LocalCoordination
from storage.database import DatabaseUnavailable
from storage.schema import signals
from storage.traffic import HOUR_MS, Counted, Hour
from tests.contacts import START, inbound
from tests.http.served import DESK, is_up, make_gateway, serving, worked_off

ALL = (1 << 60) - 1
FIGURES = ("regia_channel_silent", "regia_token_ok", "regia_token_expires_timestamp_seconds")
DAY = 86_400
REFUSED = SendFailed("auth", "who are you", provider_code="190")


class Channel(BaseConnector[ConnectorSettings]):
    """Says of its tokens what a test lays ready."""

    def __init__(self, name: str) -> None:
        super().__init__(name, ConnectorSettings(type=name))
        self.says: Sequence[Credential] | Exception | float = ()
        self.asked = 0

    @property
    def brands(self) -> frozenset[str]:
        return frozenset({"demo"})

    def verify(self, request: Request) -> None:
        """Nothing is received here."""

    def parse(self, request: Request) -> Parsed:
        return Parsed()

    async def credentials(self, http: Http) -> Sequence[Credential]:
        self.asked += 1
        match self.says:
            case Exception() as error:
                raise error
            case int() | float() as seconds:
                await asyncio.sleep(seconds)
                return ()
            case found:
                return found


class Clock:
    """Seconds since 1970, the same for all nodes; `wrong` is how far the clock is from the truth."""

    def __init__(self) -> None:
        self.time = START.timestamp()
        self.wrong = 0.0

    def __call__(self) -> float:
        return self.time + self.wrong

    def steady(self) -> float:
        return self.time

    @property
    def ms(self) -> int:
        return int(self() * 1000)


@dataclass
class Node:
    gateway: Gateway
    watcher: Watcher
    clock: Clock

    async def minutes(self, number: int, *others: "Node") -> None:
        """So many minutes of a gateway that runs, and of others beside it."""
        for _ in range(number):
            self.clock.time += 60
            for node in (self, *others):
                node.gateway.traffic.there(node.gateway.configured.connectors)
                await node.watcher.look()
                await node.watcher.look_at_tokens()

    async def contact(self, name: str, connector: str = "chat") -> None:
        await self.gateway.intake.accept(connector, Parsed(messages=(inbound(name),)))

    async def events(self) -> list[tuple[str, dict[str, str]]]:
        """Type and content, in their order."""
        await worked_off(self.gateway)
        query = select(signals).order_by(text("rowid"))
        found = await self.gateway.stores.database.read(lambda connection: connection.execute(query).all())
        return [(row.state, orjson.loads(row.raw)) for row in found]

    async def types(self) -> list[str]:
        return [type_ for type_, _ in await self.events()]

    async def learn(self, connector: str = "chat", *, weeks: int = 3, contacts: int = 60) -> None:
        """So many weeks with the same in every hour, until now."""
        end = self.clock.ms // HOUR_MS
        rows = [
            Counted(connector=connector, hour=hour, contacts=contacts, minutes=ALL, last_ms=(hour + 1) * HOUR_MS - 60_000)
            for hour in range(end - weeks * 168 - 1, end)
        ]
        await self.gateway.stores.database.write(lambda connection: traffic.add(connection, rows))

    async def hours(self, connector: str = "chat") -> list[Hour]:
        return await self.gateway.stores.database.read(lambda connection: traffic.hours(connection, connector, 0))


def figure(figure_: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(figure_, labels)


Make = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat() -> Channel:
    return Channel("chat")


@pytest.fixture
def coordination() -> LocalCoordination:
    """What the nodes share, as they would share a Redis."""
    return LocalCoordination()


@pytest.fixture
async def make(
    tmp_path: Path, migrated_sqlite: Path, clock: Clock, chat: Channel, coordination: LocalCoordination
) -> AsyncIterator[Make]:
    """`await make("n1")`: a gateway that works, with its watcher; one database for all."""
    async with AsyncExitStack() as stack:

        async def made(node: str = "n1", *, shared: Any = None, watch: dict[str, Any] | None = None) -> Node:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node)
            settings = gateway.configured.settings.model_copy(update={"watch": Watch.model_validate(watch or {})})
            gateway.stores = replace(gateway.stores, coordination=shared or coordination)
            gateway.configured = replace(gateway.configured, connectors={"chat": chat}, settings=settings)
            gateway.traffic, gateway.sends = Traffic(clock), Sends(clock, clock.steady)
            gateway.intake = Intake(gateway.journal, gateway.traffic)
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            return Node(gateway, Watcher(gateway, now=clock, clock=clock.steady), clock)

        yield made


@pytest.fixture
async def node(make: Make) -> Node:
    made: Node = await make()
    return made


def restarted(node: Node) -> Node:
    """What a new process would know."""
    gateway = node.gateway
    gateway.traffic, gateway.sends = Traffic(node.clock), Sends(node.clock, node.clock.steady)
    gateway.intake = Intake(gateway.journal, gateway.traffic)
    gateway.alarms.clear()
    return Node(gateway, Watcher(gateway, now=node.clock, clock=node.clock.steady), node.clock)


# Silence


async def test_a_silent_channel_is_one_event_one_figure_and_one_line(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    await node.learn()
    await node.contact("m1")
    last = node.clock.ms
    with caplog.at_level(logging.INFO, "regia.runners.alarms"):
        await node.minutes(29)
        assert (await node.types(), figure("regia_channel_silent", connector="chat")) == ([], 0)
        await node.minutes(2)
        [(type_, said)] = await node.events()
        assert (type_, said["connector"], said["kind"]) == ("channel.silent", "chat", "silent")
        assert datetime.fromisoformat(said["since"]).timestamp() * 1000 == last
        assert figure("regia_channel_silent", connector="chat") == 1
        assert node.gateway.alarms == {"chat": "silent: no contact since 2026-11-21T18:00:00+00:00, where 30 are usual"}
        for _ in range(3):
            node = restarted(node)
            await node.minutes(40)
        assert await node.types() == ["channel.silent"]
        await node.contact("m2")
        await node.minutes(1)
    assert await node.types() == ["channel.silent", "channel.back"]
    assert (await node.events())[1][1]["ending"] == "back"
    assert figure("regia_channel_silent", connector="chat") == 0
    assert node.gateway.alarms == {}
    lines = [(record.getMessage(), record.__dict__["connector"]) for record in caplog.records]
    assert lines == [("a channel is silent against its habit", "chat"), ("a channel is not silent", "chat")]
    await node.minutes(31)
    assert await node.types() == ["channel.silent", "channel.back", "channel.silent"]


async def test_a_gateway_that_was_off_for_a_day_says_nothing(node: Node) -> None:
    await node.learn()
    await node.contact("m1")
    await node.minutes(10)
    node.clock.time += DAY
    node = restarted(node)
    await node.minutes(19)
    assert await node.types() == []
    await node.minutes(3)
    assert await node.types() == ["channel.silent"]


async def test_a_quiet_channel_takes_longer_and_a_new_one_is_not_known(make: Make) -> None:
    node = await make()
    await node.learn(contacts=3)
    await node.contact("m1")
    await node.minutes(195)
    assert await node.types() == []
    await node.minutes(25)
    assert await node.types() == ["channel.silent"]


@pytest.mark.parametrize("weeks", [0, 0.9])
async def test_before_a_week_is_known_nothing_is_said(node: Node, weeks: float) -> None:
    await node.learn(weeks=0)
    node.clock.time += weeks * 7 * DAY
    await node.contact("m1")
    await node.minutes(120)
    assert await node.types() == []


async def test_what_is_off_or_has_limits_of_its_own(make: Make) -> None:
    node = await make(watch={"silence": {"connectors": {"chat": "off"}}})
    await node.learn()
    await node.contact("m1")
    await node.minutes(90)
    assert await node.types() == []
    assert figure("regia_channel_silent", connector="chat") is None
    await node.watcher.close()
    own = await make("n2", watch={"silence": {"connectors": {"chat": {"contacts": 90}}}})
    await own.contact("m2")
    await own.minutes(120)
    assert await own.types() == []
    await own.minutes(30)
    assert await own.types() == ["channel.silent"]


async def test_what_is_not_watched_any_more_is_no_alarm(make: Make, coordination: LocalCoordination) -> None:
    node = await make()
    await node.learn()
    await node.contact("m1")
    await node.minutes(31)
    await node.watcher.close()
    off = await make("n2", watch={"silence": {"connectors": {"chat": "off"}}})
    await off.minutes(1)
    [_, (type_, said)] = await off.events()
    assert (type_, said["ending"]) == ("channel.back", "not_watched")


async def test_after_an_outage_of_the_database_other_nodes_may_add_first(node: Node) -> None:
    await node.learn()
    await node.contact("m1")
    for _ in range(40):
        node.clock.time += 60
        node.gateway.traffic.there(["chat"])
    node.watcher.silences.disturbed()
    await node.watcher.look()
    await node.minutes(2)
    assert await node.types() == []
    await node.minutes(1)
    assert await node.types() == ["channel.silent"]


async def test_minutes_and_contacts_of_an_outage_are_added_later(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_work: Any) -> None:
        raise DatabaseUnavailable("it is away")

    await node.minutes(1)
    await node.contact("m1")
    with monkeypatch.context() as broken:
        broken.setattr(node.gateway.stores.database, "write", away)
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await node.minutes(1)
            await node.contact("m2")
    await node.minutes(1)
    [hour] = await node.hours()
    assert (hour.contacts, hour.minutes.bit_count()) == (2, 5)


async def test_hours_before_the_last_nine_weeks_go(node: Node) -> None:
    await node.learn(weeks=10)
    await node.minutes(59)
    assert len(await node.hours()) == 10 * 168 + 2, "not before the clock has gone evenly for an hour"
    await node.minutes(2)
    assert len(await node.hours()) == 9 * 168 + 1


# A clock that is set while it runs


@pytest.mark.parametrize("minutes", [1, 25])
async def test_a_contact_of_a_clock_that_was_a_month_ahead_hides_no_silence(node: Node, minutes: int) -> None:
    await node.learn()
    await node.contact("m1")
    await node.minutes(1)
    node.clock.wrong = 30 * DAY
    await node.contact("m2")
    await node.minutes(minutes)
    node.clock.wrong = 0
    node = restarted(node) if minutes > 1 else node
    assert await node.types() == []
    await node.minutes(40)
    assert await node.types() == ["channel.silent"]
    await node.minutes(24)
    assert max(hour.hour for hour in await node.hours()) == node.clock.ms // HOUR_MS, "the row is put right"


async def test_for_a_clock_that_is_wrong_for_a_while_nothing_is_thrown_away(node: Node) -> None:
    await node.learn(weeks=8)
    await node.minutes(61)
    for wrong in (-56 * 365 * DAY, 99 * DAY):
        node.clock.wrong = wrong
        await node.minutes(50)
    node.clock.wrong = 0
    await node.minutes(2)
    now = node.clock.ms // HOUR_MS
    assert len([hour for hour in await node.hours() if 0 <= now - hour.hour <= 8 * 168]) > 8 * 168


async def test_a_clock_that_goes_back_a_day_stops_nothing(node: Node, chat: Channel) -> None:
    """Contacts are added, providers are asked, and what was silent by the other time is not for a day."""
    chat.says = [Credential(name="access_token")]
    await node.learn()
    await node.minutes(2)
    await node.contact("m1")
    await node.minutes(31)
    assert await node.types() == ["channel.silent"]
    node.clock.wrong = -DAY
    asked = chat.asked
    await node.contact("m2")
    await node.minutes(1)
    assert await node.types() == ["channel.silent", "channel.back"]
    await node.minutes(70)
    assert chat.asked > asked


# Several nodes, and killed in between


async def test_of_two_nodes_one_watches(make: Make, chat: Channel) -> None:
    one, other = await make("n1"), await make("n2")
    await one.learn()
    await other.contact("m1")
    await one.minutes(25, other)
    await other.contact("m2")
    await one.minutes(29, other)
    assert await one.types() == []
    await one.minutes(3, other)
    assert await one.types() == ["channel.silent"]
    assert one.gateway.alarms == other.gateway.alarms != {}
    assert (one.watcher._leads, other.watcher._leads) == (True, False)
    await one.watcher.close()
    await other.contact("m3")
    await other.minutes(2)
    assert other.watcher._leads
    assert await other.types() == ["channel.silent", "channel.back"]


class Away(LocalCoordination):
    async def acquire(self, name: str, owner: str, ttl: float) -> int | None:
        raise CoordinationUnavailable("Redis is away")


async def test_two_nodes_that_know_nothing_of_each_other_tell_one_event(make: Make, chat: Channel) -> None:
    one, other = await make("n1", shared=Away()), await make("n2", shared=Away())
    chat.says = [Credential(name="access_token", valid=False)]
    await one.learn()
    await one.contact("m1")
    await one.minutes(35, other)
    assert sorted(await one.types()) == ["channel.silent", "token.refused"]
    chat.says = [Credential(name="access_token")]
    await other.contact("m2")
    await one.minutes(70, other)
    assert (await one.types()).count("channel.back") == 1
    assert (await one.types()).count("token.back") == 1


async def test_an_event_that_the_journal_does_not_take_comes_later(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise Rejected("unavailable", "nothing was accepted")

    await node.learn()
    await node.contact("m1")
    with monkeypatch.context() as broken:
        broken.setattr(node.gateway.intake, "accept", full)
        await node.minutes(33)
        assert list(node.gateway.alarms) == ["chat"]
    await node.contact("m2")
    node = restarted(node)
    await node.contact("m3")
    await node.minutes(1)
    assert await node.types() == ["channel.silent", "channel.back"]


@pytest.mark.parametrize("step", ["tell", "drop"])
async def test_killed_after_the_event_and_before_its_mark(node: Node, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def die(*_: object) -> None:
        raise Killed

    async def live() -> None:
        await node.minutes(31)
        await node.contact("m2")
        await node.minutes(1)

    await node.learn()
    await node.contact("m1")
    with monkeypatch.context() as broken:
        broken.setattr(alarms, step, die)
        with pytest.raises(Killed):
            await live()
    node = restarted(node)
    await node.contact("m3")
    await node.minutes(2)
    assert await node.types() == ["channel.silent", "channel.back"]


# Tokens


def expiring(clock: Clock, days: float, name: str = "access_token") -> Credential:
    return Credential(name=name, expires_at=datetime.fromtimestamp(clock.time, UTC) + timedelta(days=days))


async def test_a_token_that_ends_and_is_renewed(node: Node, chat: Channel, caplog: pytest.LogCaptureFixture) -> None:
    chat.says = [expiring(node.clock, 7.5), Credential(name="other")]
    await node.minutes(2)
    assert (chat.asked, await node.types()) == (1, [])
    assert figure("regia_token_ok", connector="chat", name="access_token") == 1
    assert figure("regia_token_ok", connector="chat", name="other") == 1
    ends = figure("regia_token_expires_timestamp_seconds", connector="chat", name="access_token")
    assert ends == pytest.approx(START.timestamp() + 7.5 * DAY)
    assert figure("regia_token_expires_timestamp_seconds", connector="chat", name="other") is None
    node.clock.time += 0.6 * DAY
    chat.says = [expiring(node.clock, 6.9), Credential(name="other")]
    await node.minutes(1)
    node = restarted(node)
    await node.minutes(3)
    [(type_, said)] = await node.events()
    assert (type_, said["token"], said["kind"]) == ("token.expiring", "access_token", "token_expiring")
    assert list(node.gateway.alarms) == ["chat/access_token"]
    assert node.gateway.alarms["chat/access_token"].startswith("expiring: it ends at 2026-11-2")
    chat.says = [expiring(node.clock, 60), Credential(name="other")]
    await node.minutes(70)
    assert await node.types() == ["token.expiring", "token.back"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "a token is about to expire"
    ]


async def test_a_refused_token_is_known_within_an_hour_and_an_error_says_nothing(node: Node, chat: Channel) -> None:
    chat.says = [Credential(name="access_token")]
    await node.minutes(2)
    chat.says = [Credential(name="access_token", valid=False)]
    await node.minutes(70)
    assert await node.types() == ["token.refused"]
    assert figure("regia_token_ok", connector="chat", name="access_token") == 0
    for nothing in (HttpFailed("timeout", sent=True), ZeroDivisionError()):
        chat.says = nothing
        await node.minutes(70)
        assert await node.types() == ["token.refused"]
        assert list(node.gateway.alarms) == ["chat/access_token"]
    chat.says = [Credential(name="access_token")]
    await node.minutes(70)
    assert await node.types() == ["token.refused", "token.back"]
    assert figure("regia_token_ok", connector="chat", name="access_token") == 1


async def test_a_connector_that_does_not_answer_is_left(node: Node, chat: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_LONGEST", 0.02)
    chat.says = 3600
    await node.minutes(2)
    assert chat.asked == 1
    assert await node.types() == []


async def test_a_token_that_the_settings_do_not_have_any_more_is_no_alarm(node: Node, chat: Channel) -> None:
    chat.says = [expiring(node.clock, 1), Credential(name="other", valid=False)]
    await node.minutes(2)
    chat.says = []
    await node.minutes(70)
    assert [(type_, said.get("ending")) for type_, said in await node.events()] == [
        ("token.expiring", None),
        ("token.refused", None),
        ("token.back", "not_watched"),
        ("token.back", "not_watched"),
    ]


async def test_a_message_that_is_refused_tells_at_once(node: Node, chat: Channel) -> None:
    await node.minutes(1)
    node.gateway.sends.refused("chat", REFUSED)
    node.clock.time += 1
    await node.watcher.look()
    [(type_, said)] = await node.events()
    assert (type_, said["token"]) == ("token.refused", "sending")
    assert figure("regia_token_ok", connector="chat", name="sending") == 0
    node.gateway.sends.refused("chat", REFUSED)
    chat.says = [Credential(name="access_token", valid=False)]
    await node.minutes(70)
    node = restarted(node)
    await node.minutes(5)
    assert await node.types() == ["token.refused"], "one token, one event"
    node.gateway.sends.taken("chat")
    chat.says = [Credential(name="access_token")]
    await node.minutes(1)
    assert await node.types() == ["token.refused", "token.back"]
    assert figure("regia_token_ok", connector="chat", name="sending") is None


async def test_a_recipient_of_whom_nothing_is_said_is_no_alarm(node: Node) -> None:
    await node.minutes(1)
    node.gateway.sends.refused("chat", SendFailed("auth", "it was refused", provider_code="http_403"))
    node.gateway.sends.refused("chat", SendFailed("auth", "the connector has no access_token: set one to send"))
    await node.minutes(2)
    assert (await node.types(), node.gateway.alarms) == ([], {})


async def test_of_a_channel_that_sends_nothing_more_the_provider_ends_it(node: Node, chat: Channel) -> None:
    chat.says = [Credential(name="access_token")]
    await node.minutes(2)
    node.gateway.sends.refused("chat", REFUSED)
    await node.minutes(1)
    assert await node.types() == ["token.refused"]
    chat.says = HttpFailed("timeout", sent=True)
    await node.minutes(70)
    assert await node.types() == ["token.refused"]
    chat.says = [Credential(name="access_token")]
    await node.minutes(70)
    assert await node.types() == ["token.refused", "token.back"]
    assert node.gateway.alarms == {}


async def test_one_token_of_two_is_not_the_one_that_was_refused(node: Node, chat: Channel) -> None:
    await node.minutes(1)
    node.gateway.sends.refused("chat", REFUSED)
    chat.says = [Credential(name="one"), Credential(name="other", valid=False)]
    await node.minutes(140)
    assert await node.types() == ["token.refused"]


async def test_what_another_node_sends_ends_it_too(make: Make) -> None:
    one, other = await make("n1"), await make("n2")
    await one.minutes(1, other)
    other.gateway.sends.refused("chat", REFUSED)
    await one.minutes(1, other)
    assert await one.types() == ["token.refused"]
    one.clock.time += 1
    one.gateway.sends.taken("chat")
    await one.minutes(7, other)
    assert await one.types() == ["token.refused", "token.back"]


async def test_only_who_watches_asks_and_has_figures(make: Make, chat: Channel) -> None:
    one, other = await make("n1"), await make("n2")
    chat.says = [Credential(name="access_token")]
    await one.minutes(5, other)
    assert chat.asked == 1
    await other.watcher.look()
    other.watcher._show()
    assert [figure(name, connector="chat") for name in FIGURES[:1]] == [None]


# A whole gateway


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.02)
    monkeypatch.setattr(watching, "_LOOK", 0.01)
    monkeypatch.setattr(tokens, "_FIRST", 0.01)


async def test_of_a_gateway_over_http(
    tmp_path: Path, migrated_sqlite: Path, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(tmp_path, migrated_sqlite)
    desk: Any = gateway.configured.connectors["desk"]
    answers: list[Credential] = [Credential(name="token", valid=False)]

    async def credentials(_http: Http) -> Sequence[Credential]:
        return answers

    monkeypatch.setattr(desk, "credentials", credentials)
    body = {"sender": {"handle": {"kind": "phone", "value": "+393331234567"}}, "text": "La padella è rotta"}
    async with serving(gateway) as client:
        gateway.start()
        watching_ = Watching(gateway)
        watching_.start()
        await is_up(gateway)
        assert (await client.post("/v1/messages/desk", json=body, headers=DESK)).status == 202
        async with asyncio.timeout(10):
            while "alarms" not in (page := await (await client.get("/health/ready")).json()):
                await asyncio.sleep(0.02)
            assert page["alarms"] == {"desk/token": "refused: the provider says that it is not valid"}
            assert page["status"] == "ready"
            # Of one look, the alarm is there before the figure.
            while 'regia_token_ok{connector="desk",name="token"} 0.0' not in await (await client.get("/metrics")).text():
                await asyncio.sleep(0.02)
            while sum(hour.contacts for hour in await Node(gateway, watching_._watcher, Clock()).hours("desk")) != 1:
                await asyncio.sleep(0.02)
        gateway.traffic.came("desk", 1)
        started = time.monotonic()
        await watching_.stop()
        assert time.monotonic() - started < 1
        hours = await Node(gateway, watching_._watcher, Clock()).hours("desk")
        assert sum(hour.contacts for hour in hours) == 2
        assert sum(hour.minutes.bit_count() for hour in hours) >= 1


async def test_no_error_ends_the_watch_and_nothing_keeps_it_from_stopping(
    tmp_path: Path, migrated_sqlite: Path, often: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = make_gateway(tmp_path, migrated_sqlite)
    errors: list[Exception] = [DatabaseUnavailable("away"), ZeroDivisionError(), DatabaseUnavailable("away")]
    works = Watcher.look
    looked = 0

    async def look(self: Watcher) -> None:
        nonlocal looked
        if errors:
            raise errors.pop()
        await works(self)
        looked += 1

    monkeypatch.setattr(Watcher, "look", look)
    gateway.start()
    watching_ = Watching(gateway)
    watching_.start()
    try:
        async with asyncio.timeout(10):
            while looked < 3:
                await asyncio.sleep(0.01)

        async def hang(*_: object) -> None:
            await asyncio.sleep(3600)

        monkeypatch.setattr(gateway.stores.database, "write", hang)
        monkeypatch.setattr(gateway.stores.coordination, "release", hang)
        started = time.monotonic()
        await watching_.stop()
        assert time.monotonic() - started < 1
    finally:
        await gateway.stop()
    told = [record.getMessage() for record in caplog.records if record.name == "regia.runners.watching"]
    assert told == ["channels are not watched", "watching failed; it goes on"]
