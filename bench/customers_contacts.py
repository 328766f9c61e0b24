"""WhatsApp contacts of numbered customers, who all write once in a few days."""

import random
from collections.abc import Callable, Sequence
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
"""Between two batches, more than a conversation stays open: so everybody begins a conversation and is seen on another day,
and a message makes the same work whatever the number of customers."""
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
    """`batch` gives new messages, each batch some days after the last. One object for one database."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # sample data
        self._seed = seed
        self._words = _VOCABULARY.split()
        self._numbers = count()
        self._at = _START

    def batch(self, customers: Sequence[int]) -> list[Message]:
        self._at += timedelta(days=_DAYS)
        return [self._message(customer, self._at + timedelta(seconds=place)) for place, customer in enumerate(customers)]

    def drawing(self, draw: Draw, number: int) -> Callable[[int], list[int]]:
        """A function that draws so many of the customers 1 to `number`. Those who write much lie anywhere in the database."""
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
