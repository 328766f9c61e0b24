"""Days, weeks and months of a time zone as instants: on the days of summer time too, which have 23 or 25 hours."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Span = Literal["hour", "day", "week", "month"]

MOST_SPANS: Final = 2_000
"""Points of one plot."""
YEARS: Final = range(1970, 9_000)
"""Years that may be asked for: beyond them calendars end, or time zones are not what they were."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_HOUR_MS: Final = 3_600_000


class TooManySpans(Exception):
    """The period has more than `MOST_SPANS` of them."""


def instant(text: str, zone: ZoneInfo) -> int | None:
    """A day as the instant at which it begins there, a time without an offset as that zone's clock shows it; None where it is
    neither, or of a year that is none of `YEARS`. In milliseconds since 1970."""
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return beginning(day, zone) if day.year in YEARS else None
        at = datetime.fromisoformat(text)
        if at.year not in YEARS:
            return None
        return _ms(at if at.tzinfo else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def edges(since_ms: int, until_ms: int, span: Span, zone: ZoneInfo) -> list[int]:
    """Where the spans of a period begin, and its end; the first and the last span may be cut. Raises `TooManySpans`."""
    found = [since_ms]
    following = _following(since_ms, span, zone)
    while following < until_ms:
        found.append(following)
        if len(found) > MOST_SPANS:
            raise TooManySpans
        following = _following(following, span, zone)
    return [*found, until_ms]


def shown(ms: int, span: Span, zone: ZoneInfo) -> str:
    """A span by its beginning there: `2026-11-21`, `2026-11`; an hour with the offset, since one comes twice."""
    at = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)
    if span == "month":
        return at.strftime("%Y-%m")
    return at.isoformat(timespec="minutes") if span == "hour" else at.date().isoformat()


def _following(ms: int, span: Span, zone: ZoneInfo) -> int:
    """The first beginning of a span behind an instant."""
    if span == "hour":
        # An hour of the zone's clock: some are half an hour off.
        shift = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).utcoffset() or timedelta()
        off = int(shift.total_seconds() * 1000) % _HOUR_MS
        return ((ms + off) // _HOUR_MS + 1) * _HOUR_MS - off
    day = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date()
    if span == "day":
        return beginning(day + timedelta(days=1), zone)
    if span == "week":
        return beginning(day + timedelta(days=7 - day.weekday()), zone)
    return beginning((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)


def beginning(day: date, zone: ZoneInfo) -> int:
    """When a day begins there, in milliseconds since 1970."""
    return _ms(datetime.combine(day, time(), zone))


def before(since_ms: int, until_ms: int, end_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """What of the period before goes as far as this one has come: the same times of that zone's clock, earlier by all days that
    the period touches from its beginning on. It has come no further than `end_ms`."""
    days = -(-(_clock(until_ms, zone) - _clock(since_ms, zone)) // timedelta(days=1))
    return _days_before(since_ms, days, zone), _days_before(min(until_ms, end_ms), days, zone)


def _days_before(ms: int, days: int, zone: ZoneInfo) -> int:
    try:
        return _ms((_clock(ms, zone) - timedelta(days=days)).replace(tzinfo=zone))
    except OverflowError:  # before the first year there is, and so before anything came
        return ms - days * 24 * _HOUR_MS


def _clock(ms: int, zone: ZoneInfo) -> datetime:
    """What the clock there shows."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
