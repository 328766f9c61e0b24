"""What each part of the way costs alone: microseconds a message, in one process, without sockets."""

import asyncio
import email
import email.policy
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import count, islice
from pathlib import Path
from typing import Final

from bench import webhooks
from bench.serve import DEMO
from connectors.base import Connector, Request
from normalizer.mail.read import read as read_mail
from normalizer.message import Message, normalise
from regia.compose import Configured, configure, migrate
from regia.links import Links
from regia.pipeline.accepted import AcceptedMessage, decode, entries
from regia.pipeline.commit import CommitSettings, commit
from regia.pipeline.prepared import Ready
from regia.settings import load_settings
from router.vocabulary import Facts
from storage.database import Database
from storage.journal import Entry, Journal, Row
from tests.mailcorpus import build

BATCHES: Final = (1, 16, 256)
CALLERS: Final = (1, 64)
_MAILS: Final = 100
_FRESH: Final = 512
"""Journal entries made ready at a time, so that making them is not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Microseconds a message: `wall` by the clock, `cpu` of processor time in all threads of this process."""

    what: str
    messages: int
    wall: float
    cpu: float


class Meter:
    """Adds up the time of one part until `seconds` are used up, the making of its input left out."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what = what
        self._left = seconds
        self._messages = 0
        self._wall = self._cpu = 0.0

    @property
    def wants_more(self) -> bool:
        return self._messages == 0 or self._wall < self._left

    def __enter__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._started
        self._wall += time.perf_counter() - wall
        self._cpu += time.process_time() - cpu

    def did(self, messages: int) -> None:
        self._messages += messages

    @property
    def part(self) -> Part:
        wall, cpu = (used / self._messages * 1e6 for used in (self._wall, self._cpu))
        return Part(what=self.what, messages=self._messages, wall=wall, cpu=cpu)


class Way:
    """Everything a message needs on its way, from the demo's configuration."""

    def __init__(self, folder: Path) -> None:
        environment = {
            "REGIA__DATA__PATH": str(folder / "parts"),
            "REGIA__CONNECTORS__WHATSAPP__APP_SECRET": webhooks.SECRET,
        }
        settings, document = load_settings(DEMO, environment)
        self.configured: Configured = configure(settings, document)
        self.connector: Connector = self.configured.connectors[webhooks.CONNECTOR]
        self.languages = settings.languages
        self._bodies = (body for number in count() for body in webhooks.bodies(1_000, "distinct", f"parts-{number}"))
        self._seq = count(1)

    def request(self) -> Request:
        body = next(self._bodies)
        headers = {"content-type": "application/json", "x-hub-signature-256": webhooks.signature(body)}
        now = datetime.now(UTC)
        return Request(method="POST", url="/webhooks/whatsapp", headers=headers, query={}, body=body, received_at=now)

    def entry(self) -> Entry:
        request = self.request()
        return entries(self.connector.name, self.connector.parse(request), request.received_at)[0]

    def accepted(self) -> tuple[Row, AcceptedMessage]:
        entry = self.entry()
        accepted = decode(entry.payload)
        assert isinstance(accepted, AcceptedMessage)  # noqa: S101  # made from a message just now
        return Row(next(self._seq), entry.id, entry.kind, entry.order_key, entry.payload), accepted

    def message(self) -> tuple[Row, Message]:
        row, accepted = self.accepted()
        assert row.id is not None  # noqa: S101  # only repeats have none
        return row, self.normalised(row, accepted)

    def normalised(self, row: Row, accepted: AcceptedMessage) -> Message:
        assert row.id is not None  # noqa: S101
        return normalise(
            row.id, accepted.connector, accepted.received_at, accepted.message, attachments=(), languages=self.languages
        )

    def ready(self, size: int) -> list[Ready]:
        return [Ready(row, message, "0" * 64, raw_blob=False) for row, message in (self.message() for _ in range(size))]

    def commit_settings(self, journal: str) -> CommitSettings:
        links = Links("http://127.0.0.1:8080", b"a key for measuring")
        window = self.configured.settings.conversations.window_hours * 3_600_000
        return CommitSettings(journal=journal, node="bench", ruleset=self.configured.rules, links=links, window_ms=window)


def measure(folder: Path, databases: Sequence[tuple[str, str]], *, seconds: float, told: Callable[[str], None]) -> list[Part]:
    """Every part, each for about `seconds`. `databases` are names and addresses of empty ones."""
    way = Way(folder)
    parts: list[Part] = []
    for meter in _pure(way, seconds):
        told(meter.what)
        parts.append(meter.part)
    parts += asyncio.run(_stored(way, folder, databases, seconds, told))
    parts += [meter.part for meter in _mail(seconds)]
    return parts


def _pure(way: Way, seconds: float) -> Iterator[Meter]:
    yield _each(Meter("WhatsApp: verify and parse", seconds), way.request, lambda request: _taken(way.connector, request))
    yield _each(Meter("normalise", seconds), way.accepted, lambda pair: way.normalised(*pair))
    facts: Facts = {"channel": "whatsapp", "kind": "text", "brand": "demo", "history.unanswered": 0}
    texts = (next(way._bodies).decode() for _ in count())  # noqa: SLF001  # its own module
    yield _each(Meter("rules: Ruleset.route", seconds), lambda: {**facts, "text": next(texts)[400:860]}, way.configured.rules.route)


def _taken(connector: Connector, request: Request) -> None:
    connector.verify(request)
    connector.parse(request)


def _each[T](meter: Meter, make: Callable[[], T], work: Callable[[T], object]) -> Meter:
    while meter.wants_more:
        inputs = [make() for _ in range(64)]
        with meter:
            for one in inputs:
                work(one)
        meter.did(len(inputs))
    return meter
