"""`regia rules tests-from-marks` on an embedded database: what it writes is what `regia rules test` runs."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select
from typer.testing import CliRunner, Result

from connectors.base import Parsed
from normalizer.inbound import InboundMessage
from regia.beside import open_journal
from regia.cli import backlog
from regia.cli.main import app
from regia.compose import configure
from regia.pipeline.intake import Intake
from storage.schema import erased, marks, messages
from tests.contacts import inbound, phone

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
brand_rules: {shop: [shop.yaml]}
connectors:
  mail: {type: email, brand: demo, address: support@demo.example}
  form: {type: web_form, brand: shop}
"""
RULES = """\
categories: {returns: {}, general: {}}
default: general
rules:
  - name: returns
    when: {text: {words: [refund, planted]}}
    then: {category: returns}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "shop.yaml").write_text(RULES.replace("returns", "exchanges"))
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    return tmp_path


def accept(*contacts: InboundMessage) -> dict[str, str]:
    """As a gateway would, and worked off; the envelopes' ids by external id."""
    found = configure(Path("regia.yaml"), os.environ)

    async def work() -> None:
        journal = open_journal(found, "test")
        await Intake(journal).accept("mail", Parsed(messages=contacts))
        await backlog.work_off(found, journal)

    asyncio.run(work())
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.connect() as connection:
        ids = {row.external_id: row.id for row in connection.execute(select(messages))}
    engine.dispose()
    return ids


def enter(table: object, *rows: dict[str, object]) -> None:
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.begin() as connection:
        connection.execute(insert(table), [*rows])  # type: ignore[arg-type]
    engine.dispose()


def mark(*said: tuple[str, str]) -> None:
    rows = ({"message_id": id_, "category": name, "staff_id": "s", "at_ms": n} for n, (id_, name) in enumerate(said))
    enter(marks, *rows)


def regia(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments])


def a_contact(name: str, text: str) -> InboundMessage:
    return inbound(name, phone("+393330012345"), sender_name="Anna Planted", text=text)


def test_marks_become_tests_that_run(folder: Path) -> None:
    ids = accept(
        a_contact("m0", "A refund please, Anna, +39 333 0012345"),
        a_contact("m1", "I want it no more"),
        a_contact("m2", "It is Planted again"),
        a_contact("m3", "Nobody marked this"),
        a_contact("m4", "A category that is gone"),
    )
    mark((ids["m0"], "returns"), (ids["m1"], "returns"), (ids["m2"], "returns"), (ids["m4"], "old"))
    done = regia("tests-from-marks", "-o", "marked.yaml")
    assert done.exit_code == 0, done.output
    assert "2 tests; left out: 1 of a category that is gone, 1 decided otherwise without personal data" in done.output
    text = Path("marked.yaml").read_text()
    for personal in ("Anna", "Planted", "0012345", "39333"):
        assert personal not in text
    assert "A refund please, Nome, +00 000 0000000" in text
    run = regia("test", "rules.yaml", "marked.yaml")
    assert run.exit_code == 1
    assert f"{ids['m1']}, marked 1970-01-01: category: expected returns, got general" in run.output
    assert "1 passed, 1 failed" in run.output
    only = regia("tests-from-marks", ids["m0"])
    assert ids["m0"] in only.output
    assert ids["m1"] not in only.output
    assert ids["m0"] not in regia("tests-from-marks", "--last", "2").output
    assert ids["m0"] not in regia("tests-from-marks", "--since", "1970-01-02").output


def test_what_was_erased_is_refused(folder: Path) -> None:
    ids = accept(a_contact("m0", "A refund"), a_contact("m1", "x"))
    mark((ids["m0"], "returns"))
    enter(erased, {"id": "6f1c1b5e-4f0e-5d53-9a52-3a5f4b1c7a10", "kind": "message", "at_ms": 1})
    gone = regia("tests-from-marks", ids["m0"], "6f1c1b5e-4f0e-5d53-9a52-3a5f4b1c7a10")
    assert (gone.exit_code, "was erased" in gone.output) == (1, True)
    unmarked = regia("tests-from-marks", ids["m1"])
    assert (unmarked.exit_code, f"nobody marked {ids['m1']}" in unmarked.output) == (1, True)


def test_of_rules_that_stand_apart_one_is_chosen(folder: Path) -> None:
    ids = accept(a_contact("m0", "A refund"))
    mark((ids["m0"], "returns"))
    assert "1 tests" in regia("tests-from-marks", "--brand", "*").output
    assert "tests: []" in regia("tests-from-marks", "--brand", "shop").output
    assert regia("tests-from-marks", "--brand", "nobody").exit_code == 2
