"""What several contacts have in common besides an address: order numbers, words, names. Pure: digests, never the texts."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Reason = Literal["same_order", "same_words", "similar_name"]

DAY_MS: Final = 86_400_000
REPEAT_WORDS: Final = 3
"""Words that make a text worth knowing again when the same customer writes it."""
_STRANGERS_WORDS: Final = 8
"""The same between strangers: short texts are alike by chance."""
_LONGEST: Final = 8_000
"""Characters of a text that are looked at."""
_SHORTEST_ORDER: Final = 4
CLAIM: Final = "claim"
"""The reason of a mention that is an address somebody only typed: who looks for it finds them, and it makes no pair."""
TYPED: Final = ("email", "phone")
"""Kinds of addresses that people type, and look for others by. An id of a platform or of a browser is none."""
_WORD: Final = re.compile(r"\w+")
MOST: Final[Mapping[Reason, int]] = MappingProxyType({"same_order": 4, "same_words": 2, "similar_name": 3})
"""Others who may have said the same for it to mean anything: prefilled texts and common names are everybody's."""
HASH: Final = 32
"""Hexadecimal digits of what a key holds of a text."""
KEPT: Final = 8
"""Links that are kept for one key, of proven ones and of claimed ones each: anybody makes as many claims as they like."""


@dataclass(frozen=True, slots=True)
class Mention:
    """`key` is what others are found by, `also` the key of the day before."""

    reason: Reason | Literal["claim"]
    key: str
    also: str | None = None


class _WithoutMarks(dict[int, int | None]):
    """For `str.translate`: what combines with the letter before it goes."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_MARKS: Final = _WithoutMarks()


def others(reason: Reason, proven: Collection[str], claimed: Collection[str], *, is_proven: bool) -> frozenset[str]:
    """Which of those who said the same may be who says it now, in a contact that `is_proven` or only claims its address.
    `proven` are those who said it by a proven link, `claimed` by a claim. What claims say never keeps two proven ones from each
    other; with claims a pair is made only while all together are few."""
    everybody = frozenset((*proven, *claimed))
    if len(everybody) <= MOST[reason]:
        return everybody
    few = len(frozenset(proven)) <= MOST[reason]
    return frozenset(proven) if is_proven and few else frozenset()


def split(text: str | None) -> list[str]:
    """The words of a text without case, accents and marks."""
    if not text:
        return []
    plain = text[:_LONGEST].casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).translate(_MARKS)
    return _WORD.findall(plain)


def digest(words: Sequence[str], least: int) -> str:
    """To know words again by; empty where there are fewer than `least`."""
    return _hash(" ".join(words)) if len(words) >= least else ""


def orders(space: str, numbers: Iterable[str]) -> Iterable[Mention]:
    for number in numbers:
        plain = "".join(c for c in number.casefold() if c.isalnum())
        if len(plain) >= _SHORTEST_ORDER and len(set(plain)) > 1:
            yield Mention("same_order", _hash(f"{space}\x1forder\x1f{plain}"))


def claim(handle_key: str) -> Mention:
    """That somebody typed an address, by its key as a claim."""
    return Mention(CLAIM, _hash(f"claim\x1f{handle_key}"))


def texts(space: str, words: Sequence[str], at_ms: int) -> Iterable[Mention]:
    if found := digest(words, _STRANGERS_WORDS):
        day = at_ms // DAY_MS
        # The day stands in front, so that what is written lies together: a key anywhere among millions costs a page of its own.
        plain = _hash(f"{space}\x1fwords\x1f{found}")
        yield Mention("same_words", *(f"{each:06d}{plain}" for each in (day, day - 1)))


def name(space: str, full: str | None) -> Iterable[Mention]:
    if full:
        yield Mention("similar_name", _hash(f"{space}\x1fname\x1f{full}"))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=HASH // 2).hexdigest()
