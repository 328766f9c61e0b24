"""Contacts are counted by connector and hour, and given away once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ChannelEvent, Parsed
from connectors.errors import Rejected, SendCode, SendFailed
from regia.pipeline.intake import Intake
from regia.watch.sends import Sends
from regia.watch.traffic import Traffic
from storage.journal import Journal
from storage.journal_file import JournalUnavailable
from storage.traffic import HOUR_MS, Counted
from tests.contacts import START, inbound

REFUSED = SendFailed("auth", "who are you", provider_code="http_401")


class Clock:
    def __init__(self) -> None:
        self.time = START.timestamp()

    def __call__(self) -> float:
        return self.time

    @property
    def ms(self) -> int:
        return int(self.time * 1000)

    @property
    def hour(self) -> int:
        return self.ms // HOUR_MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_contacts_and_minutes_by_the_hour(clock: Clock) -> None:
    traffic = Traffic(clock)
    traffic.there(["chat", "mail"])
    traffic.came("chat", 2)
    clock.time += 60
    traffic.there(["chat", "mail"])
    traffic.there(["chat", "mail"])
    clock.time += 58 * 60
    last = clock.ms
    traffic.came("chat", 1)
    clock.time += 60
    traffic.there(["chat"])
    hour = clock.hour
    assert sorted(traffic.take(), key=lambda one: (one.connector, one.hour)) == [
        Counted(connector="chat", hour=hour - 1, contacts=3, minutes=1 << 59 | 0b11, last_ms=last),
        Counted(connector="chat", hour=hour, contacts=0, minutes=1, last_ms=0),
        Counted(connector="mail", hour=hour - 1, contacts=0, minutes=0b11, last_ms=0),
    ]
    assert traffic.take() == []


def test_what_could_not_be_added_is_added_to_what_came_since(clock: Clock) -> None:
    traffic = Traffic(clock)
    traffic.came("chat", 2)
    taken, last = traffic.take(), clock.ms
    clock.time += 60
    traffic.came("chat", 1)
    traffic.give_back(taken)
    [one] = traffic.take()
    assert (one.contacts, one.minutes, one.last_ms) == (3, 0b11, last + 60_000)


def test_a_minute_in_which_nothing_could_be_accepted_is_not_quiet(clock: Clock) -> None:
    traffic = Traffic(clock)
    traffic.hindered()
    traffic.there(["chat"])
    assert traffic.take() == []
    clock.time += 60
    traffic.there(["chat"])
    assert [one.minutes for one in traffic.take()] == [0b10]


async def test_the_intake_counts_new_contacts_and_nothing_else(clock: Clock, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal.sqlite")
    traffic = Traffic(clock)
    intake = Intake(journal, traffic)
    event = ChannelEvent(event_key="e", type="paused", account=None, raw=b"{}", at=datetime.now(UTC))
    old = (inbound("m3", backlog=True), inbound("m4", backlog=True))
    try:
        await intake.accept("chat", Parsed(messages=(inbound("m1"), inbound("m2")), events=(event,)))
        assert [one.contacts for one in traffic.take()] == [2]
        await intake.accept("chat", Parsed(messages=(inbound("m1"),)))
        await intake.accept("chat", Parsed(messages=old))
        await intake.accept("chat", Parsed(events=(event,)))
        assert traffic.take() == []
        await intake.accept("chat", Parsed(messages=(inbound("m1"), inbound("m5"))))
        assert [one.contacts for one in traffic.take()] == [1]
        await Intake(journal).accept("chat", Parsed(messages=(inbound("m6"),)))
        assert traffic.take() == []
    finally:
        await journal.close()


async def test_an_intake_that_can_accept_nothing_says_so(clock: Clock) -> None:
    class Full:
        async def accept(self, batch: Any) -> Any:
            raise JournalUnavailable("the disk is full")

    traffic = Traffic(clock)
    full: Any = Full()
    with pytest.raises(Rejected):
        await Intake(full, traffic).accept("chat", Parsed(messages=(inbound("m1"),)))
    traffic.there(["chat"])
    assert traffic.take() == []


def test_a_refusal_is_news_once_and_ends_when_a_message_is_taken(clock: Clock) -> None:
    sends = Sends(clock, clock)
    sends.taken("chat")
    clock.time += 1
    sends.refused("chat", REFUSED)
    raised = clock.ms
    assert sends.news() == ["chat"]
    sends.reported("chat")
    assert sends.news() == []
    clock.time += 3600
    assert not sends.over("chat", raised)
    sends.taken("chat")
    assert sends.over("chat", raised)
    assert not sends.over("mail", raised)


@pytest.mark.parametrize(
    ("code", "provider_code", "counts"),
    [
        ("auth", "190", True),
        ("auth", "http_401", True),
        ("auth", "535 5.7.8", True),
        ("auth", "http_403", False),
        ("auth", None, False),
        ("blocked_by_user", "551", False),
    ],
)
def test_only_what_is_about_us_is_news(clock: Clock, code: SendCode, provider_code: str | None, counts: bool) -> None:
    """A bare 403 may be one recipient's, and a connector without a token never asked anybody."""
    sends = Sends(clock, clock)
    sends.refused("chat", SendFailed(code, "it was refused", provider_code=provider_code))
    assert sends.news() == (["chat"] if counts else [])


def test_what_the_provider_says_of_the_token_ends_it_some_minutes_later(clock: Clock) -> None:
    sends = Sends(clock, clock)
    sends.refused("chat", REFUSED)
    raised = clock.ms
    clock.time += 299
    sends.valid("chat")
    clock.time += 3600
    assert not sends.over("chat", raised), "it was asked too soon after"
    sends.refused("chat", REFUSED)
    clock.time += 301
    sends.valid("chat")
    assert sends.over("chat", raised)
    sends.refused("chat", REFUSED)
    assert not sends.over("chat", raised)


@pytest.mark.parametrize("jump", [30 * 86_400, -86_400])
def test_a_clock_that_was_set_does_not_hold_up_the_end(clock: Clock, jump: float) -> None:
    wall = Clock()
    sends = Sends(wall, clock)
    wall.time += jump if jump > 0 else 0
    sends.refused("chat", REFUSED)
    raised = wall.ms
    wall.time -= abs(jump)
    assert not sends.over("chat", raised)
    for one in (wall, clock):
        one.time += 301
    assert not sends.over("chat", raised)
    sends.taken("chat")
    assert sends.over("chat", raised)


def test_of_several_accounts_one_may_be_refused(clock: Clock) -> None:
    """What the others send in the next minutes does not end it."""
    sends = Sends(clock, clock)
    sends.refused("chat", REFUSED)
    raised = clock.ms
    for _ in range(10):
        clock.time += 30
        sends.taken("chat")
        clock.time += 30
        assert not sends.over("chat", raised)
        sends.refused("chat", REFUSED)
    clock.time += 1
    sends.taken("chat")
    clock.time += 298
    assert not sends.over("chat", raised)
    clock.time += 2
    assert sends.over("chat", raised)
