"""Opening hours: every rule of docs/rules.md about them, moment by moment, and the facts that rules get."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router import public_holidays
from router.calendars import Calendar, OutOfReach
from router.load import load
from router.ruleset import Ruleset
from router.vocabulary import Facts

ASKS = "hours.c: open, weekday.c: mon, date.c: 2026-01-01, holiday.c: true"


def ruleset(calendar: str, rules: str = f"  - {{name: asks, when: {{{ASKS}}}, then: {{tags: t}}}}\n") -> Ruleset:
    text = f"categories: {{a: {{}}}}\ndefault: a\ncalendars:\n  c: {calendar}\nrules:\n{rules}"
    return load([("rules.yaml", text)])


def told(calendar: str, received: str) -> dict[str, Any]:
    """The facts of the calendar, as an explanation has them."""
    return told_of({"received": received}, ruleset(calendar))


def told_of(facts: Facts, rules: Ruleset) -> dict[str, Any]:
    all_facts = rules._clock.told(facts)
    return {name.removesuffix(".c"): value for name, value in all_facts.items() if name.endswith(".c")}


ROME = "timezone: Europe/Rome"
DAILY = f'{{{ROME}, hours: {{mon-fri: ["09:00-13:00", "14:00-18:00"], sat: "09:00-12:30", sun: []}}}}'
NIGHT = f'{{{ROME}, hours: {{"mon,wed": "22:00-06:00"}}}}'
ALWAYS = '{timezone: America/New_York, hours: {mon-sun: "00:00-24:00"}}'
EXCEPT = (
    f'{{{ROME}, hours: {{mon-sun: "09:00-18:00"}}, holidays: {{country: IT, region: MI}},'
    ' closed: [2026-12-24, 2026-08-10..2026-08-21, "2026-08-20 .. 2026-08-23"],'
    ' open: {2026-12-24: "10:00-11:00", 2026-12-25: ["10:00-12:00", "20:00-02:00"]}}'
)
NIGHTS = f'{{{ROME}, hours: {{mon-sun: "22:00-06:00"}}, holidays: {{country: IT}}, closed: 2026-03-11}}'
LONGER = f'{{{ROME}, hours: {{sun: "02:30-04:00"}}}}'
LATE = f'{{{ROME}, hours: {{sun: "02:15-02:45"}}}}'

HOURS: list[tuple[str, str, str]] = [
    # by the local clock, which Rome has an hour ahead of UTC in winter and two in summer; 2026-11-27 is a friday
    (DAILY, "2026-11-27T07:59:59.999Z", "closed"),
    (DAILY, "2026-11-27T08:00:00.000Z", "open"),
    (DAILY, "2026-11-27T11:59:59.999Z", "open"),
    (DAILY, "2026-11-27T12:00:00.000Z", "closed"),
    (DAILY, "2026-11-27T13:00:00.000Z", "open"),
    (DAILY, "2026-11-27T17:00:00.000Z", "closed"),
    (DAILY, "2026-11-28T11:29:00.000Z", "open"),
    (DAILY, "2026-11-28T11:30:00.000Z", "closed"),
    (DAILY, "2026-11-29T10:00:00.000Z", "closed"),
    (DAILY, "2026-07-24T07:00:00.000Z", "open"),
    (DAILY, "2026-07-24T16:00:00.000Z", "closed"),
    # over midnight: the night belongs to monday and wednesday
    (NIGHT, "2026-11-23T20:59:00.000Z", "closed"),
    (NIGHT, "2026-11-23T21:00:00.000Z", "open"),
    (NIGHT, "2026-11-24T04:59:00.000Z", "open"),
    (NIGHT, "2026-11-24T05:00:00.000Z", "closed"),
    (NIGHT, "2026-11-24T21:00:00.000Z", "closed"),
    (NIGHT, "2026-11-26T04:00:00.000Z", "open"),
    # 24 hours
    (ALWAYS, "2026-11-24T04:59:59.999Z", "open"),
    (ALWAYS, "2026-11-24T05:00:00.000Z", "open"),
    # exceptions
    (EXCEPT, "2026-12-08T10:00:00.000Z", "closed"),  # a holiday of the country
    (EXCEPT, "2026-12-07T10:00:00.000Z", "closed"),  # a holiday of the region
    (EXCEPT, "2026-12-09T10:00:00.000Z", "open"),
    (EXCEPT, "2026-08-09T10:00:00.000Z", "open"),
    (EXCEPT, "2026-08-10T10:00:00.000Z", "closed"),
    (EXCEPT, "2026-08-21T10:00:00.000Z", "closed"),
    (EXCEPT, "2026-08-23T10:00:00.000Z", "closed"),
    (EXCEPT, "2026-08-24T10:00:00.000Z", "open"),
    (EXCEPT, "2026-12-24T09:30:00.000Z", "open"),  # open wins over closed
    (EXCEPT, "2026-12-24T08:30:00.000Z", "closed"),  # and over hours
    (EXCEPT, "2026-12-25T09:30:00.000Z", "open"),  # and over holidays
    (EXCEPT, "2026-12-26T00:59:00.000Z", "open"),  # its night goes on into a holiday
    (EXCEPT, "2026-12-26T01:00:00.000Z", "closed"),
    # nights beside holidays: 6 January is one
    (NIGHTS, "2026-01-06T04:00:00.000Z", "open"),
    (NIGHTS, "2026-01-06T22:00:00.000Z", "closed"),
    (NIGHTS, "2026-01-07T04:00:00.000Z", "closed"),
    (NIGHTS, "2026-01-07T22:00:00.000Z", "open"),
    (NIGHTS, "2026-03-11T03:00:00.000Z", "open"),
    (NIGHTS, "2026-03-11T22:00:00.000Z", "closed"),
    # 2026-10-25: Rome shows 02:00 to 03:00 twice, and both count
    (LATE, "2026-10-25T00:14:00.000Z", "closed"),
    (LATE, "2026-10-25T00:15:00.000Z", "open"),
    (LATE, "2026-10-25T00:45:00.000Z", "closed"),
    (LATE, "2026-10-25T01:15:00.000Z", "open"),
    (LATE, "2026-10-25T01:45:00.000Z", "closed"),
    # 2026-03-29: it shows no time between 02:00 and 03:00
    (LATE, "2026-03-29T00:59:00.000Z", "closed"),
    (LATE, "2026-03-29T01:00:00.000Z", "closed"),
    (LATE, "2026-03-29T01:20:00.000Z", "closed"),
    # ways of writing
    (f'{{{ROME}, hours: {{sat-mon: "09:00-18:00"}}}}', "2026-11-29T12:00:00.000Z", "open"),
    (f'{{{ROME}, hours: {{sat-mon: "09:00-18:00"}}}}', "2026-11-24T12:00:00.000Z", "closed"),
    (f'{{{ROME}, hours: {{"mon, wed - thu": "09:00 - 18:00"}}}}', "2026-11-26T12:00:00.000Z", "open"),
    (f'{{{ROME}, hours: {{mon: ["10:00-16:00", "09:00-12:00", "11:00-11:30"]}}}}', "2026-11-23T14:00:00.000Z", "open"),
    (f'{{{ROME}, hours: {{mon: ["10:00-16:00", "09:00-12:00", "11:00-11:30"]}}}}', "2026-11-23T08:30:00.000Z", "open"),
    (f'{{{ROME}, hours: {{mon: ["10:00-09:00", "09:00-12:00"]}}}}', "2026-11-24T07:59:00.000Z", "open"),
    (f'{{{ROME}, hours: {{mon: "18:00-00:00"}}}}', "2026-11-23T22:59:00.000Z", "open"),
    (f'{{{ROME}, hours: {{mon: "18:00-00:00"}}}}', "2026-11-23T23:00:00.000Z", "closed"),
    (f'{{{ROME}, open: {{2026-11-24: "09:00-18:00"}}}}', "2026-11-24T09:00:00.000Z", "open"),
]


@pytest.mark.parametrize(("calendar", "received", "expected"), HOURS)
def test_open_or_closed(calendar: str, received: str, expected: str) -> None:
    assert told(calendar, received)["hours"] == expected


@pytest.mark.parametrize(
    ("calendar", "received", "expected"),
    [
        (EXCEPT, "2026-12-25T09:30:00.000Z", ("2026-12-25", "fri", True, "open")),
        (EXCEPT, "2026-12-24T23:30:00.000Z", ("2026-12-25", "fri", True, "closed")),
        (EXCEPT, "2026-12-24T22:59:00.000Z", ("2026-12-24", "thu", False, "closed")),
        (ALWAYS, "2026-12-25T04:59:00.000Z", ("2026-12-24", "thu", False, "open")),
        (NIGHT, "2026-11-24T04:59:00.000Z", ("2026-11-24", "tue", False, "open")),
        ('{timezone: Pacific/Kiritimati, hours: {mon: "09:00-10:00"}}', "2026-12-31T10:00:00.000Z",
         ("2027-01-01", "fri", False, "closed")),
    ],
)  # fmt: skip
def test_the_day_there(calendar: str, received: str, expected: tuple[object, ...]) -> None:
    facts = told(calendar, received)
    assert tuple(facts[name] for name in ("date", "weekday", "holiday", "hours")) == expected


@pytest.mark.parametrize(
    "facts",
    [
        {}, {"received": None}, {"received": ""}, {"received": "yesterday"}, {"received": "2026-12-25T09:30:00"},
        {"received": 7}, {"received": "0001-01-01T00:00:00+14:00"}, {"received": "9999-12-31T23:59:59-12:00"},
    ],
)  # fmt: skip
def test_no_moment_no_facts(facts: Facts) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        rules = ruleset(f'{{timezone: {zone}, hours: {{mon: "22:00-06:00"}}}}')
        assert rules.route(facts).tags == ()
        received = str(facts.get("received"))
        assert told_of(facts, rules) == {} or received[:4] in ("0001", "9999")


def test_the_first_and_the_last_of_all_days() -> None:
    calendar = '{timezone: UTC, hours: {mon-sun: "22:00-06:00"}, holidays: {country: IT}}'
    assert told(calendar, "0001-01-01T03:00:00Z") == {
        "hours": "closed", "date": "0001-01-01", "weekday": "mon", "holiday": False}  # fmt: skip
    assert told(calendar, "9999-12-31T23:00:00Z")["hours"] == "open"


def test_what_is_given_stays() -> None:
    facts: Facts = {"received": "2026-12-25T09:30:00.000Z", "hours.c": None, "weekday.c": "mon"}
    assert told_of(facts, ruleset(EXCEPT)) == {"hours": None, "weekday": "mon", "date": "2026-12-25", "holiday": True}


def test_only_what_is_asked_is_made() -> None:
    facts: Facts = {"received": "2026-12-25T09:30:00.000Z"}
    one = ruleset(EXCEPT, "  - {name: a, when: {expr: \"weekday.c == 'fri'\"}, then: {tags: t}}\n")
    assert told_of(facts, one) == {"weekday": "fri"}
    assert one.route(facts).tags == ("t",)
    none = ruleset(EXCEPT, "  - {name: a, when: {channel: x}, then: {tags: t}}\n")
    assert none._clock.told(facts) is facts


def test_a_year_of_holidays_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ruleset(EXCEPT)
    holidays = rules.calendars["c"]._plan.holidays
    assert holidays is not None
    counts = holidays.cache_info  # type: ignore[attr-defined]  # of the cache around the function
    for minute in range(2000):
        rules.route({"received": f"2026-05-{minute % 20 + 10}T{minute % 24:02}:10:00.000Z"})
    assert counts().misses == 1
    for year in range(1900, 2100):
        rules.route({"received": f"{year}-05-10T12:00:00.000Z"})
    assert counts().currsize == counts().maxsize == 16


def test_threads_share_a_calendar() -> None:
    calendar = ruleset(EXCEPT).calendars["c"]
    start = datetime(2026, 12, 1, tzinfo=UTC)
    expected = [calendar.is_open(calendar.local(start + timedelta(hours=n))) for n in range(900)]
    found: list[list[bool]] = []

    def ask() -> None:
        found.append([calendar.is_open(calendar.local(start + timedelta(hours=n))) for n in range(900)])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def office(calendar: str = DAILY) -> Calendar:
    return ruleset(calendar).calendars["c"]


@pytest.mark.parametrize(
    ("calendar", "start", "seconds", "end"),
    [
        (DAILY, "2026-11-27T09:00:00+01:00", 3600, "2026-11-27T10:00:00+01:00"),
        (DAILY, "2026-11-27T09:00:00.250+01:00", 3600, "2026-11-27T10:00:00.250+01:00"),
        (DAILY, "2026-11-27T11:00:00+01:00", 3 * 3600, "2026-11-27T15:00:00+01:00"),
        (DAILY, "2026-11-27T09:00:00+01:00", 4 * 3600, "2026-11-27T13:00:00+01:00"),  # not at 14:00
        (DAILY, "2026-11-27T09:00:00+01:00", 4 * 3600 + 1, "2026-11-27T14:00:01+01:00"),
        (DAILY, "2026-11-28T12:00:00+01:00", 3600, "2026-11-30T09:30:00+01:00"),  # over sunday
        (DAILY, "2026-11-29T12:00:00+01:00", 0, "2026-11-29T12:00:00+01:00"),
        (DAILY, "2026-11-29T12:00:00+01:00", 1, "2026-11-30T09:00:01+01:00"),
        (EXCEPT, "2026-12-24T10:30:00+01:00", 3600, "2026-12-25T10:30:00+01:00"),
        (LATE, "2026-10-25T00:00:00+02:00", 3600, "2026-10-25T02:45:00+01:00"),  # twice half an hour
        (LATE, "2026-03-29T00:00:00+01:00", 1800, "2026-04-05T02:45:00+02:00"),  # a sunday without
        # it opens when the clock is put forward into the span, to the second
        (LONGER, "2026-03-29T01:00:07+01:00", 1, "2026-03-29T03:00:01+02:00"),
        (ALWAYS, "2026-10-31T12:00:00-04:00", 86400, "2026-11-01T11:00:00-05:00"),  # 24 hours of an hour each
    ],
)
def test_working_time(calendar: str, start: str, seconds: int, end: str) -> None:
    found = office(calendar).add(datetime.fromisoformat(start), seconds)
    assert found == datetime.fromisoformat(end)
    assert found.tzinfo is UTC


def test_working_time_that_never_comes() -> None:
    over = office(f'{{{ROME}, open: {{2026-11-24: "09:00-18:00"}}}}')
    with pytest.raises(OutOfReach):
        over.add(datetime(2026, 11, 25, tzinfo=UTC), 1)
    with pytest.raises(OutOfReach):
        office().add(datetime(2026, 11, 25, tzinfo=UTC), 30 * 365 * 86400)
    with pytest.raises(OutOfReach):
        office().add(datetime(9999, 12, 1, tzinfo=UTC), 30 * 86400)
    with pytest.raises(OutOfReach):
        office(ALWAYS).add(datetime(2026, 11, 25, tzinfo=UTC), 10**18)
    with pytest.raises(ValueError, match="taken back"):
        office().add(datetime(2026, 11, 25, tzinfo=UTC), -1)


def test_every_country_and_region_has_a_table() -> None:
    known = public_holidays.countries()
    assert len(known) > 200
    for country, regions in known.items():
        for region in (None, *list(regions)[:3]):
            assert all(day.year == 2026 for day in public_holidays.of_years(country, region)(2026))
