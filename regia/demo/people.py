"""The customers of the demo: invented people with a phone number, an address and the channels they like."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from regia.demo.texts import LANGUAGES

MESSAGES_EACH: Final = 5
"""How often a customer writes on average: enough for a history, a conversation and somebody nobody answered."""
_FEWEST: Final = 8

_NAMES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "it": (("Anna", "Luca", "Giulia", "Marco", "Chiara"), ("Bianchi", "Rossi", "Ferrari", "Russo", "Colombo", "D'Angelo")),
        "en": (("Emma", "Jack", "Olivia", "Harry", "Grace"), ("Smith", "Taylor", "Brown", "Walker", "Hughes", "O'Neill")),
        "de": (("Lena", "Jonas", "Marie", "Paul", "Jürgen"), ("Müller", "Schmidt", "Weber", "Wagner", "Krüger", "Groß")),
        "fr": (("Camille", "Hugo", "Léa", "Louis", "Zoé"), ("Martin", "Bernard", "Dubois", "Lefèvre", "Moreau", "Petit")),
        "es": (("Lucía", "Pablo", "Carmen", "Diego", "Begoña"), ("García", "Martínez", "López", "Muñoz", "Ruiz", "Peña")),
    }
)
_PHONES: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {"it": ("+39333", 7), "en": ("+447700", 6), "de": ("+49151", 8), "fr": ("+33639", 6), "es": ("+34612", 6)}
)
"""Prefix, and how many digits follow."""
_COUNTRY: Final = {"en": "GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One customer. `user_id` is WhatsApp's id of a person without a phone number."""

    name: str
    language: str
    phone: str
    email: str
    user_id: str
    order: str


def cast(count: int, rng: random.Random) -> list[Person]:
    """The people behind `count` contacts, one language after the other."""
    size = max(_FEWEST, count // MESSAGES_EACH)
    return [_person(LANGUAGES[number % len(LANGUAGES)], rng) for number in range(size)]


def _person(language: str, rng: random.Random) -> Person:
    first_names, last_names = _NAMES[language]
    first, last = rng.choice(first_names), rng.choice(last_names)
    prefix, digits = _PHONES[language]
    number = f"{rng.randrange(10**digits):0{digits}}"
    country = _COUNTRY.get(language, language.upper())
    return Person(
        name=f"{first} {last}",
        language=language,
        phone=prefix + number,
        # example.com is reserved for examples (RFC 2606), but a reader of addresses refuses it; .test passes.
        email=f"{_ascii(first)}.{_ascii(last)}.{number[-4:]}@{language}.demo.test",
        user_id=f"{country}.{rng.randrange(10**19, 10**20)}",
        order=f"{country}-{rng.randrange(1000, 9999)}",
    )


def _ascii(name: str) -> str:
    return "".join(letter for letter in normalize("NFKD", name.lower()) if "a" <= letter <= "z")
