"""`regia quarantine redrive`: after a repair what was held is routed, once, and the books still balance."""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, create_engine, select
from typer.testing import CliRunner, Result

from connectors.base import Parsed, Unreadable
from connectors.email import CONTENT_TYPE, EmailConnector
from connectors.errors import QuarantineReason
from regia.beside import open_journal
from regia.cli import backlog
from regia.cli.books import balance
from regia.cli.main import app
from regia.compose import Configured, configure
from regia.pipeline import prepare
from regia.pipeline.intake import Intake
from storage.database import DatabaseUnavailable
from storage.schema import messages, operations, quarantine
from tests import trap
from tests.cli.beside import stuck_gateway
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
reading: {workers: 1}
connectors:
  traps: {type: trap, folder: FOLDER}
  mail: {type: email, brand: demo, address: support@demo.example}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
MAIL = b"From: anna@example.it\r\nSubject: Reso\r\nMessage-ID: <1@example.it>\r\n\r\nVorrei un rimborso\r\n"


@dataclass
class Node:
    """A data folder without a running gateway."""

    folder: Path

    @property
    def found(self) -> Configured:
        return configure(self.folder / "regia.yaml", os.environ)

    def accept(self, connector: str, parsed: Parsed) -> None:
        """As a gateway would, and worked off."""

        async def work() -> None:
            journal = open_journal(self.found, "test")
            await Intake(journal).accept(connector, parsed)
            await backlog.work_off(self.found, journal)

        asyncio.run(work())

    def hold(self, *raws: bytes, connector: str = "traps", reason: QuarantineReason = "parser_failed") -> None:
        held = (Unreadable(reason=reason, raw=raw, content_type="text/plain", detail="a defect") for raw in raws)
        self.accept(connector, Parsed(unreadable=tuple(held)))

    def rows(self, table: Table) -> Sequence[Any]:
        engine = create_engine(self.found.settings.database_url())
        with engine.connect() as connection:
            rows = connection.execute(select(table).order_by(table.c.received_ms)).all()
        engine.dispose()
        return rows

    def held(self) -> dict[bytes, tuple[str, int, str]]:
        """Raw bytes to state, attempts and reason."""
        return {bytes(row.raw): (row.state, row.attempts, row.reason) for row in self.rows(quarantine)}

    def log(self) -> Sequence[Any]:
        engine = create_engine(self.found.settings.database_url())
        with engine.connect() as connection:
            rows = connection.execute(select(operations).order_by(operations.c.id)).all()
        engine.dispose()
        return rows

    def id_of(self, raw: bytes) -> str:
        (found,) = (row.id for row in self.rows(quarantine) if bytes(row.raw) == raw)
        return str(found)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["quarantine", *arguments, "-c", str(self.folder / "regia.yaml")])

    def redrive(self, *arguments: str, code: int = 0) -> str:
        """What it said."""
        done = self.run("redrive", *arguments)
        assert done.exit_code == code, done.output
        return done.stdout.strip()

    def books(self) -> dict[str, int]:
        """The lines that are not empty."""
        books = balance(self.found.settings)
        assert books.balance, books.as_data()
        names = ("accepted", "waiting", "pending", "published", "duplicate", "quarantined")
        return {name: number for name in names if (number := getattr(books, name))}


@pytest.fixture
def node(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("KEY", "a-key")
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    trap.announce(tmp_path, monkeypatch)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    (tmp_path / "regia.yaml").write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    (tmp_path / "rules.yaml").write_text(RULES)
    return Node(tmp_path)


def test_after_a_repair_what_was_held_is_routed_once(node: Node) -> None:
    one, two = b"raise one", b"half two"
    node.hold(one, two)
    assert node.books() == {"accepted": 2, "quarantined": 2}

    assert node.redrive("--all") == "0 driven again, 2 still held"
    assert node.held() == {one: ("held", 2, "parser_failed"), two: ("held", 2, "unreadable")}
    assert not list((node.folder / "data" / "journal").glob("redrive-*")), "an empty journal is not left behind"

    (node.folder / "repaired").touch()
    assert node.redrive(node.id_of(one)) == "1 driven again, 0 still held"
    assert node.held() == {one: ("redriven", 3, "parser_failed"), two: ("held", 2, "unreadable")}
    assert node.books() == {"accepted": 3, "published": 1, "quarantined": 2}
    (message,) = node.rows(messages)
    assert bytes(message.raw) == one

    assert node.redrive("--reason", "unreadable") == "1 driven again, 0 still held"
    assert node.redrive("--all") == "0 driven again, 0 still held"
    assert node.books() == {"accepted": 4, "published": 2, "quarantined": 2}

    assert node.run("list").stdout == ""
    everything = node.run("list", "--all").stdout.splitlines()
    assert [line.split()[2:6] for line in everything] == [
        ["traps", "parser_failed", "redriven", "3"],
        ["traps", "unreadable", "redriven", "3"],
    ]
    assert node.run("show", node.id_of(one)).stdout_bytes == one


def test_interrupted_before_it_was_marked_it_doubles_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.hold(MAIL, connector="mail")

    def away(*_: object) -> None:
        raise DatabaseUnavailable("it went away")

    with monkeypatch.context() as patch:
        patch.setattr("storage.quarantine.redriven", away)
        done = node.run("redrive", "--all")
    assert (done.exit_code, "it stopped: it went away; start it again" in done.stderr) == (1, True), done.output
    assert node.held()[MAIL][0] == "held"
    assert node.books() == {"accepted": 2, "waiting": 1, "quarantined": 1}
    assert node.redrive("--all") == "1 driven again (1 known before), 0 still held", "what was left behind is routed along"
    assert not list((node.folder / "data" / "journal").glob("redrive-*.sqlite"))
    assert node.books() == {"accepted": 3, "published": 1, "duplicate": 1, "quarantined": 1}


def test_a_message_that_failed_under_its_own_id(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its id is taken by the attempt that failed: driven again, it is no repeat of that."""
    mail = node.found.connectors["mail"]
    assert isinstance(mail, EmailConnector)
    parsed = mail.mail(MAIL)

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "normalise", fails)
        node.accept("mail", parsed)
    assert node.held() == {MAIL: ("held", 1, "normalizer_failed")}
    id_ = node.id_of(MAIL)
    assert node.redrive(id_) == "1 driven again, 0 still held"
    (message,) = node.rows(messages)
    assert (message.id, bytes(message.raw), message.raw_content_type) == (id_, MAIL, CONTENT_TYPE)
    assert node.held() == {MAIL: ("redriven", 2, "normalizer_failed")}
    assert node.books() == {"accepted": 2, "published": 1, "quarantined": 1}
    node.accept("mail", parsed)
    assert node.books() == {"accepted": 3, "published": 1, "duplicate": 1, "quarantined": 1}


def test_what_cannot_be_driven_again_is_said(node: Node) -> None:
    node.hold(b"of another node", connector="elsewhere")
    node.hold(b"a head", reason="too_large")
    node.hold(b"another", reason="conflicting_repeat")
    done = node.run("redrive", "--all")
    assert (done.exit_code, done.stdout) == (1, "0 driven again, 0 still held, 3 left out\n")
    assert "no connector elsewhere" in done.stderr
    assert "only its head is kept" in done.stderr
    assert "its key stands for another contact" in done.stderr
    assert {state for state, _, _ in node.held().values()} == {"held"}
    assert node.redrive("--connector", "traps", code=1) == "0 driven again, 0 still held, 2 left out"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "say what to drive again"),
        (["--reason", "bad_luck"], 2, "the reasons are undecodable,"),
        (["no-such-id"], 1, "no-such-id: nothing of that id is held"),
    ],
)
def test_wrong_words(node: Node, arguments: list[str], code: int, said: str) -> None:
    done = node.run("redrive", *arguments)
    assert (done.exit_code, said in done.stderr) == (code, True), done.output


def test_beside_a_gateway_that_does_not_get_on(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "_PATIENCE", 0.3)
    node.hold(MAIL, connector="mail")
    with stuck_gateway(node.folder / "data"):
        assert node.redrive("--all").splitlines() == ["1 driven again, 0 still held", backlog.WAITS]
    assert node.books() == {"accepted": 2, "waiting": 1, "quarantined": 1}


def test_edited_it_is_read_as_it_was_written_and_what_came_stays(node: Node) -> None:
    raw = b"no mail at all\n"
    node.hold(raw, connector="mail", reason="unreadable")
    id_ = node.id_of(raw)
    assert node.redrive(id_) == "0 driven again, 1 still held"
    (node.folder / "mail.eml").write_bytes(MAIL)
    assert node.run("edit", id_, str(node.folder / "mail.eml")).exit_code == 0
    assert node.run("show", id_).stdout_bytes == raw
    assert node.run("show", id_, "--edited").stdout_bytes == MAIL
    assert node.redrive(id_) == "1 driven again, 0 still held"
    assert node.books() == {"accepted": 2, "published": 1, "quarantined": 1}
    assert node.run("edit", id_, str(node.folder / "mail.eml")).exit_code == 1, "it is not held any more"
    log = {row.action: (row.done, json.loads(row.detail)) for row in node.log() if row.done}
    digests = [hashlib.sha256(one).hexdigest() for one in (raw, MAIL)]
    assert log["quarantine.edit"] == (1, {"before": digests[0], "after": digests[1]})
    assert log["quarantine.redrive"][0] == 1


def test_discarded_nobody_is_to_look_at_it(node: Node) -> None:
    node.hold(b"raise one", b"raise two")
    one, two = node.id_of(b"raise one"), node.id_of(b"raise two")
    done = node.run("discard", one, "nobody", "--why", "a scanner")
    assert (done.exit_code, done.stdout) == (1, "1 discarded\n")
    assert node.held()[b"raise one"][0] == "discarded"
    assert node.run("list").stdout.split()[0] == two
    assert node.redrive("--all") == "0 driven again, 1 still held"
    assert node.books() == {"accepted": 2, "quarantined": 2}
    assert [json.loads(row.detail)["why"] for row in node.log() if row.action == "quarantine.discard"] == ["a scanner"]
