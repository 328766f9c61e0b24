"""WhatsApp contacts of numbered customers, in one of two ways: everybody is as likely as everybody else and writes once in a
few days; or some write far more than others, and whoever writes sends several messages within the hour, as in a chat."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, Literal, TypeAlias

from bench.customers_sql import DIGITS, LETTERS
from bench.webhooks import skewed
from normalizer.inbound import Handle, InboundMessage, Sender, envelope_id
from normalizer.message import Message, normalise

Draw: TypeAlias = Literal["uniform", "skewed"]

SPACE: Final = "demo"
DRAWS: Final[tuple[Draw, ...]] = ("uniform", "skewed")
_DAYS: Final = 4
"""Between two batches, or two rounds of talks: more than a conversation stays open. So everybody begins a conversation and is
seen on another day, and makes the same work whatever the number of customers."""
_MINUTES: Final = 10
"""Between two batches of one round of talks."""
_TALK: Final = 4
"""Messages of a talk in the mean (geometric), and batches over which a round of talks is spread."""
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ACCOUNT: Final = "100200300400500"
_TO_LETTERS: Final = str.maketrans(DIGITS, LETTERS)
_VOCABULARY: Final = (
    "padella coperchio manico ordine pacco reso rimborso garanzia sconto negozio colore misura consegna cambio forno"
)


def name_of(number: int) -> str:
    """Everybody has a name of their own, of two words."""
    return f"Anna {f'{number:07d}'.translate(_TO_LETTERS).capitalize()}"


def value_of(number: int) -> str:
    """The digits that stand in both handles."""
    return f"{number:010d}"


class Contacts:
    """New messages, always later than those before. One object for one database."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # sample data
        self._seed = seed
        self._words = _VOCABULARY.split()
        self._numbers = count()
        self._at = _START
        self._drawn: dict[tuple[Draw, int], Callable[[int], list[int]]] = {}

    def batch(self, customers: Sequence[int]) -> list[Message]:
        """One message of each customer, some days after the last batch."""
        return self._written(customers, timedelta(days=_DAYS))

    def batches(self, draw: Draw, number: int, *, count: int, size: int) -> list[list[Message]]:
        """So many batches from customers 1 to `number`."""
        choose = self._choosing(draw, number)
        if draw == "uniform":
            return [self.batch(choose(size)) for _ in range(count)]
        found: list[list[Message]] = []
        while len(found) < count:
            found += self._talks(choose, size)
        return found[:count]

    def _talks(self, choose: Callable[[int], list[int]], size: int) -> Iterator[list[Message]]:
        """A round of talks: its messages in any order, spread over some batches. The first comes days after what was before."""
        messages: list[int] = []
        while len(messages) < size * _TALK:
            (customer,) = choose(1)
            messages += [customer] * self._length()
        del messages[size * _TALK :]
        self._rng.shuffle(messages)
        pauses = [timedelta(days=_DAYS), *[timedelta(minutes=_MINUTES)] * (_TALK - 1)]
        for number, pause in enumerate(pauses):
            yield self._written(messages[number * size : (number + 1) * size], pause)

    def _length(self) -> int:
        length = 1
        while self._rng.random() > 1 / _TALK:
            length += 1
        return length

    def _written(self, customers: Sequence[int], pause: timedelta) -> list[Message]:
        self._at += pause
        return [self._message(customer, self._at + timedelta(seconds=place)) for place, customer in enumerate(customers)]

    def _choosing(self, draw: Draw, number: int) -> Callable[[int], list[int]]:
        """A function that draws so many customers. Those who write much lie anywhere in the database."""
        if (draw, number) not in self._drawn:
            self._drawn[draw, number] = self._drawing(draw, number)
        return self._drawn[draw, number]

    def _drawing(self, draw: Draw, number: int) -> Callable[[int], list[int]]:
        rng = self._rng
        if draw == "uniform":
            return lambda size: [rng.randint(1, number) for _ in range(size)]
        ranked = list(range(1, number + 1))
        rng.shuffle(ranked)
        weights = skewed(number)
        return lambda size: rng.choices(ranked, cum_weights=weights, k=size)

    def _message(self, customer: int, at: datetime) -> Message:
        key = f"{self._seed}-{next(self._numbers)}"
        phone = Handle("phone", f"+39{value_of(customer)}", "verified")
        user = Handle("whatsapp_user", f"{_ACCOUNT}:IT.{value_of(customer)}", "verified")
        inbound = InboundMessage(
            event_key=key,
            external_id=f"wamid.{self._rng.getrandbits(160):040x}",
            brand=SPACE,
            channel="whatsapp",
            account=_ACCOUNT,
            kind="text",
            sender=Sender(handle=phone, aliases=(user,), name=name_of(customer)),
            order_key=f"phone:{phone.value}",
            raw=b"{}",
            raw_content_type="application/json",
            text=" ".join(self._rng.choices(self._words, k=16)),
            language="it",
        )
        return normalise(envelope_id("whatsapp", key), "whatsapp", at, inbound, attachments=(), languages=("it", "en"))
