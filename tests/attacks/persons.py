"""People of one sequence: what they are called, what they write from, and what of them nobody else may see."""

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

import idna

from normalizer.inbound import Handle
from tests.attacks.tokens import letters, tokens_of

MAX_PERSONS: Final = 10
_GIVEN: Final = ("Anna", "Marco", "Giulia", "Luca", "Chiara", "Matteo", "Sara", "Karl", "Kevin", "Nicolò")
_PROVIDERS: Final = (*("posta.test", "mail.test", "libero.test") * 3, "bücher.test", "casa-straße.test")
"""Two of them are written in two ways."""
_NICKNAMES: Final = 0.01
"""Of the times that somebody gives a name, it is one that no other channel knows."""


@dataclass(kw_only=True, eq=False)
class Person:
    """`cluster` is the name under which everything of this person is kept. `phone` as channels give it; `spellings` are all
    ways to write that number, `next_phone` another that the person may change to, `private_email` an address that the
    person types and strangers do not know."""

    cluster: str
    given: str
    surname: str
    email: str
    private_email: str
    phone: str
    spellings: tuple[str, ...]
    next_phone: str
    user: str
    app_user: str
    tier: str
    tags: tuple[str, ...]
    stranger: bool
    provider: str = field(init=False)

    def __post_init__(self) -> None:
        self.provider = self.email.rpartition("@")[2]

    @property
    def name(self) -> str:
        return f"{self.given} {self.surname}"

    @property
    def handles(self) -> tuple[Handle, ...]:
        """What a platform or a proof may say is this person's, in every spelling."""
        mails = (self.email, self.private_email)
        verified = [
            *(("phone", spelling) for spelling in self.spellings),
            ("phone", self.next_phone),
            ("whatsapp_user", f"{PHONE_NUMBER_ID}:{self.user}"),
            *(("email", address) for mail in mails for address in (mail, in_ascii(mail))),
            ("app_user", f"shop:{self.app_user}"),
        ]
        return tuple(Handle(kind, value, "verified") for kind, value in verified)

    @property
    def dialled(self) -> str:
        """The number as it is written today, in every form and token."""
        return self.spellings[0] if self.phone.startswith("+52") else self.spellings[-1]

    @property
    def private(self) -> tuple[str, str]:
        """The address that no stranger knows, in both spellings."""
        return self.private_email, in_ascii(self.private_email)

    @property
    def tokens(self) -> set[bytes]:
        """What tells of this person without anybody having said it."""
        said = (self.surname, self.email, self.private_email, *self.spellings, self.next_phone, self.user, self.app_user)
        return tokens_of((*said, self.tier, *self.tags))

    def shown_name(self, rng: Random) -> str | None:
        """The name as one channel has it: whole, a part, with slips, or none."""
        if rng.random() < _NICKNAMES:
            return "Capitano Nemo"
        return rng.choice(
            (self.name, self.name, self.given, f"{self.surname} {self.given}", f"{self.given[0]}. {self.surname}", None)
        )


PHONE_NUMBER_ID: Final = "106540352242922"


def person(sequence: int, place: int, rng: Random, *, stranger: bool) -> Person:
    """The person at one place of one sequence: no other has anything in common with it but the given name."""
    number = sequence * MAX_PERSONS + place
    phone, spellings = _phone(number, rng)
    given = rng.choice(_GIVEN)
    provider = rng.choice(_PROVIDERS)
    return Person(
        cluster=f"{sequence}/{'stranger' if stranger else 'honest'}{place}",
        given=given,
        surname=f"Vax{letters(number, 7)}",
        email=f"{_ascii(given)}.mel{letters(number, 7)}@{provider}",
        private_email=f"mel{letters(number + 20_000_000, 7)}@{provider}",
        phone=phone,
        spellings=spellings,
        next_phone=f"+3934{number:08}",
        user=f"IT.9{number:013}",
        app_user=f"8{number:010}",
        tier=f"tier-{letters(number, 7)}",
        tags=(f"tag-{letters(number, 7)}",),
        stranger=stranger,
    )


def in_ascii(address: str) -> str:
    """The address with its domain as DNS has it (IDNA 2008)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{_in_dns(domain)}"


@cache
def _in_dns(domain: str) -> str:
    return idna.encode(domain).decode()


def _ascii(given: str) -> str:
    return given.lower().encode("ascii", "ignore").decode()


def _phone(number: int, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A mobile number, most often of Italy, and its other spellings."""
    country = rng.choice(("it", "it", "it", "mx", "ar", "br"))
    if country == "it":
        return (one := f"+3933{number:08}"), (one,)
    if country == "mx":
        bare = f"55{number:08}"
        pair = (f"+52{bare}", f"+521{bare}")
    elif country == "ar":
        bare = f"11{number:08}"
        pair = (f"+54{bare}", f"+549{bare}")
    else:
        bare = f"{6 + number // 10_000_000:01}{number % 10_000_000:07}"
        pair = (f"+5511{bare}", f"+55119{bare}")
    return rng.choice(pair), pair
