"""Words and numbers that stand for one person or one thing, so that they can be found again wherever they turn up.

Every person has a word in the name, another in the mail address, and digits of its own in all numbers and ids; every
text has a secret. So one pass over the bytes of an envelope tells all that it says, of whomever.
"""

import re
from collections.abc import Iterable
from string import ascii_lowercase
from typing import Final

_TOKEN: Final = re.compile(
    rb"vax[a-z]{7}|mel[a-z]{7}|s7x[a-z]{9}|[0-9]{9,20}|t(?:ag|ier)-[a-z]{7}|c(?:us|on)_[0-9a-z]{26}"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_WORD: Final = re.compile(rb"[a-z0-9_-]{9,}")
"""Every token is one, and stands by itself."""


def tokens(text: bytes) -> set[bytes]:
    """All tokens in a text, in lower case."""
    return set(_TOKEN.findall(text.lower()))


def tokens_of(texts: Iterable[str | None]) -> set[bytes]:
    return tokens("\n".join(text for text in texts if text).encode("utf-8", "replace"))


def words(document: bytes) -> list[bytes]:
    """What may be tokens in a JSON document: several times faster than to look for these alone."""
    return _WORD.findall(document.replace(b"\\n", b" ").replace(b"\\t", b" ").replace(b"\\r", b" ").lower())


def letters(number: int, places: int) -> str:
    """A number as letters, so that a name can hold it."""
    found = ""
    for _ in range(places):
        number, digit = divmod(number, 26)
        found = ascii_lowercase[digit] + found
    return found
