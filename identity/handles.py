"""One person, one handle: the ways in which one address is written by different channels.

Only for telling who writes. An answer goes to the address as the channel gave it: some networks still route the other
spelling only.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import idna
import msgspec

from normalizer.inbound import Handle

_MEXICO: Final = re.compile(r"\+521(\d{10})")
"""Mobile numbers had a 1 after the country code until 2019; WhatsApp ids of before still have it."""
_ARGENTINA: Final = re.compile(r"\+549(\d{10})")
"""From abroad mobile numbers have a 9 after the country code, on WhatsApp too; in SMS they come without."""
_BRAZIL: Final = re.compile(r"\+55(\d\d)([6-9]\d{7})")
"""Mobile numbers got a 9 in front between 2012 and 2016; ids of before lack it. Landlines begin with 2 to 5."""
_DOTLESS: Final = ("gmail.com", "googlemail.com")


def known_as(handle: Handle) -> Handle:
    """The one spelling under which a handle is known."""
    spell = _SPELLINGS.get(handle.kind)
    return handle if spell is None else msgspec.structs.replace(handle, value=spell(handle.value))


def reaching(handle: Handle) -> str:
    """Kind and value in one spelling for all addresses that surely, or most likely, end at the same person: for limits, never
    for telling who writes. Of a mail address what stands behind a `+` is left out, and at Gmail the dots: whoever has the
    one has them all."""
    known = known_as(handle)
    if known.kind != "email":
        return f"{known.kind} {known.value}"
    local, _, domain = known.value.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", "") or local, _DOTLESS[0]
    return f"{known.kind} {local}@{domain}"


def _phone(value: str) -> str:
    """Source: the numbering plans of the three countries (ITU, communications of Mexico 2019, Argentina, Anatel 2012-2016)."""
    if found := _MEXICO.fullmatch(value):
        return f"+52{found[1]}"
    if found := _ARGENTINA.fullmatch(value):
        return f"+54{found[1]}"
    if found := _BRAZIL.fullmatch(value):
        return f"+55{found[1]}9{found[2]}"
    return value


def _email(value: str) -> str:
    """The domain as DNS has it (IDNA 2008), so that `müller.example` and `xn--mller-kva.example` are one, and `straße.example`
    is not `strasse.example`. The part before the @ stays as it is: whether `anna+shop` is `anna` is for her provider to say."""
    local, at, domain = value.rpartition("@")
    if domain.isascii():
        return f"{local}{at}{domain.lower()}"
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:  # no name that DNS could have
        return value


_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType({"phone": _phone, "email": _email})


def variants(handle: Handle) -> frozenset[str]:
    """Every value under which the same address may be stored."""
    known = known_as(handle).value
    return frozenset((handle.value, known, *(other(known) for other in _OTHERS.get(handle.kind, ()))))


def _long_phone(value: str) -> str:
    return _NEW_MEXICO.sub(r"+521\1", _NEW_ARGENTINA.sub(r"+549\1", _NEW_BRAZIL.sub(r"+55\1\2", value)))


def _unicode_email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}"
    except idna.IDNAError:
        return value


_NEW_MEXICO: Final = re.compile(r"\+52(\d{10})$")
_NEW_ARGENTINA: Final = re.compile(r"\+54(\d{10})$")
_NEW_BRAZIL: Final = re.compile(r"\+55(\d\d)9([6-9]\d{7})$")
"""The spellings that `_phone` gives, to find the others."""
_OTHERS: Final[Mapping[str, tuple[Callable[[str], str], ...]]] = MappingProxyType(
    {"phone": (_long_phone,), "email": (_unicode_email,)}
)
