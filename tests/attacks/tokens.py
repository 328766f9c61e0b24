"""Words and numbers that stand for one person or one thing, so that they can be found again wherever they turn up.

Every person has a word in the name, another in the mail address, and digits of its own in all numbers and ids; every
text has a secret. So one pass over the bytes of an envelope tells all that it says, of whomever.
"""

import re
from collections.abc import Iterable
from string import ascii_lowercase
from typing import Final

_TOKEN: Final = re.compile(
    rb"[Vv]ax[a-z]{7}|mel[a-z]{7}|s7x[a-z]{9}|[0-9]{9,20}|t(?:ag|ier)-[a-z]{7}|(?:cus|con)_[0-9A-Z]{26}"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)


def tokens(text: bytes) -> set[bytes]:
    """Everything of that kind in a text, in lower case."""
    return {found.lower() for found in _TOKEN.findall(text)}


def tokens_of(texts: Iterable[str | None]) -> set[bytes]:
    return tokens("\n".join(text for text in texts if text).encode("utf-8", "replace"))


def letters(number: int, places: int) -> str:
    """A number as letters, so that a name can hold it."""
    found = ""
    for _ in range(places):
        number, digit = divmod(number, 26)
        found = ascii_lowercase[digit] + found
    return found
