"""Many sequences at once over one database: what each says next is committed together, in one real commit.

So victims and strangers stand in one batch, and a run of thousands takes minutes. A sequence is a generator of steps; it
is sent what became of each.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeAlias, TypeVar

import orjson
from sqlalchemy import Connection

from connectors.base import Parsed
from desk.replies import Channels
from identity.policy import Policy
from regia.links import Links
from regia.pipeline import accepted
from regia.pipeline.commit import CommitSettings, commit
from regia.pipeline.media import MediaStage
from regia.pipeline.prepare import Preparer
from regia.pipeline.prepared import Prepared
from regia.rules.live import Rules
from router.load import load
from storage.blobs import Blobs
from storage.database import Database, DatabaseUnavailable
from storage.journal_file import Row
from tests.attacks.truth import Contact, Truth
from tests.contacts import START
from tests.pipeline.conftest import FakeFiles

T = TypeVar("T")

RULESET: Final = load(
    [("rules.yaml", "categories: {general: {label: Informazioni, sla: {first_reply: 4h}}}\ndefault: general\n")]
)
POLICY: Final = Policy()
BATCH: Final = 256
_TRIES: Final = 20
A_YEAR: Final = timedelta(days=400)
WEEKS: Final = timedelta(days=50)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was committed of a contact."""

    id: str
    document: dict[str, Any]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["data"]
        return found

    @property
    def customer(self) -> str:
        return str(self.data["customer"]["id"])


@dataclass(frozen=True, slots=True)
class Say:
    """Contacts that arrive one after the other; answered by a list of `Envelope`, None for a repeat."""

    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Do:
    """An act of the shop, in a transaction; answered by what it returns. Errors that it names are returned too."""

    act: Callable[[Connection, int], Any]
    errors: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing happens until so long has passed for everybody."""

    time: timedelta


Step: TypeAlias = Say | Do | Sleep
Steps: TypeAlias = Generator[Step, Any, None]


class World:
    """One database with everybody in it, and the nodes that write to it. `problems` are what was found wrong."""

    def __init__(self, nodes: Sequence[Database], seed: object) -> None:
        self._nodes = nodes
        self.truth = Truth()
        self.now = START
        self.problems: list[str] = []
        self._random = Random(f"{seed}/world")  # noqa: S311  # an order, not a secret
        self._settings = CommitSettings(
            journal="j",
            node="n1",
            rules=Rules.of_all(RULESET),
            links=Links("https://regia.test", b"key"),
            policy=POLICY,
            channels=Channels(can_send=lambda name: True, own=lambda handle: False),
        )
        blobs = Blobs.memory()
        self._preparer = Preparer(MediaStage({}, blobs, FakeFiles(), 1 << 20), blobs, ("it", "en"))
        self._rows = 0
        self.tries = 0
        """Transactions that gave in to another node's."""

    async def run(self, sequences: Sequence[Steps]) -> None:
        """Let all of them go on until each has ended."""
        waiting = {number: next(one, None) for number, one in enumerate(sequences)}
        while active := {number: step for number, step in waiting.items() if step is not None}:
            awake = {number: step for number, step in active.items() if not isinstance(step, Sleep)}
            if awake:
                self.now += timedelta(minutes=self._random.choice((1, 7, 19)))
                answers = await self._round(awake)
            else:
                shortest = min(step.time for step in active.values() if isinstance(step, Sleep))
                self.now += shortest
                answers = {number: None for number, step in active.items() if isinstance(step, Sleep) and step.time == shortest}
            for number, answer in answers.items():
                try:
                    waiting[number] = sequences[number].send(answer)
                except StopIteration:
                    waiting[number] = None

    async def _round(self, steps: dict[int, Step]) -> dict[int, Any]:
        order = list(steps)
        self._random.shuffle(order)
        said = [(number, contact) for number in order for contact in _contacts(steps[number])]
        acts = [(number, step) for number in order if isinstance(step := steps[number], Do)]
        envelopes, done = await asyncio.gather(
            self.commit([contact for _, contact in said]), self._write(-1, lambda connection: self._act(connection, acts))
        )
        answers: dict[int, Any] = {number: [] for number in order}
        for (number, _), envelope in zip(said, envelopes, strict=True):
            answers[number].append(envelope)
        return answers | done

    async def commit(self, contacts: Sequence[Contact]) -> list[Envelope | None]:
        """Commit them in batches, the nodes at the same time; the envelope of each, None where it was a repeat."""
        prepared = []
        for contact in contacts:
            self.problems += self.truth.said(contact)
            prepared.append(await self._prepare(contact))
        size = min(BATCH, -(-len(prepared) // len(self._nodes)) or 1)
        batches = [prepared[at : at + size] for at in range(0, len(prepared), size)]
        bodies: dict[str, bytes] = {}
        for done in await asyncio.gather(*(self._commit(number, batch) for number, batch in enumerate(batches))):
            bodies |= done
        found = [
            self._envelope(contact, bodies.pop(str(one.row.id), None)) for contact, one in zip(contacts, prepared, strict=True)
        ]
        for contact, envelope in zip(contacts, found, strict=True):
            if envelope is not None:
                self.problems += self.truth.told(contact, envelope.document, envelope.body)
        return found

    def _envelope(self, contact: Contact, body: bytes | None) -> Envelope | None:
        if body is None:
            return None
        document = orjson.loads(body)
        self.truth.made(document["id"], contact.cluster)
        return Envelope(document["id"], document, body)

    async def _commit(self, number: int, batch: Sequence[Prepared]) -> dict[str, bytes]:
        committed = await self._write(number, lambda connection: commit(connection, batch, self._settings))
        return {row.message_id: row.body for row in committed.outbox}

    async def _write(self, number: int, work: Callable[[Connection], T]) -> T:
        """On one of the nodes. Several may hold each other up: whoever gave in tries again."""
        node = self._nodes[number % len(self._nodes)]
        for _ in range(_TRIES):
            try:
                return await node.write(work)
            except DatabaseUnavailable:
                self.tries += 1
        return await node.write(work)

    async def _prepare(self, contact: Contact) -> Prepared:
        (entry,) = accepted.entries(contact.connector, Parsed(messages=(contact.inbound,)), self.now)
        self._rows += 1
        return await self._preparer.one(Row(self._rows, entry.id, entry.kind, entry.order_key, entry.payload, entry.digest))

    def _act(self, connection: Connection, acts: Sequence[tuple[int, Do]]) -> dict[int, Any]:
        answers = {}
        for number, do in acts:
            try:
                with connection.begin_nested():
                    answers[number] = do.act(connection, self.now_ms)
            except do.errors as error:
                answers[number] = error
        return answers

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)


def _contacts(step: Step) -> tuple[Contact, ...]:
    return step.contacts if isinstance(step, Say) else ()


__all__ = ["A_YEAR", "POLICY", "WEEKS", "Do", "Envelope", "Say", "Sleep", "Step", "Steps", "World"]
