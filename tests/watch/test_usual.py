"""What a channel usually has, and how much of it is missing."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regia.watch.usual import WEEK, Usual, after, present
from storage.traffic import HOUR_MS, Hour

ALL = (1 << 60) - 1
START = 500_000 // WEEK * WEEK
"""The hour in which the weeks below begin."""


def weeks(number: int, contacts: int = 4, minutes: int = ALL) -> list[Hour]:
    """Weeks with the same in every hour, and one hour more: a span of a week needs an hour on either side."""
    return [Hour(START + hour, contacts, minutes) for hour in range(number * WEEK + 1)]


def learnt(hours: Sequence[Hour]) -> Usual:
    usual = Usual.learn(hours, (hours[-1].hour + 1) * HOUR_MS - 1)
    assert usual is not None
    return usual


def later(first: int, number: int, minutes: int = ALL) -> list[Hour]:
    return [Hour(first + hour, 0, minutes) for hour in range(number)]


hours_of_weeks = st.integers(2, 9).flatmap(
    lambda number: st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, ALL)), min_size=number * WEEK // 8, max_size=number * WEEK // 8
    )
)
"""Contacts and minutes for every eighth hour: enough to differ, and quick to make."""


def spread(found: Sequence[tuple[int, int]]) -> list[Hour]:
    hours = [Hour(START + 8 * number, contacts, minutes) for number, (contacts, minutes) in enumerate(found)]
    return [replace(hours[0], contacts=1), *hours[1:], Hour(START + 8 * len(found) + WEEK, 1, ALL)]


@pytest.mark.parametrize(
    "hours",
    [
        [],
        weeks(1, contacts=0),
        weeks(1)[:-1],
        [replace(hour, contacts=int(hour.hour > START)) for hour in weeks(1)],
        [Hour(START, 0, ALL), *(Hour(START + 9 * WEEK + hour, 50, ALL) for hour in range(24))],
    ],
)
def test_nothing_is_said_before_contacts_span_a_week(hours: list[Hour]) -> None:
    assert Usual.learn(hours, (START + 20 * WEEK) * HOUR_MS) is None


@pytest.mark.parametrize("number", [1, 2, 9])
@pytest.mark.parametrize("contacts", [1, 7, 1000])
def test_what_is_always_the_same_is_learnt_as_it_is(number: int, contacts: int) -> None:
    usual = learnt(weeks(number, contacts))
    assert usual.rates == pytest.approx([contacts] * WEEK)


def test_an_hour_is_judged_with_its_neighbours() -> None:
    hours = [replace(hour, contacts=8 if hour.hour % WEEK == 10 else 0) for hour in weeks(2)]
    usual = learnt([replace(hours[0], contacts=1), *hours[1:]])
    assert usual.rates[8:13] == pytest.approx([0, 2, 4, 2, 0])


@given(st.integers(0, WEEK - 1), st.integers(10, 10**9), st.integers(2, 9))
def test_a_surge_of_one_week_is_no_habit(at: int, contacts: int, number: int) -> None:
    hours = weeks(number, contacts=1)
    one = at + 1  # not the first hour, which comes once more at the end
    if one % WEEK == 0:
        return
    hours[one] = replace(hours[one], contacts=contacts)
    assert max(learnt(hours).rates) <= (2 * 1 + 3 + number - 1) / number


def test_hours_in_which_nobody_was_there_are_not_learnt_as_quiet() -> None:
    """The gateway is off every other Monday, and half of the time on Tuesdays."""
    half = int("10" * 30, 2)
    hours = [
        replace(hour, contacts=0, minutes=0)
        if hour.hour % (2 * WEEK) < 24
        else replace(hour, contacts=2, minutes=half)
        if 24 <= hour.hour % WEEK < 48
        else hour
        for hour in weeks(4)
    ]
    assert learnt(hours).rates == pytest.approx([4] * WEEK)


def test_what_was_never_seen_is_not_expected() -> None:
    """Open from nine to five."""
    hours = [hour for hour in weeks(3) if 9 <= hour.hour % 24 < 17]
    usual = learnt(hours)
    assert [usual.rates[hour] for hour in (7, 12, 18)] == pytest.approx([0, 4, 0])
    night = later(START + 3 * WEEK + 19, 10)
    assert usual.expected(night) == 0


@pytest.mark.parametrize(
    ("minute", "minutes", "expected"),
    [
        (0, ALL, 4 * 59 / 60),
        (29, ALL, 2),
        (59, ALL, 0),
        (29, 1 << 30 | 1 << 59 | 0b111, 4 * 2 / 60),
        (0, 0, 0),
    ],
)
def test_of_the_hour_of_the_last_contact_the_minutes_after_it_count(minute: int, minutes: int, expected: float) -> None:
    usual = learnt(weeks(1))
    hour = START + WEEK
    for hours in ([Hour(hour, 1, minutes)], [Hour(hour - 1, 9, ALL), Hour(hour, 1, minutes)]):
        for second in (0, 59_999):
            silent = after(hours, hour * HOUR_MS + minute * 60_000 + second)
            assert usual.expected(silent) == pytest.approx(expected)
            assert present(silent) == round(expected * 15)


def test_the_silence_itself_is_no_habit() -> None:
    hours = [*weeks(3), Hour(START + 3 * WEEK + 1, 2, ALL)]
    for hour in (START + 3 * WEEK, START + 3 * WEEK + 1):
        usual = Usual.learn([one for one in hours if one.hour <= hour], hour * HOUR_MS + 29 * 60_000)
        assert usual is not None
        assert usual.rates[hour % WEEK] >= 4


@given(hours_of_weeks, st.lists(st.integers(0, ALL), min_size=1, max_size=200), st.integers(0, HOUR_MS - 1))
def test_the_longer_nothing_comes_the_more_is_missing(found: list[tuple[int, int]], since: list[int], offset: int) -> None:
    usual = learnt(spread(found))
    first = START + 20 * WEEK
    hours = [Hour(first + number, 0, minutes) for number, minutes in enumerate(since)]
    silent = after(hours, first * HOUR_MS + offset)
    expected = [usual.expected(silent[:end]) for end in range(len(hours) + 1)]
    assert expected[0] == 0
    assert all(one <= other for one, other in pairwise(expected))
    assert expected[-1] <= usual.expected(hours) <= sum(usual.rates[hour.hour % WEEK] for hour in hours) + 1e-9
    assert present(silent) <= present(hours) <= 60 * len(hours)


@given(hours_of_weeks, st.integers(2, 5))
def test_hours_without_anybody_change_nothing(found: list[tuple[int, int]], number: int) -> None:
    hours = spread(found)
    off = [Hour(hour.hour + 3, 0, 0) for hour in hours[1:-1]]
    both = sorted([*hours, *off], key=lambda hour: hour.hour)
    assert learnt(both).rates == pytest.approx(learnt(hours).rates)
    first = START + 20 * WEEK
    assert learnt(hours).expected(later(first, 24 * number, minutes=0)) == 0


@given(hours_of_weeks, st.integers(1, 52))
def test_only_the_hour_of_the_week_counts(found: list[tuple[int, int]], number: int) -> None:
    hours = spread(found)
    moved = [replace(hour, hour=hour.hour + number * WEEK) for hour in hours]
    assert learnt(moved).rates == learnt(hours).rates


def by_chance(rate: float, burst: int, number: int) -> list[Hour]:
    """Bursts that come one by one, with the same chance at any time."""
    random = Random(20261121)  # noqa: S311  # no secret
    hours = []
    for hour in weeks(number):
        left, bursts = 1.0, -1
        while left > 0:
            left -= random.expovariate(rate / burst)
            bursts += 1
        hours.append(replace(hour, contacts=burst * bursts))
    return hours


@pytest.mark.parametrize(
    ("rate", "burst", "number"), [(0.5, 1, 9), (20, 1, 1), (20, 1, 9), (3, 3, 9), (60, 4, 1), (60, 4, 2), (60, 4, 9)]
)
def test_whether_contacts_come_one_by_one_or_in_bursts_is_learnt(rate: float, burst: int, number: int) -> None:
    usual = learnt(by_chance(rate, burst, number))
    assert usual.burst == pytest.approx(burst, rel=0.3)
    assert sum(usual.rates) == pytest.approx(rate * WEEK, rel=0.1)


def test_of_a_busy_channel_and_of_one_with_bursts_more_must_be_missing() -> None:
    quiet, busy, bursts = Usual([0.5] * WEEK), Usual([20] * WEEK), Usual([20] * WEEK, burst=4)
    assert quiet.missing(10) == 10
    assert busy.missing(10) == pytest.approx(12.7, abs=0.1)
    assert 4 * busy.missing(10) > bursts.missing(10) > 3 * busy.missing(10)


@given(st.floats(0, 1e6), st.floats(0, 1e3), st.floats(0.1, 1e3))
def test_what_is_asked_for_is_the_least_and_holds_its_measure(rate: float, burst: float, contacts: float) -> None:
    usual = Usual([rate] * WEEK, burst)
    assert usual.missing(contacts) >= contacts
    assert usual.missing(2 * contacts) == pytest.approx(2 * usual.missing(contacts))


def test_a_channel_is_hardly_ever_silent_by_chance() -> None:
    """Of eight channels in half a year; minutes between contacts as they come by chance."""
    random, false = Random(7), 0  # noqa: S311  # no secret
    for rate in (0.5, 2, 5, 8, 12, 15, 20, 30):
        least = Usual([rate] * WEEK).missing(10)
        false += sum(random.expovariate(1) > max(least, rate / 2) for _ in range(int(rate * WEEK * 26)))
    assert false <= 3
