"""Whether two names may be one person's. Pure.

Families share phones and surnames, so the question is not how similar two names look but whether each word of the
shorter one is in the other.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

_WORD: Final = re.compile(r"[^\W\d_]+")
_USERNAME: Final = re.compile(r"\S*[\d_@]\S*")
_FULL_NAME: Final = 2
"""Words that make a name somebody's and not just a first name."""
_TYPO_FROM: Final = 5
"""Letters a word must have before one wrong letter is taken for a slip."""


def alike(one: str | None, other: str | None) -> bool:
    """Both are names, and every word of the shorter is in the longer one, but for initials and single slips."""
    first, second = sorted((words(one), words(other)), key=len)
    return bool(first) and all(any(_same(word, each) for each in second) for word in first)


def clash(one: str | None, other: str | None) -> bool:
    """Both are names, and not one person's."""
    return bool(words(one) and words(other)) and not alike(one, other)


def full(name: str | None) -> str | None:
    """A key that is the same for all spellings of a name of at least two words, whatever their order; None for others."""
    found = words(name)
    return " ".join(sorted(found)) if len(found) >= _FULL_NAME else None


@lru_cache(maxsize=4096)
def words(name: str | None) -> tuple[str, ...]:
    """The words of a name without case and accents. What has digits is a user name, and nobody's."""
    if name is None or _USERNAME.fullmatch(name.strip()):
        return ()
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return tuple(dict.fromkeys(_WORD.findall(plain)))


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    if 1 in (len(one), len(other)):
        return one[0] == other[0]
    # Maria and Mario, Andrea and Andreas are two people: a slip at the end of a word is not taken for one.
    long_enough = min(len(one), len(other)) >= _TYPO_FROM
    return long_enough and one[-1] == other[-1] and OSA.distance(one, other, score_cutoff=1) <= 1
