"""`regia import mbox`: every mail of an archive is something, is counted once, and is routed or said to wait."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.email import CONTENT_TYPE
from regia.cli import backlog
from regia.cli.main import app
from regia.watch import logs
from storage.journal_file import inspect
from tests.cli.beside import stuck_gateway
from tests.connectors.test_email_reports import ANNA, EVA, FAILED, OURS, dsn, one
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
reading: {workers: 1}
connectors:
  mail: {type: email, brand: demo, address: assistenza@casalinghi.example, thread_key: "${THREAD_KEY}", max_body: 200000}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
ENVIRON = {"KEY": "a-key", "THREAD_KEY": "a key of the shop"}
BOUNCE = dsn(FAILED, one("delivered", EVA))
"""About a mail of ours, with two recipients."""
NO_MAIL = b"X-Odd: yes\r\n\r\nthis is no mail\r\n"


def mail(number: int, size: int = 0) -> bytes:
    head = f"From: Anna <{ANNA}>\r\nSubject: Reso\r\nMessage-ID: <{number}@example.it>\r\n\r\n"
    return head.encode() + b"Vorrei un rimborso\r\n" + b"x" * 70 * (size // 70) + b"\r\n"


@dataclass
class Node:
    """A data folder, and archives to import into it."""

    folder: Path

    def archive(self, mails: Sequence[bytes]) -> list[int]:
        """Write the archive; where each mail begins."""
        offsets, content = [], b""
        for raw in mails:
            offsets.append(len(content))
            content += b"From anna@example.it Sat Nov 21 18:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n"
        (self.folder / "archive.mbox").write_bytes(content)
        return offsets

    @property
    def line(self) -> list[str]:
        return ["import", "mbox", str(self.folder / "archive.mbox"), "-c", str(self.folder / "regia.yaml")]

    def run(self) -> list[str]:
        done = CliRunner().invoke(app, self.line)
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    def begin(self) -> subprocess.Popen[str]:
        line = [sys.executable, "-c", "from regia.cli.main import app; app()", *self.line]
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "data" / "regia.sqlite")) as database:
            return database.execute(query).fetchall()

    @property
    def journals(self) -> list[Path]:
        return sorted((self.folder / "data" / "journal").glob("import-*.sqlite"))


@pytest.fixture
def node(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    monkeypatch.setattr(logs, "set_up", lambda **_: None)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    return Node(tmp_path)


LARGE = mail(9, 300_000)


@pytest.mark.parametrize(
    ("mails", "said"),
    [
        ([mail(1)], "1 mail: 1 new, 0 known before, 0 kept in quarantine"),
        ([mail(1), mail(2), mail(1)], "3 mails: 2 new, 1 known before, 0 kept in quarantine"),
        ([BOUNCE], "1 mail: 1 new, 0 known before, 0 kept in quarantine"),
        ([mail(1), BOUNCE, NO_MAIL, BOUNCE], "4 mails: 2 new, 1 known before, 1 kept in quarantine"),
        ([NO_MAIL, NO_MAIL], "2 mails: 0 new, 0 known before, 2 kept in quarantine"),
        ([LARGE, mail(1)], "2 mails: 1 new, 0 known before, 1 kept in quarantine"),
        ([], "0 mails: 0 new, 0 known before, 0 kept in quarantine"),
    ],
)
def test_every_mail_is_counted_once(node: Node, mails: list[bytes], said: str) -> None:
    node.archive(mails)
    assert node.run()[0] == said
    kept = sum(raw in (NO_MAIL, LARGE) for raw in mails)
    known = len(mails) - kept
    assert node.run()[0].endswith(f": 0 new, {known} known before, {kept} kept in quarantine"), "again, all are known"


def test_a_delivery_report_is_one_whether_polled_or_imported(node: Node) -> None:
    node.archive([mail(1), BOUNCE])
    node.run()
    found = node.rows("SELECT external_id, state FROM signals ORDER BY state")
    assert found == [(OURS, "delivered"), (OURS, "failed")]
    assert len(node.rows("SELECT id FROM messages")) == 1


def test_of_what_is_too_large_the_head_is_kept(node: Node) -> None:
    offsets = node.archive([mail(1), LARGE, mail(2), mail(10, 250_000)])
    said = node.run()
    assert said[0] == "4 mails: 2 new, 0 known before, 2 kept in quarantine"
    assert said[1].endswith(f"at these offsets: {offsets[1]}, {offsets[3]}")
    rows = node.rows("SELECT reason, raw, content_type, detail FROM quarantine ORDER BY detail")
    assert [(reason, content_type) for reason, _, content_type, _ in rows] == [("too_large", CONTENT_TYPE)] * 2
    plain = LARGE.replace(b"\r\n", b"\n")
    end = plain.index(b"\n\n") + 2
    assert plain[: end + 64 * 1024] in [raw for _, raw, _, _ in rows]
    assert {f"offset {offset} " in detail for offset, (*_, detail) in zip((offsets[1], offsets[3]), rows, strict=True)} == {
        True
    }


def test_beside_a_gateway_that_does_not_get_on(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "_PATIENCE", 0.3)
    node.archive([mail(1), mail(2), NO_MAIL])
    began = time.monotonic()
    with stuck_gateway(node.folder / "data"):
        assert node.run() == ["3 mails: 2 taken, 1 kept in quarantine", backlog.WAITS]
    assert time.monotonic() - began < 15
    (left,) = node.journals
    assert len(inspect(left).pending) == 3


def test_interrupted_it_says_what_waits_and_the_next_one_routes_it(node: Node) -> None:
    node.archive([mail(number) for number in range(30)])
    with stuck_gateway(node.folder / "data"):
        importing = node.begin()
        _until(lambda: any(backlog.pending(path) == 30 for path in node.journals))
        time.sleep(0.5)
        importing.send_signal(signal.SIGINT)
        output, errors = importing.communicate(timeout=20)
    assert (importing.returncode, output) == (130, "30 mails: 30 taken, 0 kept in quarantine\n"), errors
    assert "regia: stopped; start it again: nothing is imported twice; 30 wait for the gateway" in errors
    assert "Traceback" not in errors
    done = CliRunner().invoke(app, node.line)
    assert "30 left behind by an earlier command are routed too" in done.stderr
    assert done.stdout == "30 mails: 0 new, 30 known before, 0 kept in quarantine\n"
    assert node.journals == []
    assert len(node.rows("SELECT id FROM messages")) == 30


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
