"""Traffic into a gateway that is killed again and again, and the proof that nothing accepted was lost."""

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

from tests.e2e import judge
from tests.e2e.consumers import consumer_of
from tests.e2e.crashing import POINTS
from tests.e2e.gateway import Gateway, envelope_schema
from tests.e2e.ledger import Ledger
from tests.e2e.mails import archive, check_mails
from tests.e2e.sender import Sender
from tests.e2e.traffic import Traffic

ANYWHERE: Final = "anywhere"
IMPORTING: Final = "while importing"
_PATIENCE: Final = 60.0
_BUSY: Final = 20


@dataclass(frozen=True)
class Kill:
    """`nth`: the so many-th time a named point is reached; for `ANYWHERE`, after so many more answers."""

    point: str
    nth: int = 1


def plan(seed: int, count: int) -> list[Kill]:
    """Every named point in turn and kills anywhere between them, each at a random count, and one while mails come in."""
    chance = random.Random(seed)  # noqa: S311  # chance, not a secret
    points = [*POINTS, ANYWHERE, ANYWHERE, ANYWHERE]
    kills = [Kill(point, chance.randint(15, 60) if point == ANYWHERE else chance.randint(1, 12)) for point in points * 9]
    kills = kills[: count - 1]
    kills.insert(chance.randrange(1, count), Kill(IMPORTING))
    return kills


def survive(gateway: Gateway, folder: Path, *, seed: int, messages: int, mails: int, kills: Sequence[Kill]) -> dict[str, Any]:
    """Run it; the figures. Senders repeat what was not answered (or give up one in ten), consumers never stop."""
    raws = archive(folder / "archive.mbox", mails)
    started = time.monotonic()
    gateway.start()
    consumer = consumer_of(gateway, lease=2, forget=40)
    consumer.begin()
    with Ledger(folder / "ledger.jsonl") as ledger, Sender(gateway, ledger, seed=seed, give_up=0.1) as sender:
        traffic = Traffic(seed, gateway.secret)
        gateway.kill()
        importing = None
        for kill in kills:
            sender.feed(traffic.posts(messages // (len(kills) + 1)))
            if kill.point == IMPORTING:  # here the mails are the traffic
                importing = _kill_while_importing(gateway, folder / "archive.mbox")
                continue
            if kill.point == ANYWHERE:
                _kill_anywhere(gateway, kill, ledger, sender, traffic)
            else:
                _die_at(gateway, kill, sender, traffic, folder / "crashed")
        gateway.start()
        sender.feed(traffic.posts(messages // (len(kills) + 1)))
        sender.wait()
        _check_import(importing, mails)
    seconds = time.monotonic() - started
    assert not sender.wrong, sender.wrong[:10]
    books = gateway.settle()
    consumer.end()
    verdict = judge.collect(consumer.deliveries)
    judge.match(ledger, verdict)
    imported = len(raws) if importing else 0
    check_mails(gateway, verdict, raws if importing else [], sample=100)
    judge.check_books(books, ledger, verdict, mails=imported, exact=False)
    judge.check_envelopes(verdict.bodies.values(), envelope_schema())
    gateway.stop()
    figures = {"mode": gateway.mode.name, "kills": len(kills), "seconds": round(seconds, 1), "unanswered": sender.unanswered}
    return {**figures, "repeated deliveries": verdict.repeats, **books}


def _kill_anywhere(gateway: Gateway, kill: Kill, ledger: Ledger, sender: Sender, traffic: Traffic) -> None:
    gateway.spawn()
    enough, deadline = ledger.answers + kill.nth, time.monotonic() + _PATIENCE
    while ledger.answers < enough:
        assert time.monotonic() < deadline, f"the gateway does not answer\n{gateway.tail()}"
        _keep_busy(sender, traffic)
    gateway.process.send(signal.SIGKILL)
    assert sender.left, "there was no traffic when the gateway was killed"
    assert gateway.ended() == -signal.SIGKILL


def _die_at(gateway: Gateway, kill: Kill, sender: Sender, traffic: Traffic, told: Path) -> None:
    told.unlink(missing_ok=True)
    gateway.spawn(E2E_CRASH=f"{kill.point}:{kill.nth}", E2E_CRASHED=str(told))
    deadline = time.monotonic() + _PATIENCE
    while gateway.running:
        assert time.monotonic() < deadline, f"{kill} was not reached\n{gateway.tail()}"
        _keep_busy(sender, traffic)
    assert sender.left, "there was no traffic when the gateway was killed"
    assert gateway.ended() == -signal.SIGKILL, gateway.tail()
    assert told.read_text() == f"{kill.point}:{kill.nth}"


def _keep_busy(sender: Sender, traffic: Traffic) -> None:
    """A few posts more for a life that takes longer to reach its point; returns after a moment."""
    if sender.left < _BUSY:
        sender.feed(traffic.posts(_BUSY))
    time.sleep(0.002)


def _kill_while_importing(gateway: Gateway, path: Path) -> Popen[str]:
    """Killed as soon as the gateway has taken over what the import read."""
    gateway.start()
    adopted = gateway.log.read_text().count("a journal is adopted")
    importing = gateway.import_mbox(path)
    deadline = time.monotonic() + _PATIENCE
    while gateway.log.read_text(errors="replace").count("a journal is adopted") == adopted:
        assert time.monotonic() < deadline, f"the import is not taken over\n{gateway.tail()}"
        time.sleep(0.002)
    gateway.process.send(signal.SIGKILL)
    assert gateway.ended() == -signal.SIGKILL
    return importing


def _check_import(importing: Popen[str] | None, mails: int) -> None:
    if importing is not None:
        output, _ = importing.communicate(timeout=_PATIENCE)
        assert importing.returncode == 0, output
        assert f"{mails} mails: " in output
