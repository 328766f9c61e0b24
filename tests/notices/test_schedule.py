"""When digests are told, also when clocks are changed."""

from zoneinfo import ZoneInfo

import pytest

from desk.notices.schedule import Schedule
from tests.notices.conftest import ROME, at

TWICE = Schedule(at=(8 * 60 + 30, 14 * 60), zone=ROME)
OFFICE = Schedule(at=(9 * 60,), days=frozenset(range(5)), zone=ROME)
NIGHT = Schedule(at=(2 * 60 + 30,), zone=ROME)


@pytest.mark.parametrize(
    ("schedule", "entered", "told"),
    [
        (TWICE, "2026-11-27T08:29:59", "2026-11-27T08:30"),
        (TWICE, "2026-11-27T08:30", "2026-11-27T14:00"),
        (TWICE, "2026-11-27T14:00", "2026-11-28T08:30"),
        (OFFICE, "2026-11-27T09:00", "2026-11-30T09:00"),
        (OFFICE, "2026-11-28T00:01", "2026-11-30T09:00"),
        (OFFICE, "2026-12-31T10:00", "2027-01-01T09:00"),
        (TWICE, "2026-03-28T20:00", "2026-03-29T08:30"),  # 11.5 hours later
        (TWICE, "2026-10-24T20:00", "2026-10-25T08:30"),  # 13.5
        (NIGHT, "2026-03-29T00:00", "2026-03-29T03:30"),  # no clock shows 02:30
        (NIGHT, "2026-10-25T00:00", "2026-10-25T02:30"),  # of two the first
        (NIGHT, "2026-10-25T02:30", "2026-10-26T02:30"),
    ],
)
def test_at_times_of_a_clock_on_the_wall(schedule: Schedule, entered: str, told: str) -> None:
    assert schedule.after(at(entered)) == at(told)


@pytest.mark.parametrize(
    ("entered", "hours"), [("2026-03-28T20:00", 11.5), ("2026-10-24T20:00", 13.5), ("2026-06-01T20:00", 12.5)]
)
def test_real_hours_between(entered: str, hours: float) -> None:
    assert TWICE.after(at(entered)) - at(entered) == hours * 3_600_000


def test_in_intervals() -> None:
    assert Schedule(every_ms=60_000, zone=ZoneInfo("UTC")).after(5) == 60_005
