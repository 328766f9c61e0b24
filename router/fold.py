"""Bringing text into the shape in which rules compare it: without case, accents and (for words) punctuation.

Words are runs of letters, digits and marks in the sense of Unicode; everything else separates them. Accents
(combining marks) and invisible format characters are dropped, so that "perché", "PERCHE" and "perche\u0301" are one.
"""

import re
import unicodedata
from typing import Final

_MEMO_LIMIT: Final = 8192
_ZERO_WIDTH_SPACE: Final = "\u200b"  # a format character that does separate words


class _Folded(dict[int, str]):
    """A table for `str.translate`, filled as characters are met and bounded, for any text may come.

    Decomposing, case folding and dropping marks can each be done character by character, so one table does all.
    """

    def __init__(self, *, words_only: bool) -> None:
        self._words_only = words_only

    def __missing__(self, code: int) -> str:
        folded = "".join(map(self._shown, unicodedata.normalize("NFKD", chr(code)).casefold()))
        if len(self) < _MEMO_LIMIT:
            self[code] = folded
        return folded

    def _shown(self, char: str) -> str:
        category = unicodedata.category(char)
        if unicodedata.combining(char) or (category == "Cf" and char != _ZERO_WIDTH_SPACE):
            return ""
        return " " if self._words_only and category[0] not in "LNM" else char


_FOLDED: Final = _Folded(words_only=False)
_WORDS: Final = _Folded(words_only=True)


class _Latin:
    """The same for texts that fit Latin-1 once their few other characters are folded: bytes are translated ten times faster. A
    character that does not become one byte is marked with a zero, and then the whole text goes the general way."""

    def __init__(self, table: _Folded) -> None:
        self._table = table
        folded = [table[code] for code in range(256)]
        self._bytes = b"".join(char.encode("latin-1") if len(char) == 1 and char <= "\xff" else b"\0" for char in folded)
        self._dropped = bytes(code for code, char in enumerate(folded) if not char)

    def fold(self, text: str) -> str:
        data = _latin(text) or _latin(_NOT_LATIN.sub(self._run, text))
        if data is not None and b"\0" not in (plain := data.translate(self._bytes, self._dropped)):
            return plain.decode("latin-1")
        return text.translate(self._table)

    def _run(self, match: re.Match[str]) -> str:
        return match.group().translate(self._table)


_NOT_LATIN: Final = re.compile("[^\x00-\xff]+")
_LATIN: Final = _Latin(_FOLDED)
_LATIN_WORDS: Final = _Latin(_WORDS)


def fold(text: str) -> str:
    """The text without case, accents and invisible characters; punctuation and spaces stay."""
    return text.lower() if text.isascii() else _LATIN.fold(text)


def words(text: str) -> list[str]:
    """The folded words in order."""
    return _LATIN_WORDS.fold(text).split()


def phrase(found: list[str]) -> str:
    """Words with one space before, between and after: a phrase stands in a text exactly where its `phrase` does."""
    return f" {' '.join(found)} "


def _latin(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None
