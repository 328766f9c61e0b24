"""All ways in which an address may be written down, to find it in bytes that nobody could read."""

import re
from collections.abc import Iterator
from typing import Final

import idna

from identity.handles import known_as
from normalizer.inbound import Handle

_SHORTEST: Final = 5
"""Characters of what is searched for: a shorter id is a part of too much else."""
_MEXICO: Final = re.compile(r"\+52(\d{10})")
_ARGENTINA: Final = re.compile(r"\+54(\d{10})")
_BRAZIL: Final = re.compile(r"\+55(\d\d)9([6-9]\d{7})")


def spellings(handle: Handle) -> frozenset[str]:
    """The address as it is known, as it was given, and as others may write it; a platform's id also without the account it
    carries. Phones without `+`. What is too short to be told from anything else is left out."""
    both = {handle.value, known_as(handle).value}
    match handle.kind:
        case "phone":
            found = {spelled.lstrip("+") for value in both for spelled in _phones(value)}
        case "email":
            found = {spelled for value in both for spelled in _emails(value)}
        case _:
            found = {spelled for value in both for spelled in _without_account(value)}
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def _phones(value: str) -> Iterator[str]:
    """`identity.handles` says where the variants come from; these are the ways back."""
    yield value
    if found := _MEXICO.fullmatch(value):
        yield f"+521{found[1]}"
    if found := _ARGENTINA.fullmatch(value):
        yield f"+549{found[1]}"
    if found := _BRAZIL.fullmatch(value):
        yield f"+55{found[1]}{found[2]}"


def _emails(value: str) -> Iterator[str]:
    yield value
    local, at, domain = value.rpartition("@")
    if "xn--" in domain:
        try:
            yield f"{local}{at}{idna.decode(domain)}"
        except idna.IDNAError:  # it only looks like one
            return


def _without_account(value: str) -> Iterator[str]:
    """`<account>:<id>`: providers send the id alone. Ids may hold colons themselves."""
    yield value
    while ":" in value:
        value = value.partition(":")[2]
        yield value
