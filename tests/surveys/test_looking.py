"""What people see of surveys: over HTTP, on the command line, and in sums."""

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import insert
from typer.testing import CliRunner

from desk.surveys import views
from desk.surveys.views import Wanted
from regia.cli.main import app
from storage.database import Database
from storage.schema import handles
from storage.schema import surveys as table
from tests.erasing.planted import row
from tests.http.served import ALL, VIEWER, Client, is_up, make_gateway, serving

START = 1_795_000_000_000
WORDS = {("closed", "comment")}


def rows() -> list[dict[str, Any]]:
    """Two agents, one who answered nothing, one who was not asked."""
    made = []
    for number, (agent, state, answers) in enumerate(
        [
            ("giulia", "answered", {"satisfaction": 5, "comment": "=1+1; grazie"}),
            ("giulia", "partly", {"satisfaction": 4}),
            ("marco", "answered", {"satisfaction": 1, "again": "never"}),
            ("marco", "expired", {}),
            (None, "skipped", {}),
        ]
    ):
        own: dict[str, Any] = {
            "id": f"srv_{number}",
            "ticket_event": f"e{number}",
            "name": "closed",
            "agent": agent,
            "state": state,
        }
        own |= {"answers": json.dumps(answers), "received_ms": START + number, "handle_id": "hdl_1", "category": "returns"}
        own |= {"brand": "demo", "ticket": f"T{number}", "asked_ms": None if state == "skipped" else START + number}
        made.append(row(table, **own) | {"skipped": "asked_lately" if state == "skipped" else None, "product": None})
    return made


async def fill(database: Database) -> None:
    link = row(handles, id="hdl_1", space="demo", kind="phone", value="+393331234567", customer_id="cus_1")
    await database.write(lambda connection: connection.execute(insert(handles), [link]))
    await database.write(lambda connection: connection.execute(insert(table), rows()))


async def test_pages_newest_first(database: Database) -> None:
    await fill(database)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await database.read(lambda one, at=cursor: views.listed(one, Wanted(), cursor=at, limit=2))  # type: ignore[misc]
        seen += [one.id for one in page.items]
        if (cursor := page.cursor) is None:
            break
    assert seen == [f"srv_{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(state="answered"), [2, 0]),
        (Wanted(since_ms=START + 3), [4, 3]),
        (Wanted(until_ms=START + 1), [0]),
        (Wanted(name="other"), []),
        (Wanted(brand="other"), []),
    ],
)
async def test_some_of_them(database: Database, wanted: Wanted, ids: list[int]) -> None:
    await fill(database)
    page = await database.read(lambda one: views.listed(one, wanted))
    assert [one.id for one in page.items] == [f"srv_{number}" for number in ids]


async def test_sums_by_agent(database: Database) -> None:
    await fill(database)
    sums = await database.read(lambda one: views.report(one, Wanted(), "agent", WORDS))
    assert [(one.group, one.asked, one.answered, one.words) for one in sums] == [("giulia", 2, 2, 1), ("marco", 2, 1, 0)]
    assert [one.average("satisfaction") for one in sums] == [4.5, 1.0]
    assert sums[1].average("again") is None
    assert dict(sums[1].values["again"]) == {"never": 1}


@pytest.fixture
async def client(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Client]:
    made = make_gateway(tmp_path, migrated_sqlite)
    async with serving(made) as served:
        made.start()
        await is_up(made)
        await fill(made.stores.database)
        yield served


async def test_over_http(client: Client) -> None:
    page = await (await client.get("/v1/surveys?state=answered&limit=1", headers=VIEWER)).json()
    (one,) = page["surveys"]
    assert (one["id"], one["customer"], one["planned"]) == ("srv_2", "cus_1", "2026-11-18T11:06:40.002Z")
    assert one["answers"] == [{"question": "satisfaction", "value": 1}, {"question": "again", "value": "never"}]
    page = await (await client.get(f"/v1/surveys?state=answered&cursor={page['cursor']}", headers=VIEWER)).json()
    assert ([each["id"] for each in page["surveys"]], page["cursor"]) == (["srv_0"], None)


@pytest.mark.parametrize(
    ("query", "headers", "status", "error"),
    [
        ("", ALL, 403, "scope_missing"),
        ("", {}, 401, "token_missing"),
        ("?state=done", VIEWER, 400, "malformed"),
        ("?since=yesterday", VIEWER, 400, "malformed"),
        ("?cursor=x", VIEWER, 400, "malformed"),
        ("?limit=0", VIEWER, 400, "malformed"),
    ],
)
async def test_what_is_refused(client: Client, query: str, headers: dict[str, str], status: int, error: str) -> None:
    answer = await client.get(f"/v1/surveys{query}", headers=headers)
    assert (answer.status, (await answer.json())["error"]) == (status, error)


CONFIG = """
data: {path: data, make_secrets: true}
links_key: file:links-key
rules: [rules.yaml]
surveys: {closed: {}}
"""


@pytest.fixture
async def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text("categories: {general: {}}\ndefault: general\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    opened = Database(f"sqlite:///{tmp_path / 'data' / 'regia.sqlite'}")
    await fill(opened)
    await opened.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGIA_CONFIG", raising=False)
    return tmp_path


def regia(*arguments: str, status: int = 0) -> Result:
    mask = os.umask(0o077)
    try:
        found = CliRunner().invoke(app, ["survey", *arguments])
    finally:
        os.umask(mask)
    assert found.exit_code == status, found.output
    return found


def test_a_list_shows_no_words(folder: Path) -> None:
    lines = regia("list").stdout.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("srv_4  closed  T4  -  asked_lately")
    assert lines[4].endswith("srv_0  closed  T0  giulia  answered  satisfaction=5  comment=…")
    assert [json.loads(regia("list", "--json", "--limit", "1").stdout)["surveys"][0]["id"]] == ["srv_4"]
    assert "one of planned" in regia("list", "--state", "done", status=2).output


def test_one_with_its_words(folder: Path) -> None:
    assert "comment:      =1+1; grazie" in regia("show", "srv_0").stdout
    assert "asked_lately: the customer was asked within the period" in regia("show", "srv_4").stdout
    assert json.loads(regia("show", "srv_1", "--json").stdout)["answers"] == [{"question": "satisfaction", "value": 4}]
    assert "no survey of that id" in regia("show", "srv_9", status=1).output


def test_a_table(folder: Path) -> None:
    found = list(csv.DictReader(io.StringIO(regia("export").stdout)))
    assert [(one["id"], one["satisfaction"], one["again"], one["comment"]) for one in found] == [
        ("srv_4", "", "", ""),
        ("srv_3", "", "", ""),
        ("srv_2", "1", "never", ""),
        ("srv_1", "4", "", ""),
        ("srv_0", "5", "", "'=1+1; grazie"),
    ]


def test_a_report(folder: Path) -> None:
    lines = regia("report", "--by", "agent").stdout.splitlines()
    assert lines[0] == "giulia               asked     2  answered     2  satisfaction  average 4.50  (4=1 5=1)"
    groups = json.loads(regia("report", "--json").stdout)["groups"]
    assert [(one["group"], one["question"], one["average"]) for one in groups] == [
        ("returns", "again", None),
        ("returns", "satisfaction", 3.33),
    ]
    table_ = list(csv.DictReader(io.StringIO(regia("report", "--by", "product", "--csv").stdout)))
    assert [(one["product"], one["asked"], one["answers"], one["values"]) for one in table_] == [
        ("", "4", "1", "never=1"),
        ("", "4", "3", "1=1 4=1 5=1"),
    ]
    assert regia("report", "--since", "2100-01-01").stdout == ""


@pytest.mark.parametrize("command", ["list", "report"])
def test_where_there_are_none(folder: Path, command: str) -> None:
    found = regia(command, "--since", "2100-01-01")
    assert (found.stdout, found.stderr) == ("", "regia: no survey is found\n")
    config = folder / "regia.yaml"
    config.write_text(config.read_text().split("surveys:")[0])
    assert regia(command, "--since", "2100-01-01").stderr == "regia: no surveys are configured\n"
    assert regia(command, "--since", "2100-01-01", "--json").stderr == ""
