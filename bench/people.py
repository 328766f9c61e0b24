"""A stream of messages of people, in the order of time, with the truth about who wrote each. One seed gives one stream."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from types import MappingProxyType
from typing import Final

from bench.people_letters import Letter, Letters
from bench.people_rates import Rates
from bench.people_things import Person
from bench.people_town import DAY_MS, Town
from bench.score import Holding, Proof
from normalizer.inbound import Handle, InboundMessage, envelope_id
from normalizer.message import Message, normalise

START: Final = datetime(2025, 4, 1, tzinfo=UTC)
"""See `Rates.ids_after`."""
_VOCABULARY: Final = (
    "ordine padella pentola coperchio manico pacco corriere reso rimborso garanzia fattura sconto negozio spedizione colore "
    "misura rotto arrivato ancora ieri oggi domani settimana vorrei potete aspetto grazie salve buongiorno perché quando come "
    "sapere indirizzo consegna cambio ricambio guarnizione induzione antiaderente telefono numero nessuno risposta urgente "
    "regalo mamma cucina forno lavastoviglie graffiato sbagliato mancante doppio pagato carta bonifico codice catalogo"
)
_LANGUAGES: Final = ("it", "en", "de", "fr", "es", "pt")
_TONGUES: Final[Mapping[str, str]] = MappingProxyType({"BR": "pt", "MX": "es", "AR": "es"})
_PAUSE_HOURS: Final = 20.0
"""Mean time between two messages of an affair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message, its author's number, and the holdings of its verified handles, the sender's first (see `bench.score`)."""

    message: Message
    author: int
    proof: Proof

    @property
    def own(self) -> tuple[tuple[Holding, Handle], ...]:
        """Each verified holding with the handle as the contact names it."""
        sender = self.message.inbound.sender
        return tuple(zip(self.proof, (sender.handle, *sender.aliases), strict=False))


@dataclass(frozen=True, slots=True)
class _Visit:
    at_ms: int
    person: Person
    brand: str
    channel: str
    again: bool
    """The words of the one before are sent again."""


class Stream:
    """`messages` of `people` (at least one each), over `rates.days` days. Iterating gives `Written`s, each time the same."""

    def __init__(self, messages: int, people: int, *, seed: str, rates: Rates | None = None) -> None:
        if messages < people:
            raise ValueError(f"{messages} messages are too few for {people} people")
        self.rates = rates or Rates()
        self.seed = seed
        self._span_ms = self.rates.days * DAY_MS
        rng = random.Random(f"{seed}/town")  # noqa: S311  # sample data
        self.town = Town(people, self.rates, rng)
        self._visits = sorted(self._all_visits(messages, rng), key=lambda visit: visit.at_ms)

    def __len__(self) -> int:
        return len(self._visits)

    def __iter__(self) -> Iterator[Written]:
        rng = random.Random(f"{self.seed}/letters")  # noqa: S311  # sample data
        letters = Letters(self.town, self.rates, rng, self._span_ms)
        words: dict[int, str] = {}
        vocabulary, latest = _VOCABULARY.split(), -1
        for number, visit in enumerate(self._visits):
            latest = max(latest + 1, visit.at_ms)  # no two at once: a link is found by its time
            if not (visit.again and visit.person.number in words):
                words[visit.person.number] = " ".join(rng.choices(vocabulary, k=rng.randrange(3, 20)))
            letter = letters.letter(visit.person, visit.brand, visit.channel, visit.at_ms)
            fields = _order(visit.person, rng) if letter.kind == "form" and rng.random() < self.rates.order else {}
            at = START + timedelta(milliseconds=latest)
            text = words[visit.person.number]
            message = _message(f"{self.seed}-{number}", at, visit, letter, text=text, fields=fields)
            yield Written(message=message, author=visit.person.number, proof=letter.proof)

    def _all_visits(self, messages: int, rng: random.Random) -> Iterator[_Visit]:
        people = self.town.people
        counts = [1] * len(people)
        for chosen in rng.choices(people, cum_weights=list(accumulate(one.weight for one in people)), k=messages - len(people)):
            counts[chosen.number] += 1
        for person, count in zip(people, counts, strict=True):
            yield from self._visits_of(person, count, rng)

    def _visits_of(self, person: Person, count: int, rng: random.Random) -> Iterator[_Visit]:
        """Affairs of a few messages each, at any time at which the person may write."""
        weights = self._weights(person, rng)
        at_ms, channel, left = 0.0, "", 0
        for _ in range(count):
            begins = left == 0
            if begins:
                left = 1 + int(rng.expovariate(1 / (self.rates.affair - 1)))
                at_ms = rng.uniform(person.first_ms, person.last_ms)
            else:
                at_ms = min(at_ms + rng.expovariate(1 / _PAUSE_HOURS) * 3_600_000, person.last_ms)
            if begins or rng.random() > self.rates.same_channel:
                channel = rng.choices(list(weights), list(weights.values()))[0]
            left -= 1
            again = not begins and rng.random() < self.rates.repeated
            yield _Visit(int(at_ms), person, rng.choice(person.brands), channel, again)

    def _weights(self, person: Person, rng: random.Random) -> dict[str, float]:
        """The channels a person has; everybody likes some of them far more than others."""
        weights = {channel: share * rng.expovariate(1) for channel, share in self.rates.channels.items()}
        having = {"app": person.account is not None, "telegram": person.on_telegram}
        factors = {"app": 1 / self.rates.app, "telegram": 1 / self.rates.telegram}
        return {name: weight * factors.get(name, 1) for name, weight in weights.items() if having.get(name, True)}


def _order(person: Person, rng: random.Random) -> dict[str, str]:
    return {"order": f"{person.country}-{person.number * 10 + rng.randrange(10)}"}


def _message(key: str, at: datetime, visit: _Visit, letter: Letter, *, text: str, fields: Mapping[str, str]) -> Message:
    handle = letter.sender.handle
    connector = f"{visit.channel.replace('_', '-')}-{visit.brand}"
    language = _TONGUES.get(visit.person.country, visit.person.country.lower())
    inbound = InboundMessage(
        event_key=key,
        external_id=key,
        brand=visit.brand,
        channel=visit.channel,
        account=connector,
        kind=letter.kind,
        sender=letter.sender,
        order_key=f"{handle.kind}:{handle.value}",
        raw=b"{}",
        raw_content_type="application/json",
        text=None if letter.kind == "call" else text,
        fields=fields,
        language=language,
    )
    return normalise(envelope_id(connector, key), connector, at, inbound, attachments=(), languages=_LANGUAGES)
