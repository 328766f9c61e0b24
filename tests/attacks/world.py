"""Many sequences at once over one database: what each says next is committed together, in one real commit.

So victims and strangers stand in one batch, and a run of thousands takes minutes. A sequence is a generator of steps; it
is sent what became of each.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import Connection

from connectors.base import Parsed
from identity.policy import Policy
from regia.links import Links
from regia.pipeline import accepted
from regia.pipeline.commit import CommitSettings, commit
from regia.pipeline.media import MediaStage
from regia.pipeline.prepare import Preparer
from regia.pipeline.prepared import Prepared
from router.load import load
from storage.blobs import Blobs
from storage.database import Database, DatabaseUnavailable
from storage.journal_file import Row
from tests.attacks.truth import Contact, Truth
from tests.contacts import START
from tests.pipeline.conftest import FakeFiles

RULESET: Final = load(
    [("rules.yaml", "categories: {general: {label: Informazioni, sla: {first_reply: 4h}}}\ndefault: general\n")]
)
POLICY: Final = Policy()
BATCH: Final = 256
A_YEAR: Final = timedelta(days=400)
WEEKS: Final = timedelta(days=50)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was committed of a contact."""

    id: str
    document: dict[str, Any]

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
    """One database with everybody in it. `problems` are what was found wrong, by the number of the sequence."""

    def __init__(self, database: Database, seed: object) -> None:
        self.database = database
        self.truth = Truth()
        self.now = START
        self.problems: list[str] = []
        self._random = Random(f"{seed}/world")  # noqa: S311  # an order, not a secret
        self._settings = CommitSettings(
            journal="j", node="n1", ruleset=RULESET, links=Links("https://regia.test", b"key"), policy=POLICY
        )
        blobs = Blobs.memory()
        self._preparer = Preparer(MediaStage({}, blobs, FakeFiles(), 1 << 20), blobs, ("it", "en"))
        self._rows = 0

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
        answers: dict[int, Any] = {number: [] for number in order}
        for at in range(0, len(said), BATCH):
            batch = said[at : at + BATCH]
            envelopes = await self.commit([contact for _, contact in batch])
            for (number, _), envelope in zip(batch, envelopes, strict=True):
                answers[number].append(envelope)
        acts = [(number, step) for number in order if isinstance(step := steps[number], Do)]
        if acts:
            answers |= await self.database.write(lambda connection: self._act(connection, acts))
        return answers

    async def commit(self, contacts: Sequence[Contact]) -> list[Envelope | None]:
        """Commit one batch; the envelope of each, None where it was a repeat."""
        prepared = []
        for contact in contacts:
            self.problems += self.truth.said(contact)
            prepared.append(await self._prepare(contact))
        committed = await self.database.write(lambda connection: commit(connection, prepared, self._settings))
        bodies = {row.message_id: row.body for row in committed.outbox}
        found: list[Envelope | None] = []
        for contact, one in zip(contacts, prepared, strict=True):
            body = bodies.pop(str(one.row.id), None)
            document = None if body is None else orjson.loads(body)
            found.append(None if document is None else Envelope(document["id"], document))
            if body is not None:
                self.problems += self.truth.told(contact, document, body)
        return found

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
            except DatabaseUnavailable as error:
                self.problems.append(f"an act of the shop cannot be done: {error}")
                answers[number] = error
        return answers

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)


def _contacts(step: Step) -> tuple[Contact, ...]:
    return step.contacts if isinstance(step, Say) else ()


__all__ = ["A_YEAR", "POLICY", "WEEKS", "Do", "Envelope", "Say", "Sleep", "Step", "Steps", "World", "datetime"]
