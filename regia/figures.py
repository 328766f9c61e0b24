"""Figures as they are asked for, on the command line and over HTTP: days of a time zone, conditions, and what is shown."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection

from desk.kpi.definitions import FIELD, KPIS
from desk.kpi.measuring import MOST_GROUPS, Condition, NotCounted, TooManyGroups
from desk.kpi.periods import MOST_SPANS, YEARS, TooManySpans, instant
from desk.kpi.report import COLUMNS, BadQuestion, Figure, Wanted, figure, rows
from regia.cells import harmless
from regia.shown import as_data

BEGINNING: Final = timedelta(days=30)
"""How far back a period goes that has no beginning."""

MOST_GROUPINGS: Final = 2


class NotAsked(Exception):
    """Something of the question is not understood. The text says what, and what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """As somebody writes it. `names`: which figures, none for all; times are days of `zone`, or times; `fields` are
    `name=value`. `by`: no more than two, each a group of its own of the one before."""

    names: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    zone: str = "UTC"
    by: Sequence[str] | None = None
    brands: Sequence[str] = ()
    channels: Sequence[str] = ()
    categories: Sequence[str] = ()
    tags: Sequence[str] = ()
    fields: Sequence[str] = ()


def wanted(asked: Asked, now: datetime | None = None) -> Wanted:
    """Raises `NotAsked`."""
    zone = _zone(asked.zone)
    at = (now or datetime.now(UTC)).astimezone(zone)
    begin = (at - BEGINNING).date().isoformat()
    since_ms = _instant("since", asked.since or begin, zone)
    until_ms = int(at.timestamp() * 1000) + 1 if asked.until is None else _instant("until", asked.until, zone)
    if until_ms < since_ms:
        raise NotAsked("until must not be before since")
    groupings = asked.by or ()
    if len(groupings) > MOST_GROUPINGS:
        raise NotAsked("by may be given twice, and no more often")
    by = groupings[0] if groupings else None
    across = groupings[1] if len(groupings) > 1 else None
    return Wanted(since_ms=since_ms, until_ms=until_ms, where=_where(asked), by=by, across=across, zone=zone)


def figures(connection: Connection, asked: Asked, of: Wanted) -> list[Figure]:
    """The figures, all of one moment. Raises `NotAsked`, and `NotCounted`."""
    try:
        return [figure(connection, name, of) for name in asked.names or KPIS]
    except BadQuestion as error:
        raise NotAsked(str(error)) from error
    except TooManyGroups:
        told = f"{_by(of)} comes to more than {MOST_GROUPS} groups here: choose a shorter period, or conditions"
        raise NotAsked(told) from None
    except TooManySpans:
        raise NotAsked(f"the period by {_by(of)} is longer than {MOST_SPANS} of them: choose a longer span") from None


def as_json(found: Sequence[Figure]) -> dict[str, Any]:
    """For programs."""
    return {"kpis": as_data(found)}


def as_csv(found: Sequence[Figure]) -> str:
    """A table (RFC 4180). A cell that somebody's spreadsheet would take for a formula has an apostrophe before it: categories,
    tags and fields are words of others (OWASP, "CSV Injection")."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for one in found:
        table.writerows([harmless(cell) for cell in row] for row in rows(one))
    return text.getvalue()


def _by(of: Wanted) -> str:
    return " and ".join(one for one in (of.by, of.across) if one) or "a figure's own grouping"


def _where(asked: Asked) -> list[Condition]:
    named = (("brand", asked.brands), ("channel", asked.channels), ("category", asked.categories), ("tag", asked.tags))
    found: list[Condition] = [(name, tuple(values)) for name, values in named if values]
    fields: dict[str, list[str]] = {}
    for one in asked.fields:
        name, is_there, value = one.partition("=")
        if not (is_there and name):
            raise NotAsked("field must be name=value, such as order=IT-2231")
        fields.setdefault(name, []).append(value)
    return found + [(f"{FIELD}{name}", tuple(values)) for name, values in fields.items()]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotAsked("zone must be a time zone such as Europe/Rome") from None


def _instant(name: str, text: str, zone: ZoneInfo) -> int:
    found = instant(text, zone)
    if found is None:
        example = "a day such as 2026-11-21, or a time such as 2026-11-21T18:02+01:00"
        raise NotAsked(f"{name} must be {example}, of the years {YEARS[0]} to {YEARS[-1]}")
    return found


__all__ = ["Asked", "NotAsked", "NotCounted", "as_csv", "as_json", "figures", "wanted"]
