"""The runs that both the short and the long tests make, each with its figures."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.explained import check_explained
from tests.e2e.gateway import Gateway, envelope_schema
from tests.e2e.ledger import Ledger
from tests.e2e.mails import archive, check_mails
from tests.e2e.refusals import bad_requests
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic, conflict


def mixed(gateway: Gateway, folder: Path, *, seed: int, messages: int, mails: int) -> dict[str, Any]:
    """Mixed traffic and an archive into a gateway that runs; then everything is taken out and compared."""
    gateway.start()
    raws = archive(folder / "archive.mbox", mails, repeats=max(1, mails // 20))
    imported = mails + max(1, mails // 20)
    started = time.monotonic()
    with Ledger(folder / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=seed) as sender:
        posts = Traffic(seed, gateway.secret).posts(messages) + bad_requests(b"{}", gateway.secret)
        importing = gateway.import_mbox(folder / "archive.mbox")
        sender.feed(posts)
        sender.wait()
        keyed = next(post for post in posts if "Idempotency-Key" in post.headers and post.path.startswith("/v1/messages/"))
        sender.feed([conflict(keyed, Traffic(seed + 1, gateway.secret, stamp="C"))])
        sender.wait()
        output, _ = importing.communicate(timeout=120)
    assert importing.returncode == 0, output
    assert f"{imported} mails: " in output
    assert not sender.wrong, sender.wrong[:10]
    books = gateway.settle()
    seconds = time.monotonic() - started
    consumer = consumer_of(gateway)
    eventually(lambda: {queue: depth for queue, depth in consumer.depths().items() if depth}, books["published_to"])
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.once(verdict)
    judge.match(ledger, verdict)
    different = check_mails(gateway, verdict, raws)
    assert books["duplicate"] >= imported - different
    judge.check_books(books, ledger, verdict, mails=imported)
    judge.check_envelopes(verdict.bodies.values(), envelope_schema())
    judge.check_quarantine(gateway, ledger)
    judge.check_stored(gateway, verdict, random.Random(seed).sample(sorted(verdict.bodies), 40))  # noqa: S311  # chance, not a secret
    check_explained(gateway, books["published"] + books["discarded"])
    if gateway.mode.amqp is not None:
        judge.check_amqp(consumer.deliveries)
    assert not gateway.defects(), gateway.defects()[:3]
    gateway.stop()
    assert gateway.books() == books, "taking messages out of the queues must not change the books"
    return {"mode": gateway.mode.name, "posts": len(posts), "seconds": round(seconds, 1), **books}


def eventually(look: Callable[[], object], expected: object, seconds: float = 10) -> None:
    """Until `look()` gives what is expected: a broker counts a little later than it confirms."""
    deadline = time.monotonic() + seconds
    while (found := look()) != expected:
        assert time.monotonic() < deadline, f"{found} instead of {expected}"
        time.sleep(0.1)


def stopped_under_load(gateway: Gateway, folder: Path, *, seed: int, messages: int) -> float:
    """SIGTERM while many connections send: the seconds it took. What was accepted is published by then, the rest is
    accepted after the restart, and nothing comes twice."""
    gateway.start()
    with Ledger(folder / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=seed, threads=12) as sender:
        sender.feed(Traffic(seed, gateway.secret).posts(messages))
        while ledger.answers < messages // 8:  # early, so that much is left when the signal comes
            time.sleep(0.001)
        seconds = gateway.stop()
        assert sender.left, "there was no load when SIGTERM came"
        books = gateway.books()
        assert books["waiting"] == books["pending"] == 0, "it had time to publish what it had accepted"
        gateway.start()
        sender.wait()
    assert not sender.wrong, sender.wrong[:5]
    books = gateway.settle()
    consumer = consumer_of(gateway)
    consumer.drain()
    verdict = judge.collect(consumer.deliveries)
    judge.once(verdict)
    judge.match(ledger, verdict)
    judge.check_books(books, ledger, verdict, exact=False)
    gateway.stop()
    return seconds
