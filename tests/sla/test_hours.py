"""By which calendar a time counts when rules change: that of the version that promised it."""

import json

import pytest

from regia.rules.hours import Hours
from regia.rules.live import Rules
from router.load import load
from storage import rulesets
from storage.database import Database
from tests.sla.test_running import HOUR, ms, timer

HEAD = "categories: {general: {}}\ndefault: general\n"
OLD = HEAD + 'calendars: {office: {timezone: UTC, hours: {mon-fri: "09:00-17:00"}}}\n'
NEW = HEAD + 'calendars: {office: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}}\n'
WITHOUT = HEAD
START = ms("2026-11-26T16:00+00:00")


@pytest.mark.parametrize(
    ("calendar", "stored", "live", "due"),
    [
        pytest.param("office", False, OLD, "2026-11-27T10:00+00:00", id="the version that decides"),
        pytest.param("office", True, NEW, "2026-11-27T10:00+00:00", id="one of before"),
        pytest.param("office", False, NEW, "2026-11-26T18:00+00:00", id="one that is not kept: the same name now"),
        pytest.param("office", False, WITHOUT, "2026-11-26T18:00+00:00", id="a name that is nowhere: all hours"),
        pytest.param(None, True, OLD, "2026-11-26T18:00+00:00", id="none"),
    ],
)
async def test_whose_calendar(database: Database, calendar: str | None, stored: bool, live: str, due: str) -> None:
    version = load([("rules.yaml", OLD)])
    if stored:
        sources = json.dumps([["rules.yaml", OLD]])
        await database.write(lambda connection: rulesets.keep(connection, version.hash, sources))
    one = timer(START, 2 * HOUR)
    one.calendar, one.ruleset = calendar, version.hash
    hours, rules = Hours(), Rules.of_all(load([("rules.yaml", live)]))
    for _ in range(2):
        found = await database.read(lambda connection: hours.of(connection, rules, one))
        assert found.after(START, 2 * HOUR) == ms(due)
