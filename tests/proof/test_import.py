"""An import that is killed loses nothing and doubles nothing."""

import time
from pathlib import Path

import pytest

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway
from tests.e2e.mails import archive, check_mails, import_mbox


@pytest.mark.proof
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
    assert "300 mails: " in import_mbox(gateway, tmp_path / "archive.mbox")
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
