"""Random calendars in zones with strange clocks, against a walk from minute to minute that knows no shortcut."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from router.load import load
from router.vocabulary import DAYS

AROUND = [
    ("Europe/Rome", "2026-03-29"), ("Europe/Rome", "2026-10-25"), ("Europe/Rome", "2026-12-25"),
    ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"),  # half an hour
    ("America/Sao_Paulo", "2018-11-04"), ("America/Sao_Paulo", "2018-02-18"),  # at midnight
    ("Africa/Cairo", "2026-10-30"), ("Asia/Beirut", "2026-03-29"),
    ("America/St_Johns", "2008-11-02"),  # a minute after midnight, back into the day before
    ("Pacific/Apia", "2011-12-30"),  # a day that did not take place
    ("Asia/Kathmandu", "2026-05-01"), ("Africa/Casablanca", "2026-02-15"), ("UTC", "2026-02-28"),
]  # fmt: skip

clock = st.one_of(
    st.sampled_from(["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "06:00", "09:00", "18:00", "23:00", "23:30"]),
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda time: f"{time[0]:02}:{time[1]:02}"),
)
span = st.one_of(
    st.tuples(clock, clock).filter(lambda ends: ends[0] != ends[1]).map("-".join),
    clock.map(lambda start: f"{start}-24:00"),
)
spans = st.lists(span, min_size=1, max_size=3)


@cache
def public(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@dataclass
class Naive:
    """The calendar as docs/rules.md says it, asked anew for every minute."""

    zone: ZoneInfo
    hours: Mapping[str, Sequence[str]]
    country: str | None
    closed: Sequence[str]
    open: Mapping[str, Sequence[str]]

    def begun(self, day: date) -> Sequence[str]:
        text = day.isoformat()
        if text in self.open:
            return self.open[text]
        if any(one.split("..")[0] <= text <= one.split("..")[-1] for one in self.closed) or self.is_holiday(day):
            return []
        return self.hours.get(DAYS[day.weekday()], [])

    def is_holiday(self, day: date) -> bool:
        return self.country is not None and day in public(self.country, day.year)

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        now, today = local.strftime("%H:%M"), local.date()
        for one in self.begun(today):
            start, end = one.split("-")
            if start <= now and (now < end or end <= start):
                return True
        yesterday = self.begun(today - timedelta(days=1))
        return any((end := one.split("-")[1]) <= one.split("-")[0] and now < end for one in yesterday)

    def add(self, start: datetime, minutes: int, most: int) -> datetime | None:
        """From one minute to the next; None where `most` of them do not suffice."""
        at = start
        for _ in range(most):
            if not minutes:
                return at
            minutes -= self.is_open(at)
            at += timedelta(minutes=1)
        return None


@st.composite
def calendars(draw: st.DrawFn) -> tuple[dict[str, Any], Naive, datetime]:
    zone, around = draw(st.sampled_from(AROUND))
    middle = date.fromisoformat(around)
    near = st.integers(-2, 3).map(lambda days: middle + timedelta(days=days))
    week = draw(st.dictionaries(st.sampled_from(DAYS), spans, min_size=1))
    country = draw(st.sampled_from([None, None, "IT", "US"]))
    closed = draw(st.lists(st.tuples(near, st.integers(0, 2)), max_size=2))
    ranges = [f"{first}..{first + timedelta(days=days)}" if days else str(first) for first, days in closed]
    opened = draw(st.dictionaries(near.map(str), spans, max_size=2))
    declared: dict[str, Any] = {"timezone": zone, "hours": week}
    if country:
        declared["holidays"] = {"country": country}
    if ranges:
        declared["closed"] = ranges
    if opened:
        declared["open"] = opened
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) + timedelta(minutes=draw(st.integers(-2880, 2880)))
    return declared, Naive(ZoneInfo(zone), week, country, ranges, opened), start


def facts_of(declared: dict[str, Any]) -> Any:
    rules = [{"name": "r", "when": {"hours.c": "open", "holiday.c": True, "weekday.c": "mon"}, "then": {"tags": "t"}}]
    whole = {"categories": {"a": {}}, "default": "a", "calendars": {"c": declared}, "rules": rules}
    return load([("rules.yaml", json.dumps(whole))])


@settings(max_examples=60, deadline=None)
@given(calendars(), st.lists(st.integers(0, 4 * 1440), min_size=1, max_size=40))
def test_open_as_a_naive_reading_says(drawn: tuple[dict[str, Any], Naive, datetime], minutes: list[int]) -> None:
    declared, naive, start = drawn
    ruleset = facts_of(declared)
    for minute in minutes:
        moment = start + timedelta(minutes=minute)
        told = ruleset._clock.told({"received": moment.isoformat()})
        local = moment.astimezone(naive.zone)
        assert told["hours.c"] == ("open" if naive.is_open(moment) else "closed")
        assert told["weekday.c"] == DAYS[local.weekday()]
        assert told["holiday.c"] == naive.is_holiday(local.date())


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 1500))
def test_working_time_as_a_walk_by_minutes_says(drawn: tuple[dict[str, Any], Naive, datetime], minutes: int) -> None:
    declared, naive, start = drawn
    calendar = facts_of(declared).calendars["c"]
    expected = naive.add(start, minutes, 6 * 1440)
    found = calendar.add(start, minutes * 60)
    if expected is None:
        assert found >= start + timedelta(days=6)
    else:
        assert found == expected


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 59_999_999))
def test_working_time_adds_up(drawn: tuple[dict[str, Any], Naive, datetime], first: int, second: int, extra: int) -> None:
    declared, _, start = drawn
    calendar = facts_of(declared).calendars["c"]
    start += timedelta(microseconds=extra)
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)
