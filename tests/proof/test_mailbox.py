"""A mailbox with ten thousand mails, read while its server and the gateway are killed: each mail is published once.

`PROOF_MAILS` is how many mails lie there; `make proof` takes 10,000.
"""

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from storage.journal_file import JournalUnavailable, inspect
from tests.e2e import judge
from tests.e2e.consumers import LocalConsumer
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import EMBEDDED, Gateway
from tests.e2e.judge import Verdict
from tests.proof.backlog import MAX_BODY, Backlog, Mailbox, numbers_in
from tests.proof.figures import record
from tests.proof.memory import MemoryWatch
from tests.proof.tap import Tap
from tests.servers.dovecot import DovecotServer

MAILS: Final = int(os.environ.get("PROOF_MAILS", "10000"))
MOST_MB: Final = 600.0
"""More than this neither the gateway nor one of its reading processes may ever hold."""
_PATIENCE: Final = 300.0
_NEWS: Final = 20
_LOOK: Final = 0.3
"""Seconds between two looks into the mailbox: more of them would slow down what is measured."""
_IN_JOURNAL: Final = ("SELECT payload FROM rows",)
_IN_DATABASE: Final = ("SELECT CAST(external_id AS BLOB) FROM messages", "SELECT raw FROM quarantine")


@pytest.fixture
def mailbox(dovecot: DovecotServer) -> Mailbox:
    return Mailbox(dovecot, dovecot.new_user())


@pytest.fixture
def tap(dovecot: DovecotServer) -> Iterator[Tap]:
    with Tap(dovecot.port) as wire:
        yield wire


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_backlog_is_published_once_whoever_is_killed(
    make_gateway: MakeGateway, mailbox: Mailbox, tap: Tap, tmp_path: Path
) -> None:
    backlog = Backlog()
    mailbox.server.deliver_many(mailbox.user, backlog.mails(MAILS))
    gateway = make_gateway(EMBEDDED, **_imap(mailbox, tap.port, start="all"))
    started = time.monotonic()
    with MemoryWatch() as memory:
        gateway.start()
        memory.also(gateway.process.pid)
        _until_left(mailbox, MAILS * 85 // 100)
        _kill_the_server_in_a_mail(mailbox, tap, backlog)
        _until_left(mailbox, MAILS * 70 // 100)
        mailbox.server.disconnect_all()
        mailbox.server.deliver_many(mailbox.user, backlog.mails(_NEWS))
        _until_left(mailbox, MAILS * 55 // 100)
        _kill_the_gateway(gateway, mailbox, tmp_path / "killed")
        mailbox.server.deliver_many(mailbox.user, backlog.mails(_NEWS))
        gateway.start()
        memory.also(gateway.process.pid)
        _until_left(mailbox, MAILS // 2)
        undisturbed, left = time.monotonic(), mailbox.unseen()
        _until_left(mailbox, len(backlog.too_large))
        seconds, pace = time.monotonic() - started, left / (time.monotonic() - undisturbed)
        news = _news(gateway, mailbox, backlog)
        books = gateway.settle(120)
    assert mailbox.seen()[1] == backlog.too_large, "all that was taken is marked as seen, and what is too large stays new"
    verdict = _consumed(gateway)
    _check(gateway, mailbox, backlog, verdict, imported=False)
    assert books["accepted"] >= backlog.delivered
    assert not gateway.defects(), gateway.defects()[:3]
    gateway.stop()
    record(
        f"mailbox of {MAILS} mails, polled through outages",
        seconds=f"{seconds:.0f}",
        mails_a_second=f"{backlog.delivered / seconds:.0f}",
        undisturbed=f"{pace:.0f}",
        new_mail_seen_after=f"{news:.1f} s",
        peak_of_the_gateway=f"{memory.gateway:.0f} MB",
        of_a_reading_process=f"{memory.reader:.0f} MB",
        repeats=books["duplicate"],
    )
    assert 0 < memory.reader < MOST_MB
    assert 0 < memory.gateway < MOST_MB


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_killed_import_goes_on_and_doubles_nothing(make_gateway: MakeGateway, mailbox: Mailbox) -> None:
    backlog = Backlog()
    mailbox.server.deliver_many(mailbox.user, backlog.mails(MAILS))
    gateway = make_gateway(EMBEDDED, **_imap(mailbox, mailbox.server.port, start="new"))
    started = time.monotonic()
    with MemoryWatch() as memory:
        first = gateway.begin("import", "imap")
        memory.also(first.pid)
        _until(lambda: _journalled(gateway) >= MAILS // 2, "the import does not come to its middle")
        first.kill()
        said, _ = first.communicate()
        taken = _journalled(gateway)
        assert MAILS // 2 <= taken < MAILS, said
        second = gateway.begin("import", "imap")
        memory.also(second.pid)
        output, _ = second.communicate(timeout=_PATIENCE)
        seconds = time.monotonic() - started
    assert second.returncode == 0, output
    assert "going on where the last import was" in output
    gateway.start()
    _until(lambda: not list((gateway.data / "journal").glob("import-*.sqlite")), "nobody takes the journal over")
    books = gateway.settle(120)
    assert mailbox.seen()[0] == set(), "an import leaves the mailbox as it is"
    verdict = _consumed(gateway)
    _check(gateway, mailbox, backlog, verdict, imported=True)
    # At most the step that was journalled when it was killed comes again.
    assert 0 <= books["accepted"] - backlog.delivered <= 50
    gateway.stop()
    record(
        f"import of a mailbox of {MAILS} mails, killed in the middle",
        seconds=f"{seconds:.0f}",
        mails_a_second=f"{MAILS / seconds:.0f}",
        peak_of_the_import=f"{memory.gateway:.0f} MB",
        of_a_reading_process=f"{memory.reader:.0f} MB",
        repeats=books["duplicate"],
    )
    assert 0 < memory.reader < MOST_MB
    assert 0 < memory.gateway < MOST_MB


def _imap(mailbox: Mailbox, port: int, *, start: str) -> dict[str, str]:
    """What makes the connector `mail` of the end-to-end tests a mailbox."""
    imap = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "TLS": "none",
        "USER": mailbox.user,
        "PASSWORD": mailbox.server.password,
        "START": start,
        "AFTERWARDS": "flag",
    }
    named = {f"REGIA__CONNECTORS__MAIL__IMAP__{name}": value for name, value in imap.items()}
    return {**named, "REGIA__CONNECTORS__MAIL__MAX_BODY": str(MAX_BODY)}


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        assert time.monotonic() < deadline, otherwise
        time.sleep(_LOOK)


def _until_left(mailbox: Mailbox, count: int) -> None:
    _until(lambda: mailbox.unseen() <= count, f"more than {count} mails are still unseen after {_PATIENCE} s")


def _kill_the_server_in_a_mail(mailbox: Mailbox, tap: Tap, backlog: Backlog) -> None:
    tap.cut_in_a_mail(mailbox.server.kill)
    assert tap.was_cut.wait(60), "the gateway fetches nothing"
    mailbox.server.deliver_many(mailbox.user, backlog.mails(_NEWS))
    mailbox.server.start_again()


def _kill_the_gateway(gateway: Gateway, mailbox: Mailbox, folder: Path) -> None:
    """Nothing may be marked as seen that its files do not have."""
    gateway.process.send(signal.SIGKILL)
    assert gateway.ended() == -signal.SIGKILL
    seen, unseen = mailbox.seen()
    assert seen
    assert unseen, "it had read everything before it was killed"
    assert not seen - _kept(gateway, folder), "marked as seen, and lost"


def _kept(gateway: Gateway, folder: Path) -> set[int]:
    """Mails that stand in the database or wait in a journal, looked up in a copy, which opening may change."""
    folder.mkdir()
    for path in (*gateway.data.glob("*.sqlite*"), *(gateway.data / "journal").glob("*.sqlite*")):
        shutil.copy(path, folder)
    texts: list[bytes] = []
    for path in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as database:
            for query in _IN_DATABASE if path.name == "regia.sqlite" else _IN_JOURNAL:
                texts += (bytes(row[0]) for row in database.execute(query))
    return numbers_in(texts)


def _news(gateway: Gateway, mailbox: Mailbox, backlog: Backlog) -> float:
    """Seconds until a mail that comes now is seen."""
    started = time.monotonic()
    mailbox.server.deliver_many(mailbox.user, backlog.mails(1))
    _until_left(mailbox, len(backlog.too_large))
    seconds = time.monotonic() - started
    assert seconds < 60, gateway.tail()
    return seconds


def _journalled(gateway: Gateway) -> int:
    """0 while its file is just being made."""
    try:
        return sum(inspect(path).accepted for path in (gateway.data / "journal").glob("import-*.sqlite"))
    except JournalUnavailable:
        return 0


def _consumed(gateway: Gateway) -> Verdict:
    """Everything out of the queues, each message once."""
    consumer = LocalConsumer(gateway, lease=int(_PATIENCE))
    consumer.begin()
    _until(lambda: not any(consumer.depths().values()), "the queues do not become empty")
    consumer.end()
    verdict = judge.collect(consumer.deliveries)
    judge.once(verdict)
    return verdict


def _check(gateway: Gateway, mailbox: Mailbox, backlog: Backlog, verdict: Verdict, *, imported: bool) -> None:
    """What lay in the mailbox, what came out of the queues, and what the books say of both."""
    found: dict[str, str] = {}
    for envelope_id, body in verdict.bodies.items():
        data = json.loads(body)["data"]
        assert data["backlog"] is imported
        assert data["external_id"] not in found, f"{data['external_id']} has two envelopes"
        found[data["external_id"]] = envelope_id
    assert found.keys() == {f"proof-{number:06}@mail.example" for number in backlog.messages}
    digests = mailbox.digests()
    with closing(sqlite3.connect(f"file:{gateway.data / 'regia.sqlite'}?mode=ro", uri=True)) as database:
        stored = dict(database.execute("SELECT id, raw_sha256 FROM messages"))
        held = dict(database.execute("SELECT raw_sha256, reason FROM quarantine"))
    for number in backlog.messages:
        assert stored[found[f"proof-{number:06}@mail.example"]] in digests[number], f"other bytes of {number}"
    unreadable = {digest for number in backlog.unreadable for digest in digests[number]}
    assert {digest for digest, reason in held.items() if reason == "unreadable"} == unreadable
    assert sum(reason == "too_large" for reason in held.values()) == len(backlog.too_large)
    books = gateway.books()
    assert books["published"] == len(backlog.messages)
    assert books["quarantined"] == len(backlog.quarantined) == len(held)
    assert books["duplicate"] == books["accepted"] - backlog.distinct - books["signals"]
    assert books["pending"] == books["waiting"] == books["discarded"] == books["unrouted"] == 0
