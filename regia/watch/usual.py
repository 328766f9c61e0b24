"""What a channel usually has, by the hour of the week, and how much of it is missing by now. Pure.

Only minutes in which somebody was there to take contacts count, on both sides: a gateway that was off for a day misses
nothing of that day, and does not learn that the day is quiet.

How much may be missing by chance is learnt too. Of contacts that come one by one, none comes where T are usual with the
probability exp(-T), once for each contact there is (Poisson). Where they come in bursts it is the number of bursts that
counts: contacts divided by their variance over their mean.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import dropwhile
from typing import Final

from storage.traffic import HOUR_MS, Hour

WEEK: Final = 168
KEEP: Final = 9 * WEEK
"""Hours that are looked back on."""
_MINUTES: Final = 60
_MINUTE_MS: Final = HOUR_MS // _MINUTES
_NEIGHBOURS: Final = ((-1, 1), (0, 2), (1, 1))
"""Offset and weight: an hour is judged with the one before and the one after it, so that one that is early this week, or by
the change of a clock, is no alarm."""
_SURGE: Final = (2, 3)
"""Of one hour in one week counts at most twice what the next best week had, and three: a campaign is no habit."""
_OWN_PART: Final = 0.625
"""How much smaller the square of a deviation is for being part of what it deviates from, by these weights, in one week."""
_WEEKS: Final = 100
"""A channel may be called silent by chance once in so many weeks, where `contacts` is `_DEFAULT`."""
_DEFAULT: Final = 10.0


class Usual:
    """Contacts an hour for each hour of the week, and the contacts of a burst, at least one."""

    def __init__(self, rates: Sequence[float], burst: float = 1.0) -> None:
        self.rates = tuple(rates)
        self.burst = max(1.0, burst)

    @classmethod
    def learn(cls, hours: Iterable[Hour], last_ms: int) -> "Usual | None":
        """From the hours up to a channel's last contact, in their order: how long nothing has come since is no habit. None:
        its contacts do not span a week."""
        known = list(dropwhile(lambda hour: not hour.contacts, _until(hours, last_ms)))
        if not known or known[-1].hour - known[0].hour < WEEK:
            return None
        found: defaultdict[int, list[Hour]] = defaultdict(list)
        for hour in known:
            found[hour.hour % WEEK].append(hour)
        weeks = [_without_surge(found[number]) for number in range(WEEK)]
        rates = [_rate(weeks, number) for number in range(WEEK)]
        return cls(rates, _burst(weeks, rates))

    def missing(self, contacts: float) -> float:
        """How many contacts must be missing for silence to be no chance, where of a channel with few contacts that come one
        by one `contacts` must be."""
        bursts = sum(self.rates) / self.burst
        return contacts * self.burst * max(1.0, math.log(max(1.0, _WEEKS * bursts)) / _DEFAULT)

    def expected(self, hours: Iterable[Hour]) -> float:
        """Contacts that usually come in the minutes of these hours in which somebody was there."""
        return sum(self.rates[hour.hour % WEEK] * _presence(hour) for hour in hours)


def after(hours: Iterable[Hour], last_ms: int) -> list[Hour]:
    """The hours with only the minutes after that of `last_ms`."""
    known = [(hour, _passed(hour, last_ms)) for hour in hours]
    return [replace(hour, minutes=hour.minutes >> passed << passed) for hour, passed in known]


def present(hours: Iterable[Hour]) -> int:
    """Minutes in which somebody was there."""
    return sum(hour.minutes.bit_count() for hour in hours)


def _until(hours: Iterable[Hour], last_ms: int) -> Iterator[Hour]:
    """The hours with only the minutes up to that of `last_ms`."""
    for hour in hours:
        yield replace(hour, minutes=hour.minutes & (1 << _passed(hour, last_ms)) - 1)


def _passed(hour: Hour, last_ms: int) -> int:
    """How many minutes of the hour are not after that of `last_ms`."""
    return min(_MINUTES, max(0, last_ms // _MINUTE_MS - hour.hour * _MINUTES + 1))


def _presence(hour: Hour) -> float:
    """The part of an hour in which somebody was there."""
    return hour.minutes.bit_count() / _MINUTES


def _without_surge(weeks: Sequence[Hour]) -> Sequence[Hour]:
    """The same hour of all weeks, with no more contacts than count in the best of them."""
    if len(weeks) <= 1:
        return weeks
    times, more = _SURGE
    most = times * sorted(week.contacts for week in weeks)[-2] + more
    return [week if week.contacts <= most else replace(week, contacts=most) for week in weeks]


def _rate(weeks: Sequence[Sequence[Hour]], number: int) -> float:
    around = [(weeks[(number + offset) % WEEK], weight) for offset, weight in _NEIGHBOURS]
    presence = sum(weight * _presence(hour) for hours, weight in around for hour in hours)
    contacts = sum(weight * hour.contacts for hours, weight in around for hour in hours)
    return contacts / presence if presence else 0.0


def _burst(weeks: Sequence[Sequence[Hour]], rates: Sequence[float]) -> float:
    """The variance of an hour's contacts over their mean."""
    pairs = [(hour, rate * _presence(hour)) for hours, rate in zip(weeks, rates, strict=True) for hour in hours]
    squares = sum((hour.contacts - usual) ** 2 for hour, usual in pairs)
    mean = sum(usual for _, usual in pairs)
    presence = sum(_presence(hour) for hour, _ in pairs)
    own = _OWN_PART * WEEK / max(presence, WEEK)
    return squares / mean / (1 - own) if mean else 1.0
