"""Reading `calendars:`: opening hours with their exceptions."""

import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from router import keys, public_holidays
from router.calendars import DAY, Calendar, Holidays, Plan, Span
from router.moments import day as day_of
from router.reading import Node, suggestion
from router.vocabulary import DAYS

SPAN: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24:00))")
_OF_THE_MACHINE: Final = frozenset(("localtime", "Factory", "posixrules"))
"""Names in the database that mean something else on each machine, or nothing."""
_DAYS_HINT: Final = f"use {', '.join(DAYS)}, ranges such as mon-fri, or several with commas"


def calendar(node: Node) -> Calendar | None:
    """One calendar; what is wrong has been reported, and then gives None where no calendar can be made of it."""
    entries = node.mapping(keys.CALENDAR)
    if not isinstance(node.value, dict):
        return None
    if "timezone" not in entries:
        node.fail("must name timezone", "for example {timezone: Europe/Rome}")
    zone = _zone(entries["timezone"]) if "timezone" in entries else None
    week = _week(entries["hours"]) if "hours" in entries else [()] * len(DAYS)
    opened = _open(entries["open"]) if "open" in entries else {}
    holidays = _holidays(entries["holidays"]) if "holidays" in entries else None
    closed = [days for item in _listed(entries.get("closed")) for days in _days(item)]
    if not entries.keys() & {"hours", "open"}:
        node.fail("is never open", "name hours or open")
    if zone is None:
        return None
    return Calendar(Plan(zone=zone, week=week, holidays=holidays, closed=closed, open=opened))


def time_zones() -> frozenset[str]:
    """The names that `timezone` may have on this machine."""
    return frozenset(available_timezones()) - _OF_THE_MACHINE


def _zone(node: Node) -> ZoneInfo | None:
    name = node.text()
    if name is None:
        return None
    try:
        if name not in _OF_THE_MACHINE and not name.startswith(("posix/", "right/")):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # a folder, another file, or a name that is none: all the same to whoever wrote it
    node.fail(
        f"there is no time zone {name!r}",
        suggestion(name, time_zones()) or "for example Europe/Rome",
    )
    return None


def _week(node: Node) -> list[tuple[Span, ...]]:
    """The spans of each day, from monday; a day that is not named has none."""
    week: list[tuple[Span, ...]] = [()] * len(DAYS)
    places: dict[int, Node] = {}
    for key, child in node.mapping().items():
        spans = () if child.value == [] else _hours(child)
        for day in _days_of_week(key, child):
            first = places.setdefault(day, child)
            if first is not child:
                file, line, _ = first.place
                child.fail(f"{DAYS[day]} is there already, at {file}:{line}", "write all hours of a day in one place", key=True)
            week[day] = spans
    if isinstance(node.value, dict) and all(spans == [] for spans in node.value.values()):
        node.fail("must name at least one day with its hours", 'for example {mon-fri: "09:00-18:00"}')
    return week


def _hours(node: Node) -> tuple[Span, ...]:
    if node.value is not None:
        return _spans(node)
    node.fail("has no hours", 'a day without any is []; between braces, days with commas need quotes: {"mon,wed": …}', key=True)
    return ()


def _days_of_week(key: str, node: Node) -> Iterator[int]:
    """The days of a key: `mon-fri`, `sat`, `mon,wed`. A range may go over sunday; a day may stand in it once."""
    found: list[int] = []
    for part in key.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not set(ends) <= set(DAYS):  # noqa: PLR2004 - from and to
            node.fail(f"{part.strip()!r} is no day", _DAYS_HINT, key=True)
            return
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found += [(first + n) % len(DAYS) for n in range((last - first) % len(DAYS) + 1)]
    if len(found) != len(set(found)):
        node.fail("names a day twice", key=True)
    yield from dict.fromkeys(found)


def _spans(node: Node) -> tuple[Span, ...]:
    return tuple(span for item in node.one_or_many() for span in _span(item))


def _span(node: Node) -> Iterator[Span]:
    text = node.text()
    if text is None:
        return
    match = SPAN.fullmatch(text.strip())
    if match is None:
        node.fail("must be a span of time", 'for example "09:00-13:00", "22:00-06:00" or "00:00-24:00"')
        return
    start = int(match[1]) * 60 + int(match[2])
    end = DAY if match[5] else int(match[3]) * 60 + int(match[4])
    if start == end:
        node.fail("ends when it begins", 'the whole day is "00:00-24:00"')
    yield start, end if end > start else end + DAY


def _holidays(node: Node) -> Holidays | None:
    """The public holidays of a country, or of a region of it."""
    entries = node.mapping(keys.HOLIDAYS)
    if "country" not in entries:
        if isinstance(node.value, dict):
            node.fail("must name country", "for example {country: IT}")
        return None
    known = public_holidays.countries()
    country = entries["country"].text()
    region = entries["region"].text() if "region" in entries else None
    if country is None:
        return None
    if country not in known:
        hint = suggestion(country, known) or "use the two capital letters of ISO 3166-1, for example IT"
        entries["country"].fail(f"no holidays are known of a country {country!r}", hint)
        return None
    if region is not None and region not in known[country]:
        code = public_holidays.region_called(country, region)
        entries["region"].fail(
            f"no holidays are known of a region {region!r} of {country}", _region_hint(code, region, known[country])
        )
        return None
    return public_holidays.of_years(country, region)


def _region_hint(code: str | None, region: str, known: Collection[str]) -> str | None:
    if code:
        return f"did you mean {code!r}?"
    return suggestion(region, known) or ("use its code of ISO 3166-2 without the country" if known else "leave region out")


def _open(node: Node) -> dict[date, tuple[Span, ...]]:
    if node.value == {}:
        node.fail("must name at least one day with its hours", 'for example {2026-12-27: "10:00-12:00"}')
    opened = {}
    for key, child in node.mapping().items():
        day = day_of(key)
        if day is None:
            child.fail("is no date", "for example 2026-12-27", key=True)
        spans = _spans(child)
        if day is not None and spans:
            opened[day] = spans
    return opened


def _days(node: Node) -> Iterator[tuple[date, date]]:
    """The first and the last of the days of `2026-12-24` or `2026-08-10..2026-08-21`."""
    text = node.text()
    if text is None:
        return
    ends = [day_of(part.strip()) for part in text.split("..")]
    first, last = ends[0], ends[-1]
    if first is None or last is None or len(ends) > 2:  # noqa: PLR2004 - from and to
        node.fail("must be a date or a range of dates", "for example 2026-12-24 or 2026-08-10..2026-08-21")
    elif last < first:
        node.fail("ends before it begins")
    else:
        yield first, last


def _listed(node: Node | None) -> list[Node]:
    return node.one_or_many() if node is not None else []
