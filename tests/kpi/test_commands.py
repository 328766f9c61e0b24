"""Figures on the command line, without a gateway that ever counted."""

import asyncio
import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert
from typer.testing import CliRunner, Result

from desk.kpi.definitions import KPIS
from regia.cells import harmless
from regia.cli.main import app
from storage.database import Database
from storage.schema import outgoing
from tests.cli.test_customer import migrated_sqlite, run
from tests.erasing.planted import row
from tests.kpi.planted import AT, contact

__all__ = ["migrated_sqlite", "run"]

PERIOD = ("--since", "2026-11-21", "--until", "2026-11-22", "--zone", "Europe/Rome")


def kpi(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["report", "kpi", *arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(autouse=True)
def contacts(run: Callable[..., Result]) -> None:
    """Three in the evening of 21 November; by the clock of Rome the last one is of the next day. The first was answered."""
    asyncio.run(_write())


async def _write() -> None:
    def work(connection: Connection) -> None:
        for number, category in enumerate(("returns", '=HYPERLINK("x")', "returns")):
            contact(connection, number, AT + number * 5 * 3_600_000 // 2, category)
        answer = {"id": "out", "conversation_id": "con_0", "automatic": False, "state": "sent", "ended_ms": AT + 90_500}
        connection.execute(insert(outgoing), [row(outgoing, **answer)])

    database = Database("sqlite:///data/regia.sqlite")
    await database.write(work)
    await database.close()


def test_for_people() -> None:
    assert kpi("first_reply", "reasons", *PERIOD).stdout.splitlines() == [
        "first_reply: mean 1m, median 1m, 90 % within 1m, of 1",
        "reasons: 2 contacts",
        '    =HYPERLINK("x"): 1 contacts, 50.0 %',
        "    returns: 1 contacts, 50.0 %",
    ]
    assert (
        kpi("reasons", "--by", "", "--field", "shop=Roma", "--tag", "vip", "--since", "2026-11-20").stdout
        == "reasons: 3 contacts\n"
    )


def test_for_a_spreadsheet_without_formulas() -> None:
    text = kpi("reasons", "reply", "--csv", "--by", "tag", *PERIOD).stdout
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(one["kpi"], one["group"], one["count"], one["mean"]) for one in table] == [
        ("reasons", "*", "2", ""),
        ("reasons", "'+39", "2", ""),
        ("reasons", "vip", "2", ""),
        ("reply", "*", "1", "90.000"),
        ("reply", "'+39", "1", "90.000"),
        ("reply", "vip", "1", "90.000"),
    ]
    assert '\'=HYPERLINK(""x"")' in kpi("reasons", "--csv", *PERIOD).stdout


def test_by_two_things_at_once() -> None:
    assert kpi("reasons", "--by", "field.shop", "--by", "category", *PERIOD).stdout.splitlines()[1:] == [
        '    Roma, =HYPERLINK("x"): 1 contacts, 50.0 %',
        "    Roma, returns: 1 contacts, 50.0 %",
    ]
    table = list(csv.DictReader(io.StringIO(kpi("reply", "--by", "category", "--by", "day", "--csv", *PERIOD).stdout)))
    assert [(one["group"], one["across"], one["count"], one["mean"]) for one in table] == [
        ("*", "", "1", "90.000"),
        ('\'=HYPERLINK("x")', "2026-11-21", "0", ""),
        ("returns", "2026-11-21", "1", "90.000"),
    ]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"])
def test_what_a_spreadsheet_takes_for_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"a{cell}") == f"a{cell}"


def test_for_programs() -> None:
    (found,) = json.loads(kpi("sources", "--json", *PERIOD).stdout)["kpis"]
    assert (found["kpi"], found["by"], found["since"], found["until"]) == (
        *("sources", "channel"),
        *("2026-11-20T23:00:00.000Z", "2026-11-21T23:00:00.000Z"),
    )
    assert found["groups"] == [
        {"group": "form", "across": None, "count": 2, "share": 1.0, "parts": {}}
        | dict.fromkeys(("measured", "mean", "median", "p90"))
    ]


def test_all_of_them() -> None:
    names = {line.partition(":")[0] for line in kpi(*PERIOD).stdout.splitlines() if not line.startswith(" ")}
    assert names == set(KPIS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nonsense",), "there is no figure 'nonsense'"),
        (("--by", "shoe"), "nothing to count by"),
        (("--by", "field."), "nothing to count by"),
        (("--since", "soon"), "since must be a day"),
        (("--since", "9999-12-31", "--until", "9999-12-31T23:00", "--by", "day"), "of the years 1970 to 8999"),
        (("articles", "--since", "0001-01-01", "--zone", "Europe/Rome"), "of the years 1970 to 8999"),
        (("--until", "9000-01-01"), "until must be a day"),
        (("--since", "1969-12-31T23:59"), "since must be a day"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "until must not be before since"),
        (("--zone", "Rome"), "zone must be a time zone"),
        (("--field", "order"), "field must be name=value"),
        (("--by", "day", "--by", "tag", "--by", "brand"), "by may be given twice"),
        (("--since", "2000-01-01", "--by", "hour"), "choose a longer span"),
        (("--csv", "--json"), "either --csv or --json"),
    ],
)
def test_what_is_not_understood_is_said(arguments: tuple[str, ...], told: str) -> None:
    assert told in kpi(*arguments, code=2).stderr
