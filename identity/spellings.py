"""All ways in which an address may be written down, to find it in bytes that nobody could read."""

from collections.abc import Iterator
from typing import Final

from identity.handles import variants
from normalizer.inbound import Handle

_SHORTEST: Final = 5
"""Characters of what is searched for: a shorter id is a part of too much else."""


def spellings(handle: Handle) -> frozenset[str]:
    """The address as it is known, as it was given, and as others may write it; a platform's id also without the account it
    carries. Phones without `+`. What is too short to be told from anything else is left out."""
    match handle.kind:
        case "phone":
            found = {spelled.lstrip("+") for spelled in variants(handle)}
        case "email":
            found = set(variants(handle))
        case _:
            found = {spelled for value in variants(handle) for spelled in _without_account(value)}
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def _without_account(value: str) -> Iterator[str]:
    """`<account>:<id>`: providers send the id alone. Ids may hold colons themselves."""
    yield value
    while ":" in value:
        value = value.partition(":")[2]
        yield value
