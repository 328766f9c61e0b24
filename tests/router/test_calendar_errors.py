# ruff: noqa: E501 - a message stands in one line, as it is printed
"""Every mistake in and about calendars, with the exact place and words of its message."""

import pytest

from tests.router.test_errors import HEAD, in_rule, problems

CALENDAR: list[tuple[str, list[str]]] = [
    ("x", ["5:16: calendars.c: must be a mapping of names to values"]),
    ("{}", ["5:16: calendars.c: must name timezone (for example {timezone: Europe/Rome})",
            "5:16: calendars.c: is never open (name hours or open)"]),
    ("{timezone: UTC}", ["5:16: calendars.c: is never open (name hours or open)"]),
    ("{timezone: UTC, hour: {}}", ["5:16: calendars.c: is never open (name hours or open)",
                                   "5:32: calendars.c.hour: unknown key (did you mean 'hours'?)"]),
    ("{timezone: Europe/Roma, open: {2026-01-02: 09:00-10:00}}",
     ["5:27: calendars.c.timezone: there is no time zone 'Europe/Roma' (did you mean 'Europe/Rome'?)"]),
    ("{timezone: localtime, open: {2026-01-02: 09:00-10:00}}",
     ["5:27: calendars.c.timezone: there is no time zone 'localtime' (for example Europe/Rome)"]),
    ("{timezone: ../zoneinfo, open: {2026-01-02: 09:00-10:00}}",
     ["5:27: calendars.c.timezone: there is no time zone '../zoneinfo' (for example Europe/Rome)"]),
    ("{timezone: Europe, open: {2026-01-02: 09:00-10:00}}",
     ["5:27: calendars.c.timezone: there is no time zone 'Europe' (did you mean 'Europe/Rome'?)"]),
    ("{timezone: 1, open: {2026-01-02: 09:00-10:00}}",
     ["5:27: calendars.c.timezone: must be text, not a number (put the value in quotes)"]),
]  # fmt: skip

_DAYS = "use mon, tue, wed, thu, fri, sat, sun, ranges such as mon-fri, or several with commas"
_SPAN = 'for example "09:00-13:00", "22:00-06:00" or "00:00-24:00"'
_EMPTY = 'must name at least one day with its hours (for example {mon-fri: "09:00-18:00"})'

HOURS: list[tuple[str, list[str]]] = [
    ("{}", [f"5:39: calendars.c.hours: {_EMPTY}"]),
    ("{sun: []}", [f"5:39: calendars.c.hours: {_EMPTY}"]),
    ("09:00-18:00", ["5:39: calendars.c.hours: must be a mapping of names to values"]),
    ("{monday: 09:00-18:00}", [f"5:40: calendars.c.hours.monday: 'monday' is no day ({_DAYS})"]),
    ("{mon-fry: 09:00-18:00}", [f"5:40: calendars.c.hours.mon-fry: 'mon-fry' is no day ({_DAYS})"]),
    ("{mon-tue-wed: 09:00-18:00}", [f"5:40: calendars.c.hours.mon-tue-wed: 'mon-tue-wed' is no day ({_DAYS})"]),
    ("{Mon: 09:00-18:00}", [f"5:40: calendars.c.hours.Mon: 'Mon' is no day ({_DAYS})"]),
    ("{'mon,,tue': 09:00-18:00}", [f"5:40: calendars.c.hours.mon,,tue: '' is no day ({_DAYS})"]),
    ("{'mon-wed,tue': 09:00-18:00}", ["5:40: calendars.c.hours.mon-wed,tue: names a day twice"]),
    ("{mon-fri: 09:00-18:00, wed: 09:00-12:00}", [
        "5:62: calendars.c.hours.wed: wed is there already, at a.yaml:5 (write all hours of a day in one place)"]),
    ("{mon,wed: 09:00-18:00}", ["5:40: calendars.c.hours.mon: has no hours (a day without any is [];"
                                ' between braces, days with commas need quotes: {"mon,wed": …})']),
    ("{mon: 9:00-18:00}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: 09:00}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: 09:00-25:00}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: 24:00-06:00}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: 09:60-10:00}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: 00:00-24:30}", [f"5:45: calendars.c.hours.mon: must be a span of time ({_SPAN})"]),
    ("{mon: [09:00-13:00, 14-18]}", [f"5:59: calendars.c.hours.mon[1]: must be a span of time ({_SPAN})"]),
    ("{mon: [09:00-13:00, 14]}", ["5:59: calendars.c.hours.mon[1]: must be text, not a number (put the value in quotes)"]),
    ("{mon: 09:00-09:00}", ['5:45: calendars.c.hours.mon: ends when it begins (the whole day is "00:00-24:00")']),
]  # fmt: skip

MORE: list[tuple[str, list[str]]] = [
    ("holidays: IT", ["5:42: calendars.c.holidays: must be a mapping of names to values"]),
    ("holidays: {}", ["5:42: calendars.c.holidays: must name country (for example {country: IT})"]),
    ("holidays: {country: IT, regoin: MI}", ["5:56: calendars.c.holidays.regoin: unknown key (did you mean 'region'?)"]),
    ("holidays: {country: Italy}", ["5:52: calendars.c.holidays.country: no holidays are known of a country 'Italy'"
                                    " (use the two capital letters of ISO 3166-1, for example IT)"]),
    ("holidays: {country: IT, region: Milano}",
     ["5:64: calendars.c.holidays.region: no holidays are known of a region 'Milano' of IT (did you mean 'MI'?)"]),
    ("holidays: {country: DE, region: Bayn}",
     ["5:64: calendars.c.holidays.region: no holidays are known of a region 'Bayn' of DE (use its code of ISO 3166-2 without the country)"]),
    ("holidays: {country: SM, region: X}",
     ["5:64: calendars.c.holidays.region: no holidays are known of a region 'X' of SM (leave region out)"]),
    ("holidays: {country: PT, region: 11}",
     ["5:64: calendars.c.holidays.region: must be text, not a number (put the value in quotes)"]),
    ("closed: [2026-12-24, 2026-02-30]", ["5:53: calendars.c.closed[1]: must be a date or a range of dates"
                                          " (for example 2026-12-24 or 2026-08-10..2026-08-21)"]),
    ("closed: 2026-W52-4", ["5:40: calendars.c.closed: must be a date or a range of dates"
                            " (for example 2026-12-24 or 2026-08-10..2026-08-21)"]),
    ("closed: 2026-08-10..2026-08-12..2026-08-14", ["5:40: calendars.c.closed: must be a date or a range of dates"
                                                    " (for example 2026-12-24 or 2026-08-10..2026-08-21)"]),
    ("closed: 2026-08-10..2026-08-09", ["5:40: calendars.c.closed: ends before it begins"]),
    ("closed: []", ["5:40: calendars.c.closed: is an empty list (name at least one value, or leave the key out)"]),
    ("closed: 20261224", ["5:40: calendars.c.closed: must be text, not a number (put the value in quotes)"]),
    ("open: [2026-12-27]", ["5:38: calendars.c.open: must be a mapping of names to values"]),
    ("open: {}", ["5:38: calendars.c.open: must name at least one day with its hours"
                  ' (for example {2026-12-27: "10:00-12:00"})']),
    ("open: {2026-02-30: 10:00-12:00}", ["5:39: calendars.c.open.2026-02-30: is no date (for example 2026-12-27)"]),
    ("open: {2026-12-27: 10-12}", [f"5:51: calendars.c.open.2026-12-27: must be a span of time ({_SPAN})"]),
    ("open: {2026-12-27: []}", ["5:51: calendars.c.open.2026-12-27: is an empty list"
                                " (name at least one value, or leave the key out)"]),
]  # fmt: skip


def calendars(declared: str, more: str = "") -> list[str]:
    return problems(f"{HEAD}calendars: {{{declared}}}\n{more}")


@pytest.mark.parametrize(("calendar", "expected"), CALENDAR)
def test_in_a_calendar(calendar: str, expected: list[str]) -> None:
    assert calendars(f"c: {calendar}") == [f"a.yaml:{one}" for one in expected]


@pytest.mark.parametrize(("hours", "expected"), HOURS)
def test_in_hours(hours: str, expected: list[str]) -> None:
    assert calendars(f"c: {{timezone: UTC, hours: {hours}}}") == [f"a.yaml:{one}" for one in expected]


@pytest.mark.parametrize(("more", "expected"), MORE)
def test_in_the_rest_of_a_calendar(more: str, expected: list[str]) -> None:
    hours = "" if more.startswith("open") else ", hours: {mon: 09:00-18:00}"
    assert calendars(f"c: {{timezone: UTC, {more}{hours}}}") == [f"a.yaml:{one}" for one in expected]


GOOD = "c: {timezone: Europe/Rome, hours: {mon: 09:00-18:00}}"
OTHER = "d: {timezone: Asia/Tokyo, hours: {mon: 09:00-18:00}}"

USES: list[tuple[str, str, list[str]]] = [
    (GOOD.replace("c:", "c-d:"), "", ["5:13: calendars.c-d: is no name for a calendar"
                                      " (use letters, digits and _, and begin with a letter)"]),
    (GOOD, "rules:\n  - {name: r, when: {hours.d: open}, then: {tags: t}}\n",
     ["7:22: rules[0].when.hours.d: unknown condition (did you mean 'hours.c'?)"]),
    (GOOD, "rules:\n  - {name: r, when: {holiday.offices: true}, then: {tags: t}}\n",
     ["7:22: rules[0].when.holiday.offices: unknown condition (did you mean 'holiday.c'?)"]),
    (GOOD, "rules:\n  - {name: r, when: {weekday: mon}, then: {tags: t}}\n",
     ["7:22: rules[0].when.weekday: unknown condition (use one of weekday.c)"]),
    (GOOD, "rules:\n  - {name: r, when: {hours.c: shut}, then: {tags: t}}\n",
     ["7:31: rules[0].when.hours.c: can never be so (known: closed, open)"]),
    (GOOD, "rules:\n  - {name: r, when: {weekday.c: monday}, then: {tags: t}}\n",
     ["7:33: rules[0].when.weekday.c: can never be so (known: fri, mon, sat, sun, thu, tue, wed)"]),
    (GOOD, "rules:\n  - {name: r, when: {date.c: tomorrow}, then: {tags: t}}\n",
     ["7:30: rules[0].when.date.c: must be a date or a comparison with one"
      ' (for example 2026-11-30 or ">= 2026-11-30")']),
    (GOOD, "rules:\n  - {name: r, when: {holiday.c: 'yes'}, then: {tags: t}}\n",
     ["7:33: rules[0].when.holiday.c: must be true or false, not text"]),
    (GOOD, "rules:\n  - {name: r, when: {expr: holiday.c == 'x'}, then: {tags: t}}\n",
     ["7:38: rules[0].when.expr: found no matching overload for '_==_' applied to '(bool, string)'"]),
    (GOOD, "rules:\n  - {name: r, then: {sla: {first_reply: 4h, calendar: cc}}}\n",
     ["7:55: rules[0].then.sla.calendar: there is no calendar 'cc' (known: c)"]),
    (GOOD, "tests:\n  - {message: {received: tomorrow}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: must be a date and a time (for example 2026-12-25T10:00)"]),
    (GOOD, "tests:\n  - {message: {received: 2026-12-25}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: must be a date and a time (for example 2026-12-25T10:00)"]),
    (GOOD, "tests:\n  - {message: {received: 2026-12-25T25:00}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: must be a date and a time (for example 2026-12-25T10:00)"]),
    (GOOD, "tests:\n  - {message: {received: 2026-03-29T02:30}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: no clock shows this time in Europe/Rome: it is put forward over it"
      " (for example 2026-12-25T10:00+01:00 or 2026-12-25T09:00Z)"]),
    (GOOD, "tests:\n  - {message: {received: 0001-01-01T00:00}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: is beyond all dates"]),
    (f"{GOOD}, {OTHER}", "tests:\n  - {message: {received: 2026-12-25T10:00}, expect: {priority: 0}}\n",
     ["7:26: tests[0].message.received: needs an offset, as the calendars have several time zones"
      " (for example 2026-12-25T10:00+01:00 or 2026-12-25T09:00Z)"]),
    (GOOD, "tests:\n  - {message: {hours.c: shut}, expect: {priority: 0}}\n",
     ["7:25: tests[0].message.hours.c: can never be so (known: closed, open)"]),
    (GOOD, "tests:\n  - {message: {}, expect: {sla: {calendar: x}}}\n",
     ["7:44: tests[0].expect.sla.calendar: there is no calendar 'x' (known: c)"]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "more", "expected"), USES)
def test_uses_of_a_calendar(declared: str, more: str, expected: list[str]) -> None:
    assert calendars(declared, more) == [f"a.yaml:{one}" for one in expected]


def test_no_calendar_is_declared() -> None:
    then = "{sla: {first_reply: 4h, calendar: office}}"
    assert problems(in_rule(when="{hours: open}", then=then)) == [
        "a.yaml:7:12: rules[0].when.hours: unknown condition (declare it under calendars:)",
        "a.yaml:8:45: rules[0].then.sla.calendar: there is no calendar 'office' (declare it under calendars:)",
    ]


def test_calendars_of_several_files() -> None:
    first = f"{HEAD}calendars: {{{GOOD}}}\nrules:\n  - {{name: r, then: {{sla: {{first_reply: 4h, calendar: d}}}}}}\n"
    assert problems(first, f"calendars: {{{GOOD}, {OTHER}}}\n") == [
        "b.yaml:1:13: calendars.c: calendar 'c' is declared already, at a.yaml:5"
    ]


def test_a_broken_calendar_is_reported_once() -> None:
    broken = GOOD.replace("Europe/Rome", "Europe/Rom")
    more = "rules:\n  - {name: r, when: {hours.c: open}, then: {sla: {first_reply: 4h, calendar: c}}}\n"
    tests = "tests:\n  - {message: {received: 2026-12-25T10:00}, expect: {sla: {calendar: c}}}\n"
    assert calendars(broken, more + tests) == [
        "a.yaml:5:27: calendars.c.timezone: there is no time zone 'Europe/Rom' (did you mean 'Europe/Rome'?)"
    ]
