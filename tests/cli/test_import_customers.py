"""`regia import customers`, without a running gateway: what is said of a list, and what an interrupted import leaves."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regia.cli.main import app
from regia.lists import importing
from regia.lists.importing import Import
from storage import schema
from storage.database import DatabaseUnavailable
from tests.cli.test_customer import table
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  form: {type: web_form, brand: demo}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
LIST = "crm_id;phone;email;name\n" + "".join(f"C-{n};333 {n:07};;Nome{n}\n" for n in range(10)) + "C-10;12;;Nobody\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    monkeypatch.setattr(importing, "BATCH", 3)
    (tmp_path / "crm.csv").write_text(LIST)
    return lambda *arguments: CliRunner().invoke(app, ["import", "customers", "crm.csv", *arguments])


def test_a_list(run: Run) -> None:
    done = run()
    assert (done.exit_code, done.stdout.splitlines()) == (0, [
        "11 rows: 10 new, 0 changed, 0 as they were, 1 rejected",
        "see crm.rejects.csv: correct the rows there and import that file",
    ])  # fmt: skip
    assert "11/11" in done.stderr
    assert {row["value"] for row in table(schema.handles) if row["kind"] == "phone"} == {f"+39333{n:07}" for n in range(10)}
    assert {act["actor"] for act in table(schema.audit)} == {"command line"}
    again = run("--brand", "demo")
    assert again.stdout.splitlines()[0] == "11 rows: 0 new, 0 changed, 10 as they were, 1 rejected"


def test_of_a_source_and_a_country(run: Run) -> None:
    Path("crm.csv").write_text("phone,name\n079 123 45 67,Anna\n")
    assert run("--region", "CH", "--source", "agent").exit_code == 0
    (link,) = table(schema.handles)
    assert link["value"] == "+41791234567"
    (row,) = table(schema.customers)
    assert '"agent":["Anna"' in row["facts"]


def test_what_people_may_look_at(run: Run) -> None:
    Path("crm.csv").write_bytes(
        "crm_id,phone,email,name\nC-1,+393331111111,info@esempio.it,Zoë\nC-2,+393331111111,,Bea\n".encode("cp1252")
    )
    done = run()
    assert "crm.csv is not UTF-8: it is read as Windows-1252" in done.stderr
    assert done.stdout.splitlines() == [
        "2 rows: 2 new, 0 changed, 0 as they were, 0 rejected",
        "1 taken without an address that is known to be of many people",
        "see crm.rejects.csv: correct the rows there and import that file",
        "1 may be another customer too: see regia customer suggestions",
    ]
    assert {row["name"] for row in table(schema.customers)} == {"Zoë", "Bea"}


def test_addresses_that_nobody_confirmed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stop(self: Import, batch: Any) -> None:
        if self.tally.rows >= 3:
            raise DatabaseUnavailable("away")
        await real(self, batch)

    real = Import._take
    with monkeypatch.context() as patch:
        patch.setattr(Import, "_take", stop)
        run("--claimed", "phone", "--claimed", "email")
    refused = run()
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "begun with --claimed email --claimed phone: start it with" in refused.stderr
    assert run("--claimed", "email", "--claimed", "phone").stdout.splitlines()[0] == (
        "11 rows: 10 new, 0 changed, 0 as they were, 1 rejected"
    )
    assert {row["kind"] for row in table(schema.handles)} == {"crm"}
    assert run("--claimed", "crm_id").exit_code == 2


@pytest.mark.parametrize(
    ("stopped", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "regia: stopped; start it again: it goes on where it was"),
        (DatabaseUnavailable("away"), 1, "regia: the import stopped, since the database does not answer: away; start it again"),
        (OSError(28, "No space left on device"), 1, "regia: the import stopped: No space left on device; start it again"),
    ],
)
def test_stopped_it_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch, stopped: BaseException, status: int, said: str) -> None:
    real = Import._take

    async def take(self: Import, batch: Any) -> None:
        if self.tally.rows >= 6:
            raise stopped
        await real(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Import, "_take", take)
        done = run()
    assert (done.exit_code, done.stdout) == (status, "6 rows: 6 new, 0 changed, 0 as they were, 0 rejected\n")
    assert said in done.stderr
    assert len(table(schema.customers)) == 6
    rest = run()
    assert "going on behind line 7, where it was stopped" in rest.stderr
    assert "5/5" in rest.stderr
    assert rest.stdout.splitlines()[0] == "11 rows: 10 new, 0 changed, 0 as they were, 1 rejected"
    assert len(table(schema.customers)) == 10


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("email,surname\n", (), "crm.csv is not imported: unknown columns: 'surname'; there are phone, email, crm_id"),
        ("", (), "crm.csv is not imported: the file is empty"),
        ("email\n", ("--brand", "other"), "name one of the brands with --brand: demo"),
        ("email\n", ("--region", "Italy"), "--region: two capital letters"),
    ],
)
def test_what_is_refused(run: Run, content: str, arguments: tuple[str, ...], said: str) -> None:
    Path("crm.csv").write_text(content)
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"regia: {said}")
    assert table(schema.customers) == []
