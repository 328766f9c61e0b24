"""Customers and what they say: in five languages, with a word that decides the queue, each text unmistakable."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

LANGUAGES: Final = ("it", "en", "de", "fr", "es")

_TEXTS: Final = {
    "it": {
        "returns": "Buongiorno, vorrei un rimborso per la padella arrivata graffiata.",
        "warranty": "Il coperchio si è crepato dopo un mese: vale la garanzia?",
        "delivery": "Il pacco doveva arrivare lunedì e non c'è ancora.",
        "general": "Siete aperti anche il sabato mattina? Grazie 🙂",
        "recovery": "Non ha risposto nessuno, adesso scrive il mio avvocato.",
    },
    "en": {
        "returns": "Hello, the pan came scratched and I would like a refund.",
        "warranty": "The lid cracked after a month, is that under warranty?",
        "delivery": "My parcel should have been here on Monday.",
        "general": "Are you open on Saturday morning too?",
        "recovery": "Nobody answers me, so my lawyer will write to you.",
    },
    "de": {
        "returns": "Guten Tag, die Pfanne ist zerkratzt, ich möchte die Rückgabe.",
        "warranty": "Der Deckel ist gesprungen. Gilt da die Garantie?",
        "delivery": "Das Paket sollte am Montag kommen und fehlt noch.",
        "general": "Haben Sie auch am Samstag geöffnet?",
        "recovery": "Es antwortet niemand, jetzt schreibt mein Anwalt.",
    },
    "fr": {
        "returns": "Bonjour, la poêle est rayée, je voudrais un remboursement.",
        "warranty": "Le couvercle s'est fêlé, la garantie joue-t-elle ?",
        "delivery": "Le colis devait arriver lundi, il n'est pas là.",
        "general": "Êtes-vous ouverts aussi le samedi matin ?",
        "recovery": "Personne ne répond, mon avocat va vous écrire.",
    },
    "es": {
        "returns": "Hola, la sartén llegó rayada y quiero la devolución.",
        "warranty": "La tapa se rompió al mes, ¿lo cubre la garantía?",
        "delivery": "El envío debía llegar el lunes y aún no está.",
        "general": "¿Abren también el sábado por la mañana?",
        "recovery": "Nadie contesta, ahora escribirá mi abogado.",
    },
}
_NAMES: Final = ("Anna Bianchi", "Zoë Müller", "José Núñez", "Renée Dupré", "John O'Neill", "Łukasz Żak", "李雷", "Ólafur")


@dataclass(frozen=True)
class Said:
    text: str
    queue: str
    copies: tuple[str, ...]


class Words:
    """Texts by chance. The marker stands at the end in brackets, where no rule looks."""

    def __init__(self, chance: random.Random) -> None:
        self._random = chance

    def say(self, language: str, marker: str) -> Said:
        queue = self._random.choices(("returns", "warranty", "delivery", "general", "recovery"), weights=(5, 4, 4, 4, 1))[0]
        text = _TEXTS[language][queue]
        copies: tuple[str, ...] = ()
        if self._random.random() < 0.08:
            text, copies = f"{text} (marketplace)", ("partners",)
        return Said(f"{text} [{marker}]", queue, copies)


@dataclass(frozen=True)
class Person:
    """A customer. On WhatsApp known by a phone number, a user id, or both; `user_in_from` as Meta has been seen to do."""

    name: str
    language: str
    phone: str | None
    user: str | None
    user_in_from: bool = False
    email: str = ""

    def identify(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """Name the sender in a message; the entry of `contacts` that goes with it."""
        contact: dict[str, Any] = {"profile": {"name": self.name}}
        if self.phone:
            item["from"] = contact["wa_id"] = self.phone
        if self.user:
            item["from" if self.user_in_from else "from_user_id"] = self.user
            contact["user_id"] = self.user
        return contact

    def handle(self, account: str) -> str:
        """The value of the handle an envelope must name."""
        return f"+{self.phone}" if self.phone else f"{account}:{self.user}"


def crowd(chance: random.Random, count: int) -> Sequence[Person]:
    """`count` customers: most have a phone number, some a user id beside it, some only a user id."""
    people = []
    for number in range(count):
        digits = f"39333{chance.randrange(10**6):06d}{number % 10}"
        sort = chance.choices(["phone", "both", "user", "user_in_from"], weights=[6, 2, 1, 1])[0]
        user = None if sort == "phone" else f"IT.{chance.randrange(10**16):016d}"
        phone = digits if sort in ("phone", "both") else None
        name, language = chance.choice(_NAMES), LANGUAGES[number % len(LANGUAGES)]
        email = f"customer{number}@example.{language}"
        people.append(Person(name, language, phone, user, sort == "user_in_from", email))
    return people
