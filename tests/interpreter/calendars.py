"""Opening hours, asked with the clock on the wall (docs/rules.md, Opening hours)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from holidays import country_holidays

from tests.interpreter.reading import Value

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FACTS: Final = ("hours", "date", "weekday", "holiday")

Span = tuple[time, time | None]
"""Beginning and end; without end until midnight."""


@cache
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The days themselves and those observed instead."""
    return frozenset(
        day for observed in (True, False) for day in country_holidays(country, subdiv=region, years=year, observed=observed)
    )


class Calendar:
    """One calendar as it is declared."""

    def __init__(self, declared: Value) -> None:
        keys = declared.keys()
        self.zone = ZoneInfo(keys["timezone"].written)
        self.hours: dict[str, list[Span]] = {}
        for entry in keys["hours"].entries or () if "hours" in keys else ():
            for day in days(entry.key):
                self.hours[day] = spans(entry.value)
        self.opened = {date.fromisoformat(entry.key): spans(entry.value) for entry in _entries(keys.get("open"))}
        self.closed = keys["closed"].texts() if "closed" in keys else []
        where = keys["holidays"].keys() if "holidays" in keys else {}
        self.country = where["country"].written if where else None
        self.region = where["region"].written if "region" in where else None

    def facts(self, received: str) -> dict[str, object]:
        """The four facts of a moment: RFC 3339 in UTC."""
        moment = datetime.fromisoformat(received).astimezone(UTC)
        there = self.there(moment)
        return {
            "hours": "open" if self.is_open(there.date(), there.time()) else "closed",
            "date": there.date().isoformat(),
            "weekday": DAYS[there.weekday()],
            "holiday": self.is_holiday(there.date()),
        }

    def there(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def is_open(self, day: date, clock: time) -> bool:
        today, yesterday = self.beginning(day), self.beginning(day - timedelta(days=1))
        return any(self.holds(span, clock) for span in today) or any(self.goes_on(span, clock) for span in yesterday)

    def holds(self, span: Span, clock: time) -> bool:
        """Whether a span that begins today holds now."""
        start, end = span
        return start <= clock and (end is None or end < start or clock < end)

    def goes_on(self, span: Span, clock: time) -> bool:
        """Whether a span that began yesterday goes on over midnight and holds now."""
        start, end = span
        return end is not None and end < start and clock < end

    def beginning(self, day: date) -> list[Span]:
        """The spans that begin on a day."""
        if day in self.opened:
            return self.opened[day]
        if self.is_closed(day) or self.is_holiday(day):
            return []
        return self.hours.get(DAYS[day.weekday()], [])

    def is_closed(self, day: date) -> bool:
        for one in self.closed:
            first, _, last = (part.strip() for part in one.partition(".."))
            if date.fromisoformat(first) <= day <= date.fromisoformat(last or first):
                return True
        return False

    def is_holiday(self, day: date) -> bool:
        return self.country is not None and day in public_holidays(self.country, self.region, day.year)


def _entries(value: Value | None) -> tuple:  # type: ignore[type-arg]  # an empty tuple or the entries
    return value.entries or () if value is not None else ()


def days(key: str) -> list[str]:
    """The days that a key of `hours` names."""
    found: list[str] = []
    for part in key.split(","):
        named = [DAYS.index(day.strip()) for day in part.split("-")]
        first = named[0]
        length = (named[-1] - first) % 7 + 1
        found += [DAYS[(first + number) % 7] for number in range(length)]
    return found


def spans(value: Value) -> list[Span]:
    return [_span(one.written) for one in value.many()]


def _span(written: str) -> Span:
    start, end = (part.strip() for part in written.split("-"))
    return time.fromisoformat(start), None if end == "24:00" else time.fromisoformat(end)
