"""`regia import mbox`: beside a gateway that runs, without one, interrupted, and again."""

import time
from pathlib import Path

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.mails import archive, check_mails


def _import(gateway: Gateway, path: Path) -> str:
    importing = gateway.import_mbox(path)
    output, _ = importing.communicate(timeout=120)
    assert importing.returncode == 0, output
    return output


def test_an_import_without_a_gateway_routes_by_itself(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    gateway = make_gateway(mode)
    raws = archive(tmp_path / "archive.mbox", 60)
    assert "60 mails accepted" in _import(gateway, tmp_path / "archive.mbox")
    books = gateway.books()
    assert books["waiting"] == books["pending"] == 0
    gateway.start()
    consumer = consumer_of(gateway)
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.once(verdict)
    different = check_mails(gateway, verdict, raws)
    assert (books["accepted"], books["published"]) == (60, different)
    # Once more, now with a gateway: every mail is a repeat, and nothing new is published.
    assert "60 mails accepted" in _import(gateway, tmp_path / "archive.mbox")
    books = gateway.settle()
    assert (books["accepted"], books["published"], books["duplicate"]) == (120, different, 120 - different)
    assert not any(consumer.depths().values())
    gateway.stop()


def test_a_killed_import_is_taken_over_and_can_be_repeated(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway()
    gateway.start()
    raws = archive(tmp_path / "archive.mbox", 300)
    importing = gateway.import_mbox(tmp_path / "archive.mbox")
    _wait_for_journal(gateway)
    importing.kill()
    importing.communicate()
    deadline = time.monotonic() + 30
    while list((gateway.data / "journal").glob("import-*.sqlite")):
        assert time.monotonic() < deadline, f"nobody takes the journal over\n{gateway.tail()}"
        time.sleep(0.05)
    before = gateway.settle()
    assert before["accepted"] <= 300
    assert "300 mails accepted" in _import(gateway, tmp_path / "archive.mbox")
    books = gateway.settle()
    consumer = consumer_of(gateway)
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.once(verdict)
    different = check_mails(gateway, verdict, raws, sample=50)
    assert (books["accepted"], books["published"]) == (before["accepted"] + 300, different)
    gateway.stop()


def _wait_for_journal(gateway: Gateway) -> None:
    """Until the import has begun to accept: its journal's WAL has grown."""
    deadline = time.monotonic() + 30
    folder = gateway.data / "journal"
    while not any(path.stat().st_size > 150_000 for path in folder.glob("import-*.sqlite-wal")):
        assert time.monotonic() < deadline, "the import does not begin"
        time.sleep(0.002)
