"""`regia import mbox`: beside a gateway that runs, without one, interrupted, and again."""

from pathlib import Path

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.mails import archive, check_mails, import_mbox


def test_an_import_without_a_gateway_routes_by_itself(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway()
    raws = archive(tmp_path / "archive.mbox", 60)
    assert "60 mails: " in import_mbox(gateway, tmp_path / "archive.mbox")
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
    assert "60 mails: " in import_mbox(gateway, tmp_path / "archive.mbox")
    books = gateway.settle()
    assert (books["accepted"], books["published"], books["duplicate"]) == (120, different, 120 - different)
    assert not any(consumer.depths().values())
    gateway.stop()
