"""Addresses that nobody has, each given out once: phone numbers of seven countries and mailboxes below `.example`."""

import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import idna

from bench.people_names import Name, plain

_PHONES: Final[Mapping[str, Callable[[random.Random], str]]] = MappingProxyType(
    {
        "IT": lambda rng: f"+393{rng.randrange(20, 99)}{rng.randrange(10**7):07d}",
        "ES": lambda rng: f"+346{rng.randrange(10**8):08d}",
        "DE": lambda rng: f"+4917{rng.randrange(10**8):08d}",
        "FR": lambda rng: f"+336{rng.randrange(10**8):08d}",
        "BR": lambda rng: f"+55{rng.randrange(11, 99)}9{rng.randrange(6, 10)}{rng.randrange(10**7):07d}",
        "MX": lambda rng: f"+52{rng.randrange(33, 99)}{rng.randrange(10**8):08d}",
        "AR": lambda rng: f"+54{rng.randrange(11, 39)}{rng.randrange(10**8):08d}",
    }
)
_DOMAINS: Final = ("gmail.example", "libero.example", "outlook.example", "yahoo.example", "icloud.example", "posta.example")
_DOMAIN_WEIGHTS: Final = (50, 12, 15, 10, 8, 5)
_UMLAUT: Final = "müller-post.example"
"""Mails have it as `xn--…`, people and accounts write it with its umlaut."""
_LISTED: Final = ("info", "office", "ufficio", "vendite", "amministrazione", "contatti", "ordini")
"""Each is a pattern of `identity.policy.SHARED`."""
_UNLISTED: Final = ("acquisti", "segreteria", "negozio", "magazzino", "reception")
_FORMS: Final[tuple[Callable[[Name], str], ...]] = (
    lambda one: one.local,
    lambda one: f"{plain(one.first)}{plain(one.last)}",
    lambda one: f"{plain(one.first)[0]}.{plain(one.last)}",
    lambda one: f"{plain(one.last)}.{plain(one.first)}",
)


class Addresses:
    """Gives out addresses. Which ones depends on `rng` alone."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()
        self._firms = 0

    def phone(self, country: str) -> str:
        """A mobile number in E.164, without the additions that some networks make."""
        return self._once(lambda: _PHONES[country](self._rng))

    def on_whatsapp(self, number: str, *, old: bool) -> str:
        """As WhatsApp writes it: Argentinian mobiles with a 9, and where it knows the number by its `old` spelling, Mexican
        ones with a 1 and Brazilian ones without their 9."""
        if number.startswith("+54"):
            return f"+549{number[3:]}"
        if old and number.startswith("+52"):
            return f"+521{number[3:]}"
        if old and (found := re.fullmatch(r"(\+55\d\d)9(\d{8})", number)):
            return found[1] + found[2]
        return number

    def email(self, name: Name, country: str) -> str:
        """A private mailbox whose name says whose it is; namesakes get a number."""
        umlaut = country == "DE" and self._rng.random() < 0.02  # noqa: PLR2004  # domains with umlauts are rare
        domain = _UMLAUT if umlaut else self._rng.choices(_DOMAINS, _DOMAIN_WEIGHTS)[0]
        local = self._rng.choice(_FORMS)(name)
        address = f"{local}@{domain}"
        while address in self._taken:
            address = f"{local}{self._rng.randrange(1, 1000)}@{domain}"
        self._taken.add(address)
        return address

    def post(self, *, listed: bool) -> str:
        """The mailbox of a firm, which a list of shared addresses knows or does not."""
        self._firms += 1
        return f"{self._rng.choice(_LISTED if listed else _UNLISTED)}@ditta{self._firms}.example"

    def in_mails(self, address: str) -> str:
        local, _, domain = address.partition("@")
        return f"{local}@{idna.encode(domain).decode()}"

    def _once(self, make: Callable[[], str]) -> str:
        address = make()
        while address in self._taken:
            address = make()
        self._taken.add(address)
        return address
