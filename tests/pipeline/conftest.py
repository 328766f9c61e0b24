"""A whole line from the journal to the relay over a real database; only the providers and the broker are fakes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select

from connectors.base import Fetched, Parsed
from connectors.conformance.fake_http import FakeHttp
from desk.replies import Channels
from dispatcher import relay
from dispatcher.base import Landed, Outcome, Publication, nobody_hears
from dispatcher.relay import Relay
from identity.policy import Policy
from normalizer.envelope import TYPE
from normalizer.inbound import InboundMessage
from regia.links import Links
from regia.pipeline import worker
from regia.pipeline.commit import CommitSettings
from regia.pipeline.intake import Intake
from regia.pipeline.media import MediaStage
from regia.pipeline.prepare import Preparer
from regia.pipeline.worker import Pipeline
from regia.rules.live import Rules
from router.load import load
from router.ruleset import Ruleset
from storage import books
from storage.blobs import Blobs
from storage.books import Books
from storage.database import Database
from storage.journal import Journal
from storage.journal_file import inspect
from storage.schema import messages, quarantine
from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

RULES = """
fields: {order: text, total: number, urgent: boolean}
extract: {order: '\\bIT-[0-9]+', total: 'EUR ([0-9,]+)', model: 'MP-[0-9]+'}
categories:
  returns: {label: Resi, owners: [logistics@demo.example], sla: {first_reply: 4h}, playbook: "https://demo.example/sop"}
  general: {label: Informazioni}
queues: [partners]
default: general
rules:
  - name: robots
    when: {automated: honeypot}
    then: {discard: filled by a robot, final: true}
  - name: returns-by-words
    when: {text: {words: [rimborso]}}
    then: {category: returns, tags: [rma], copy_to: [partners]}
"""
RULESET = load([("rules.yaml", RULES)])
LINKS = Links("https://regia.example", b"key")
CHANNELS = Channels(can_send=lambda name: name != "form", own=lambda handle: handle.value == "help@demo.example")


class FakeQueues:
    """Confirms everything, and keeps it."""

    def __init__(self) -> None:
        self.seen: list[Publication] = []

    async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
        self.seen += batch
        return [Outcome.CONFIRMED] * len(batch)

    async def open(self, topology: object) -> None: ...
    async def states(self) -> list[Any]:
        return []

    async def peek(self, queue: str, limit: int) -> list[Any]:
        return []

    async def close(self) -> None: ...


class FakeChannel:
    """A channel of which only `fetch` is asked."""

    name = "whatsapp"
    max_body = 1
    brands = frozenset({"demo"})

    def __init__(self) -> None:
        self.fetches: Callable[[str], Any] = lambda reference: Fetched(content=b"%PDF-1.7 ", content_type="application/pdf")
        self.asked: list[str] = []

    async def fetch(self, reference: str, account: str | None, http: object) -> Fetched:
        self.asked.append(reference)
        found = self.fetches(reference)
        if asyncio.iscoroutine(found):
            found = await found
        assert isinstance(found, Fetched)
        return found

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the pipeline has no business with {name}")


class FakeFiles(FakeHttp):
    """With room for everything."""

    needs: int | None = None

    def limited(self, room: int) -> "FakeFiles":
        return self


class Line:
    """Journal, pipeline and relay of one node. `restart` is what a new process would do with the same files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.path = folder / "journal" / "worker-0.sqlite"
        self.queues = FakeQueues()
        self.channel = FakeChannel()
        self.blobs = Blobs.memory()
        self.journal = Journal.open(self.path)
        self._build()

    def _build(self) -> None:
        connectors: Mapping[str, Any] = {"whatsapp": self.channel}
        self.preparer = Preparer(MediaStage(connectors, self.blobs, FakeFiles(), 512 << 20), self.blobs, ("it", "en"))
        self.relay = Relay(self.queues, self.database, node="n1", envelope_type=TYPE, published=lambda row, outcome: None)
        self.intake = Intake(self.journal)
        self.pipeline = self.pipeline_of(self.journal)

    def pipeline_of(self, journal: Journal, node: str = "n1") -> Pipeline:
        settings = CommitSettings(
            journal=journal.id, node=node, rules=Rules.of_all(RULESET), links=LINKS, policy=Policy(), channels=CHANNELS
        )
        return Pipeline(journal, self.preparer, self.database, self.relay, lambda: settings)

    def start(self) -> None:
        self.pipeline.start()
        self.relay.start()

    async def stop(self) -> None:
        await self.pipeline.stop()
        await self.relay.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.journal.close()
        self.journal = Journal.open(self.path)
        self._build()
        self.start()

    async def accept(self, *contacts: InboundMessage, connector: str = "whatsapp", **other: Any) -> None:
        parsed = Parsed(messages=contacts, **other)
        await self.intake.accept(connector, parsed, datetime(2026, 11, 21, 18, 2, 11, 532_000, tzinfo=UTC))

    async def idle(self, seconds: float = 40) -> None:
        """Until everything accepted is committed and published."""
        async with asyncio.timeout(seconds):
            while not (self.pipeline.idle and self.relay.idle):
                await asyncio.sleep(0.005)

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        key = table.primary_key.columns.values()[0]

        def work(connection: Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(select(table).order_by(key)).mappings()]

        return await self.database.read(work)

    async def envelopes(self) -> dict[str, dict[str, Any]]:
        """By external id."""
        return {row["external_id"]: orjson.loads(row["envelope"]) for row in await self.rows(messages)}

    async def books(self) -> Books:
        files = [await asyncio.to_thread(inspect, path) for path in sorted(self.path.parent.glob("*.sqlite"))]
        return await self.database.read(lambda connection: books.count(connection, files))

    async def held(self) -> list[tuple[str, bytes]]:
        return [(row["reason"], bytes(row["raw"])) for row in await self.rows(quarantine)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_BACKOFF", (0.02,))
    monkeypatch.setattr(worker, "_AGAIN", 0.02)
    monkeypatch.setattr(relay, "_AGAIN", 0.02)
    monkeypatch.setattr(relay, "_BACKOFF", (0.02,))


@pytest.fixture
async def line(database: Database, tmp_path: Path) -> AsyncIterator[Line]:
    made = Line(database, tmp_path)
    yield made
    await made.stop()
    with suppress(OSError):
        await made.journal.close()


def decide_by(line: Line, ruleset: Ruleset) -> None:
    """From now on by these rules. To be called before the line starts."""
    settings = CommitSettings(
        journal=line.journal.id, node="n1", rules=Rules.of_all(ruleset), links=LINKS, policy=Policy(), channels=CHANNELS
    )
    line.pipeline = Pipeline(line.journal, line.preparer, line.database, line.relay, lambda: settings)
