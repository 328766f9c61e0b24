"""One sequence: its people, what they have said so far, and what is counted."""

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, fields
from datetime import datetime
from random import Random
from typing import Any, Final

from sqlalchemy import Connection

from connectors.base import Parsed
from connectors.errors import Rejected
from normalizer.inbound import Handle, InboundMessage
from tests.attacks.persons import Person, person
from tests.attacks.tokens import letters
from tests.attacks.truth import Contact
from tests.attacks.world import Do, Envelope, Say, Sleep, Step, World

_WORDS: Final = (
    "la padella che ho comprato da voi è arrivata rotta",
    "vorrei sapere quando arriva il pacco con le pentole",
    "the pan I bought from you last week came scratched",
    "chiedo il rimborso di quanto ho pagato per il coperchio",
)


@dataclass
class Tally:
    """What a run counts. `attacks`, and `refused` by the connectors, by kind; `pairs` by the way in which two handles of one
    person were proven, those that ended `linked`, and those whose history was `shown` across. `merges`: customers put below
    another by themselves. `tries`: transactions that gave in to another node's."""

    sequences: int = 0
    contacts: int = 0
    merges: int = 0
    tries: int = 0
    attacks: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True)
class Heard:
    """A contact with the envelope it has become."""

    contact: Contact
    envelope: Envelope


class Scene:
    """`number` makes all its values its own; `honest` may be attacked, by `strangers`."""

    def __init__(self, number: int, seed: object, world: World, tally: Tally) -> None:
        self.number = number
        self.rng = Random(f"{seed}/{number}")  # noqa: S311  # to be repeated, not a secret
        self.world = world
        self.tally = tally
        self.heard: dict[str, list[Heard]] = {}
        """By the cluster of who wrote."""
        self.held: set[str] = set()
        """Clusters whose proof, or mistaken merge, is under way: one of these at a time (FOUND.md, A2)."""
        count, others = self.rng.choice((1, 2)), self.rng.choice((1, 1, 1, 2))
        self.honest = [person(number, place, self.rng, stranger=False) for place in range(count)]
        self.strangers = [person(number, count + place, self.rng, stranger=True) for place in range(others)]
        for one in (*self.honest, *self.strangers):
            world.truth.add(one)
        self._made = 0

    @property
    def now(self) -> datetime:
        return self.world.now

    def id(self) -> str:
        """A word that stands nowhere else."""
        self._made += 1
        return letters(self.number * 2_000 + self._made, 9)

    def text(self) -> str:
        """What somebody says, with a secret in it."""
        return f"Buongiorno s7x{self.id()} {self.rng.choice(_WORDS)}"

    def contact(self, by: str, kind: str, connector: str, inbound: InboundMessage, answers: Handle | None = None) -> Contact:
        """`answers`: where a reply must go; without it, to the sender."""
        return Contact(by=by, kind=kind, connector=connector, inbound=inbound, answers=answers or inbound.sender.handle)

    def say(self, *contacts: Contact) -> Generator[Step, Any, list[Envelope]]:
        """Say something, and remember it; the envelopes, without those of repeats."""
        envelopes = yield Say(contacts)
        self.tally.contacts += len(contacts)
        found = []
        for contact, envelope in zip(contacts, envelopes, strict=True):
            if envelope is not None:
                self.heard.setdefault(contact.by, []).append(Heard(contact, envelope))
                found.append(envelope)
        return found

    def do(self, act: Callable[[Connection, int], Any], *errors: type[Exception]) -> Generator[Step, Any, Any]:
        return (yield Do(act, errors))

    def turn(self) -> Generator[Step, Any, None]:
        """Let the others do something."""
        yield Say(())

    def refused(self, kind: str, request: Callable[[], Parsed]) -> Parsed | None:
        """What a connector makes of a request; None, and counted, where it refuses it."""
        try:
            return request()
        except Rejected as error:
            self.tally.refused[f"{kind}: {error.code}"] += 1
            return None

    def problem(self, what: str) -> None:
        self.world.problems.append(f"sequence {self.number}: {what}")

    def of(self, one: Person) -> list[Heard]:
        return self.heard.get(one.cluster, [])


__all__ = ["Heard", "Scene", "Sleep", "Tally"]
