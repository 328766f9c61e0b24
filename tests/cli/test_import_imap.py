"""`regia import imap` out of a real mailbox: everything once, nothing changed there, and on from where it was."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from typer.testing import CliRunner

from connectors.email import imap as imap_module
from connectors.email.imap import ImapSession
from connectors.errors import SourceFailed, SourceReason
from regia.cli import import_imap
from regia.cli.main import app
from regia.watch import logs
from storage import cursors
from storage.database import Database
from tests.servers.dovecot import DovecotServer
from tests.servers.looking import StoredMail
from tests.servers.process import free_port

CONFIG = """
data: {{path: {data}}}
reading: {{workers: 1}}
links_key: ${{LINKS_KEY}}
rules: [rules.yaml]
connectors:
  mail:
    type: email
    brand: demo
    address: support@demo.example
    imap:
      host: 127.0.0.1
      port: {port}
      tls: none
      user: {user}
      password: ${{IMAP_PASSWORD}}
      folders: [INBOX, Archivio/2025]
  archive:
    type: email
    brand: demo
    address: archive@demo.example
"""
RULES = "categories: {general: {label: Informazioni}}\ndefault: general\n"


def mail(number: int, body: str = "Vorrei un rimborso") -> bytes:
    lines = (
        f"From: Anna <anna{number}@example.it>",
        "To: support@demo.example",
        f"Subject: Reso {number}",
        f"Message-ID: <{number}@example.it>",
        "Date: Sat, 21 Nov 2026 18:00:00 +0100",
        "",
        body,
    )
    return "\r\n".join(lines).encode() + b"\r\n"


@dataclass
class Desk:
    folder: Path
    server: DovecotServer
    user: str

    def configure(self, *, port: int = 0) -> None:
        text = CONFIG.format(data=self.folder / "data", user=self.user, port=port or self.server.port)
        (self.folder / "regia.yaml").write_text(text)
        (self.folder / "rules.yaml").write_text(RULES)

    def run(self, *arguments: str, connector: str = "mail", password: str = "") -> Any:
        line = ["import", "imap", "--connector", connector, *arguments, "-c", str(self.folder / "regia.yaml")]
        secrets = {"LINKS_KEY": "key-of-links", "IMAP_PASSWORD": password or self.server.password}
        return CliRunner().invoke(app, line, env=secrets)

    def envelopes(self) -> dict[str, Any]:
        with sqlite3.connect(self.folder / "data" / "regia.sqlite") as database:
            rows = database.execute("SELECT external_id, envelope FROM messages").fetchall()
        database.close()
        return {name: orjson.loads(envelope)["data"] for name, envelope in rows}

    def mailbox(self, folder: str = "INBOX") -> list[StoredMail]:
        return self.server.mails(self.user, folder)


@pytest.fixture
def desk(tmp_path: Path, dovecot: DovecotServer, mail_user: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(logs, "set_up", lambda **_: None)
    monkeypatch.setattr(imap_module, "STEP_MAILS", 2)
    monkeypatch.setattr(import_imap, "_PAUSE", 0.0)
    made = Desk(tmp_path, dovecot, mail_user)
    made.configure()
    return made


def test_a_mailbox_is_imported_once_and_stays_as_it_is(desk: Desk) -> None:
    desk.server.deliver_many(desk.user, [mail(number) for number in range(5)])
    desk.server.deliver(desk.user, mail(9), "Archivio/2025")
    before = desk.mailbox(), desk.mailbox("Archivio/2025")
    done = desk.run()
    assert done.exit_code == 0, done.output
    assert "6 mails: 6 new, 0 known before, 0 kept in quarantine" in done.output
    assert (desk.mailbox(), desk.mailbox("Archivio/2025")) == before
    found = desk.envelopes()
    assert set(found) == {f"{number}@example.it" for number in (0, 1, 2, 3, 4, 9)}
    assert all(data["backlog"] is True and data["connector"] == "mail" for data in found.values())
    assert list((desk.folder / "data" / "journal").glob("import-*")) == []
    desk.server.deliver(desk.user, mail(5))
    again = desk.run()
    assert "1 mail: 1 new, 0 known before" in again.output
    assert "going on where the last import was (--again begins anew)" in again.output
    anew = desk.run("--again", "--folder", "INBOX")
    assert "6 mails: 0 new, 6 known before" in anew.output
    assert len(desk.envelopes()) == 7


def test_since_is_a_place_of_its_own(desk: Desk) -> None:
    desk.server.deliver(desk.user, mail(1))
    assert "0 mails:" in desk.run("--since", "2037-01-01", "--folder", "INBOX").output
    assert "1 mail:" in desk.run("--since", "2020-01-01", "--folder", "INBOX").output
    assert "1 mail: 0 new, 1 known before" in desk.run("--folder", "INBOX").output


def test_what_is_no_mail_is_kept_in_quarantine(desk: Desk) -> None:
    desk.server.deliver(desk.user, b"this is no mail\r\n")
    assert "1 mail: 0 new, 0 known before, 1 kept in quarantine" in desk.run("--folder", "INBOX").output


@pytest.mark.parametrize("error", [SourceFailed("closed", "the server said BYE"), ValueError("a defect")])
def test_an_import_that_stops_on_the_way_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    desk.server.deliver_many(desk.user, [mail(number) for number in range(7)])
    steps = iter(range(99))
    real = ImapSession.next

    async def breaks(session: ImapSession, cursor: str | None) -> Any:
        if next(steps) >= 2:
            raise error
        return await real(session, cursor)

    with monkeypatch.context() as broken:
        broken.setattr(ImapSession, "next", breaks)
        stopped = desk.run("--folder", "INBOX")
    assert stopped.exit_code == 1
    if isinstance(error, SourceFailed):
        assert "4 mails:" in stopped.output
        assert "the import stopped: the server said BYE (closed); start it again: it goes on where it was" in stopped.output
    done = desk.run("--folder", "INBOX")
    assert "3 mails: 3 new, 0 known before" in done.output
    # What a defect or a kill leaves behind is durable, and whoever works off next takes it along.
    assert ("4 left behind by an earlier command are routed too" in done.output) is isinstance(error, ValueError)
    assert len(desk.envelopes()) == 7
    assert list((desk.folder / "data" / "journal").glob("import-*")) == []


def test_a_session_that_is_lost_is_opened_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.server.deliver_many(desk.user, [mail(number) for number in range(7)])
    real, calls = ImapSession.next, iter(range(99))

    async def breaks(session: ImapSession, cursor: str | None) -> Any:
        if next(calls) in (1, 3):
            raise SourceFailed("closed", "the server said BYE")
        return await real(session, cursor)

    monkeypatch.setattr(ImapSession, "next", breaks)
    done = desk.run("--folder", "INBOX")
    assert done.exit_code == 0, done.output
    assert "7 mails: 7 new, 0 known before" in done.output


def test_the_later_of_two_imports_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.server.deliver_many(desk.user, [mail(number) for number in range(3)])
    assert "3 mails" in desk.run("--folder", "INBOX").output
    desk.server.deliver(desk.user, mail(7))
    real = ImapSession.next

    async def overtaken(session: ImapSession, cursor: str | None) -> Any:
        database = Database(f"sqlite:///{desk.folder / 'data' / 'regia.sqlite'}")
        later = 2**60
        await database.write(lambda connection: cursors.move(connection, "import/mail/INBOX/", cursor or "", later))
        await database.close()
        return await real(session, cursor)

    monkeypatch.setattr(ImapSession, "next", overtaken)
    stopped = desk.run("--folder", "INBOX")
    assert stopped.exit_code == 1
    assert "another one of the same folder was started later" in stopped.output


@pytest.mark.parametrize("reason", get_args(SourceReason))
def test_every_reason_says_what_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch, reason: SourceReason) -> None:
    async def fails(*_: object) -> ImapSession:
        raise SourceFailed(reason, "it does not work")

    monkeypatch.setattr(import_imap._Import, "open", fails)
    done = desk.run("--folder", "INBOX")
    assert done.exit_code == 1
    assert f"regia: the import stopped: it does not work ({reason}); {import_imap.WHAT_TO_DO[reason]}" in done.output
    assert len(done.output.strip().splitlines()[-1]) < 300


def test_what_cannot_be_opened_is_said_in_one_line(desk: Desk) -> None:
    assert "(folder_missing); name a folder" in desk.run("--folder", "Nowhere").output
    refused = desk.run(password="wrong-password")
    assert (refused.exit_code, "(login_refused)" in refused.output, "wrong-password" in refused.output) == (1, True, False)
    desk.configure(port=free_port())
    assert "(unreachable)" in desk.run().output
    assert "connectors.archive has no imap: section" in desk.run(connector="archive").output
    assert "name one of the email connectors" in desk.run(connector="desk").output
