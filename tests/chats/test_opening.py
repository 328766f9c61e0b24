"""Whether somebody is there, and when again."""

from datetime import datetime

import pytest

from regia.chats.opening import Opening, opening
from router.load import load

RULES = """
categories: {general: {label: Altro}}
default: general
rules: []
calendars:
  office: {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}, closed: [2026-12-24..2026-12-27]}
  never: {timezone: Europe/Rome, hours: {mon: "09:00-10:00"}, closed: [2026-01-01..2056-01-01]}
"""
CALENDARS = load([("rules.yaml", RULES)]).working_times


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-23T09:00:00+01:00", None),
        ("2026-11-23T17:59:59.999+01:00", None),
        ("2026-11-23T18:00:00+01:00", "2026-11-24T09:00:00+01:00"),
        ("2026-11-23T08:59:59+01:00", "2026-11-23T09:00:00+01:00"),
        ("2026-11-27T20:00:00+01:00", "2026-11-30T09:00:00+01:00"),
        ("2026-12-23T19:00:00+01:00", "2026-12-28T09:00:00+01:00"),
    ],
)
def test_by_a_calendar(at: str, opens: str | None) -> None:
    expected = Opening(True) if opens is None else Opening(False, ms(opens))
    assert opening(CALENDARS, "office", ms(at)) == expected


def test_without_a_calendar_always_and_with_one_that_never_opens_nobody_knows() -> None:
    at = ms("2026-11-23T20:00:00+01:00")
    assert opening(CALENDARS, None, at) == opening(CALENDARS, "gone", at) == Opening(True)
    assert opening(CALENDARS, "never", at) == Opening(False)
