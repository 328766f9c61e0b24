"""Signed WhatsApp webhooks of about one kilobyte, as many as wanted, each a message of its own."""

import hashlib
import hmac
import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Final, Literal

import orjson

from regia.demo.texts import LANGUAGES, TEXTS, TOPICS

Senders = Literal["distinct", "skewed"]

SECRET: Final = "a secret for measuring"  # noqa: S105  # both sides are ours and live for a minute
ACCOUNT: Final = "100200300400500"
CONNECTOR: Final = "whatsapp"
TEXT: Final = 460
"""Characters of text, so that a request with its JSON around it has about 1,000 bytes."""
_MESSAGES_EACH: Final = 5
_FLATTEN: Final = 5
"""With weights of 1 / (rank + 5) the first sender writes about 3 % of everything, the first 1 % a quarter."""


def bodies(count: int, senders: Senders, seed: str) -> Iterator[bytes]:
    """`count` bodies; another `seed` gives other messages of other people."""
    rng = random.Random(seed)  # noqa: S311  # sample data
    people = _people(count, senders, rng)
    offset = rng.randrange(10**8)
    for number in range(count):
        yield _body(f"{seed}-{number}", offset * 10**5 + next(people), rng)


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def requests(count: int, senders: Senders, seed: str, path: str) -> Iterator[bytes]:
    """Whole HTTP requests, ready to be written to a socket."""
    for body in bodies(count, senders, seed):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _people(count: int, senders: Senders, rng: random.Random) -> Iterator[int]:
    """The number of each message's sender."""
    if senders == "distinct":
        yield from range(count)
        return
    population = max(1, count // _MESSAGES_EACH)
    yield from rng.choices(range(population), cum_weights=skewed(population), k=count)


def skewed(population: int) -> list[float]:
    """How much of everything the most active so many write, added up: Zipf's law, flattened at its head (Mandelbrot), since no
    single customer writes an eighth of all messages."""
    return list(accumulate(1 / (rank + _FLATTEN) for rank in range(population)))


def _body(token: str, person: int, rng: random.Random) -> bytes:
    phone = f"39{person:013d}"
    language = rng.choice(LANGUAGES)
    texts = [text for topic in TOPICS for text in TEXTS[topic][language]]
    text = " ".join(rng.sample(texts, 9)).format(order="IT-2231")[:TEXT]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "390212345678", "phone_number_id": ACCOUNT},
        "contacts": [{"profile": {"name": f"Anna Bianchi {person % 1000}"}, "wa_id": phone, "user_id": f"IT.{person:020d}"}],
        "messages": [
            {
                "from": phone,
                "from_user_id": f"IT.{person:020d}",
                "id": f"wamid.{token}",
                "timestamp": "1795284131",
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    change = {"field": "messages", "value": value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]})
