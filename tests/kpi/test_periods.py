"""What a period is compared with: as much of the one before as there is of this one."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import Connection

from desk.kpi.periods import before
from desk.kpi.report import Wanted
from desk.kpi.rolling import Rolling
from regia.http.console.kpi_parts import Page, make
from regia.http.console.kpi_question import Chosen
from storage.database import Database
from tests.kpi.planted import AT, contact
from web.console.kpi import Tile

HOUR = 3_600_000
ROME = ZoneInfo("Europe/Rome")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp() * 1000)


@pytest.mark.parametrize(
    ("since", "until", "now", "earlier"),
    [
        ("2026-11-21", "2026-11-21T10:00", "2026-11-21T10:00", ("2026-11-20", "2026-11-20T10:00")),
        ("2026-11-15", "2026-11-21T10:00", "2026-11-21T10:00", ("2026-11-08", "2026-11-14T10:00")),
        ("2026-10-01", "2026-11-01", "2026-11-21", ("2026-08-31", "2026-10-01")),
        ("2026-11-21T15:00", "2026-11-22T09:00", "2026-12-01", ("2026-11-20T15:00", "2026-11-21T09:00")),
        # The day on which the clock goes back has 25 hours, the one on which it goes on 23.
        ("2026-10-25", "2026-10-25T10:00", "2026-10-25T10:00", ("2026-10-24", "2026-10-24T10:00")),
        ("2026-10-26", "2026-10-27", "2026-11-21", ("2026-10-25", "2026-10-26")),
        ("2026-03-30", "2026-03-30T10:00", "2026-03-30T10:00", ("2026-03-29", "2026-03-29T10:00")),
        # What is still to come has nothing to be compared with.
        ("2026-11-21", "2026-11-22", "2026-11-21T10:00", ("2026-11-20", "2026-11-20T10:00")),
    ],
)
def test_a_period_is_compared_with_as_much_of_the_one_before(
    since: str, until: str, now: str, earlier: tuple[str, str]
) -> None:
    assert before(ms(since), ms(until), ms(now), ROME) == (ms(earlier[0]), ms(earlier[1]))


def test_nothing_breaks_before_the_first_year() -> None:
    since_ms, until_ms = before(ms("1970-01-02"), ms("8999-12-31"), ms("2026-11-21"), ROME)
    assert since_ms < until_ms < 0


async def test_what_came_later_on_the_day_before_does_not_count_and_who_waits_has_no_change(database: Database) -> None:
    def plant(connection: Connection) -> None:
        for number, hours in enumerate((1, 2, 25, 23, 22)):
            contact(connection, number, AT - hours * HOUR, "returns", awaits_answer=True, handle_id=f"hdl_{number}")

    await database.write(plant)
    await Rolling(database).finish(AT)
    of = Wanted(since_ms=AT - 18 * HOUR, until_ms=AT + 1, by="")
    page = Page(chosen=Chosen(period="1"), of=of, labels={}, language="it")
    with time_machine.travel(AT / 1000, tick=False):
        tiles = await database.read(lambda one: [make(one, "tile", name, page) for name in ("reasons", "unheard")])
    assert [(one.value, one.change) for one in tiles if isinstance(one, Tile)] == [("2", 100), ("2", None)]
