"""How time passes: tables of a year's odd days, and whatever pauses there are against an oracle that counts every minute."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from desk.sla import running
from router.calendars import OutOfReach
from router.load import load
from router.working_time import WorkingTime
from storage.sla import Timer

RULES = """
categories: {general: {}}
default: general
calendars:
  office:
    timezone: Europe/Rome
    holidays: {country: IT}
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}
    closed: 2026-08-10..2026-08-21
  night: {timezone: America/New_York, hours: {mon-sun: "22:00-06:00"}}
  whole: {timezone: Europe/Rome, hours: {mon-sun: "00:00-24:00"}}
  once: {timezone: UTC, hours: {mon: "09:00-10:00"}, closed: 2026-03-03..2099-12-31}
"""
RULESET = load([("rules.yaml", RULES)])
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ms(written: str) -> int:
    return int(datetime.fromisoformat(written).timestamp() * 1000)


def timer(started_ms: int, promised_ms: int, ahead_ms: int = 0) -> Timer:
    return Timer(
        id="sla_1",
        conversation_id="con_1",
        message_id="m1",
        brand="demo",
        category="general",
        promise="resolution",
        state="running",
        started_ms=started_ms,
        promised_ms=promised_ms,
        ahead_ms=ahead_ms,
        since_ms=started_ms,
        warn_ms=0,
        due_ms=0,
        calendar="office",
        ruleset="sha256:0",
        priority=0,
        escalation="{}",
    )


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        pytest.param("office", "2026-11-26T10:00+01:00", 2, "2026-11-26T12:00+01:00", id="within a day"),
        pytest.param("office", "2026-11-26T12:30+01:00", 2, "2026-11-26T15:30+01:00", id="over lunch"),
        pytest.param("office", "2026-11-26T09:00+01:00", 4, "2026-11-26T13:00+01:00", id="at the end of a span, not after it"),
        pytest.param("office", "2026-11-27T17:00+01:00", 4, "2026-11-30T12:00+01:00", id="over a weekend"),
        pytest.param("office", "2026-11-28T23:59:59+01:00", 8, "2026-11-30T18:00+01:00", id="begun while closed"),
        pytest.param("office", "2026-12-24T17:00+01:00", 2, "2026-12-28T10:00+01:00", id="over christmas and a weekend"),
        pytest.param("office", "2026-08-07T17:30+02:00", 1, "2026-08-24T09:30+02:00", id="over two weeks that are closed"),
        pytest.param("office", "2026-03-27T17:00+01:00", 2, "2026-03-30T10:00+02:00", id="over the clocks going forward"),
        pytest.param("whole", "2026-03-29T01:30+01:00", 1, "2026-03-29T03:30+02:00", id="through an hour that is left out"),
        pytest.param("whole", "2026-10-25T01:30+02:00", 3, "2026-10-25T03:30+01:00", id="through an hour that comes twice"),
        pytest.param("whole", "2026-12-31T23:30+01:00", 1, "2027-01-01T00:30+01:00", id="over midnight and a year"),
        pytest.param("night", "2026-11-26T23:00-05:00", 4, "2026-11-27T03:00-05:00", id="a span over midnight"),
        pytest.param("night", "2026-03-07T23:00-05:00", 6, "2026-03-08T06:00-04:00", id="a night that is an hour short"),
        pytest.param("night", "2026-10-31T23:00-04:00", 8, "2026-11-01T06:00-05:00", id="a night that is an hour long"),
    ],
)
def test_when_it_is_due(calendar: str, start: str, hours: int, due: str) -> None:
    working = RULESET.working_times[calendar]
    one = timer(ms(start), hours * HOUR, ahead_ms=hours * HOUR // 5)
    running.begin(one, working)
    assert datetime.fromtimestamp(one.due_ms / 1000, UTC) == datetime.fromisoformat(due)
    assert one.due_ms == int(RULESET.calendars[calendar].add(datetime.fromisoformat(start), hours * 3600).timestamp() * 1000)
    assert working.between(ms(start), one.due_ms) == hours * HOUR
    assert working.between(one.warn_ms, one.due_ms) == hours * HOUR // 5
    assert one.next_ms == one.warn_ms


def test_a_promise_that_its_calendar_has_no_time_for() -> None:
    with pytest.raises(OutOfReach):
        running.begin(timer(ms("2026-03-02T09:30+00:00"), HOUR), RULESET.working_times["once"])


def test_a_pause_for_which_no_time_is_left_never_ends() -> None:
    hours = RULESET.working_times["once"]
    one = timer(ms("2026-03-02T09:00+00:00"), HOUR)
    running.begin(one, hours)
    running.pause(one, ms("2026-03-02T09:30+00:00"), hours)
    running.resume(one, ms("2026-03-02T11:00+00:00"), hours)
    assert one.due_ms > ms("2045-12-31T00:00+00:00")


@pytest.mark.parametrize(
    ("pause", "resume", "due"),
    [
        pytest.param("2026-11-26T11:00+01:00", "2026-11-26T12:00+01:00", "2026-11-26T15:00+01:00", id="an hour of work"),
        pytest.param("2026-11-26T13:10+01:00", "2026-11-26T13:50+01:00", "2026-11-26T14:00+01:00", id="within lunch"),
        pytest.param("2026-11-26T12:00+01:00", "2026-11-30T08:00+01:00", "2026-11-30T11:00+01:00", id="over a weekend"),
        pytest.param("2026-11-26T13:00+01:00", "2026-12-25T15:00+01:00", "2026-12-28T10:00+01:00", id="until a holiday"),
    ],
)
def test_a_pause(pause: str, resume: str, due: str) -> None:
    """Of what begins at ten, four hours; until one o'clock three of them are over."""
    hours = RULESET.working_times["office"]
    one = timer(ms("2026-11-26T10:00+01:00"), 4 * HOUR)
    running.begin(one, hours)
    running.pause(one, ms(pause), hours)
    assert (one.state, one.next_ms) == ("paused", None)
    running.resume(one, ms(resume), hours)
    left = one.promised_ms - one.taken_ms
    assert datetime.fromtimestamp(one.due_ms / 1000, UTC) in {
        datetime.fromisoformat(due),
        # what is reached when it closes is reached then, and not when it opens again
        datetime.fromtimestamp(hours.after(ms(resume), left) / 1000, UTC),
    }
    assert hours.between(ms(resume), one.due_ms) == left


def test_what_was_late_stays_late_and_is_told_once() -> None:
    hours = WorkingTime()
    one = timer(0, HOUR)
    running.begin(one, hours)
    one.warned = one.breached = True
    running.pause(one, 2 * HOUR, hours)
    running.resume(one, 5 * HOUR, hours)
    assert (one.due_ms, one.next_ms, one.breached) == (HOUR, None, True)
    running.end(one, 6 * HOUR, "closed", hours)
    assert (one.taken_ms, one.state) == (3 * HOUR, "ended")


def test_what_was_closed_in_time_and_goes_on_can_be_missed() -> None:
    hours = WorkingTime()
    one = timer(0, 2 * HOUR, HOUR)
    running.begin(one, hours)
    one.warned = True
    running.end(one, HOUR + 1, "closed", hours)
    running.resume(one, 10 * HOUR, hours)
    assert (one.state, one.due_ms, one.next_ms, one.ended_ms) == ("running", 11 * HOUR - 1, 11 * HOUR - 1, None)


def minutes_open(zone: ZoneInfo, name: str, start_ms: int, count: int) -> list[bool]:
    """Whether it is open in each minute from a start on, by asking the calendar's declaration for every one of them."""
    calendar = RULESET.calendars[name]
    moments = (datetime.fromtimestamp(start_ms / 1000, UTC) + timedelta(minutes=n) for n in range(count))
    return [calendar.is_open(moment.astimezone(zone)) for moment in moments]


@pytest.mark.parametrize("seed", range(24))
def test_any_pauses_against_an_oracle_that_counts_minutes(seed: int) -> None:
    """Around the days on which clocks are changed, and Christmas; all moments are whole minutes."""
    random = Random(seed)  # noqa: S311  # no secret
    name = ("office", "night", "whole")[seed % 3]
    around = ("2026-03-27T00:00+00:00", "2026-10-23T00:00+00:00", "2026-12-23T00:00+00:00", "2026-03-06T00:00+00:00")
    start = ms(random.choice(around)) + random.randrange(2 * 1440) * MINUTE
    count = 8 * 1440
    is_open = minutes_open(RULESET.calendars[name].zone, name, start, count)
    promised = random.randrange(1, 30 * 60)
    hours = RULESET.working_times[name]
    one = timer(start, promised * MINUTE)
    running.begin(one, hours)
    changes = sorted(random.sample(range(1, count), random.randrange(1, 12)))
    runs, taken, due = True, 0, None
    for minute in range(count + 1):
        if runs and taken >= promised and due is None:
            due = minute
        if minute in changes:
            at = start + minute * MINUTE
            (running.pause if runs else running.resume)(one, at, hours)
            runs = not runs
            assert one.taken_ms == taken * MINUTE, (minute, "what was taken when it stops, and still when it goes on")
            if not runs and due is None and taken >= promised:
                due = minute
        if minute < count and runs and is_open[minute]:
            taken += 1
    if runs:
        running.pause(one, start + count * MINUTE, hours)
    assert one.taken_ms == taken * MINUTE
    if due is None:
        assert not running.is_late(one, start + count * MINUTE)
    else:
        assert one.due_ms == start + due * MINUTE
