"""What docs/rules.md says of words, capitals and accents, done letter by letter."""

import unicodedata
from collections.abc import Sequence

import re2

ZERO_WIDTH_SPACE = "\u200b"


class Texts:
    """The four operators that look into a text."""

    def __init__(self) -> None:
        self._folded: dict[str, str] = {}
        self._split: dict[str, list[str]] = {}

    def fold(self, text: str) -> str:
        """Capitals, accents and invisible characters taken away, compatible letters made alike."""
        if text not in self._folded:
            whole = self.decompose(self.lower(self.decompose(text)))
            self._folded[text] = "".join(one for one in whole if not self.is_accent(one) and not self.is_invisible(one))
        return self._folded[text]

    def decompose(self, text: str) -> str:
        return unicodedata.normalize("NFKD", text)

    def lower(self, text: str) -> str:
        return text.casefold()

    def is_accent(self, one: str) -> bool:
        return unicodedata.combining(one) != 0

    def is_invisible(self, one: str) -> bool:
        return unicodedata.category(one) == "Cf" and one != ZERO_WIDTH_SPACE

    def is_of_a_word(self, one: str) -> bool:
        """Letters, numbers and the signs that stand with them."""
        return unicodedata.category(one)[0] in "LNM"

    def split(self, text: str) -> list[str]:
        """The words of a text, folded."""
        if text not in self._split:
            spaced = "".join(one if self.is_of_a_word(one) else " " for one in self.fold(text))
            self._split[text] = spaced.split(" ")
            self._split[text] = [word for word in self._split[text] if word]
        return self._split[text]

    def has_words(self, text: str, entry: str) -> bool:
        """Whether the words of the entry follow one another in the text."""
        words, wanted = self.split(text), self.split(entry)
        return any(words[start : start + len(wanted)] == wanted for start in range(len(words)))

    def has_characters(self, text: str, entry: str) -> bool:
        return self.fold(entry) in self.fold(text)

    def begins(self, text: str, entry: str) -> bool:
        return self.fold(text).startswith(self.fold(entry))

    def has_pattern(self, text: str, pattern: str) -> bool:
        return re2.search(pattern, text) is not None

    def looks(self, operator: str, text: str, entries: Sequence[str]) -> bool:
        """One operator with its entries, of which one is enough."""
        how = {
            "words": self.has_words,
            "contains": self.has_characters,
            "starts_with": self.begins,
            "matches": self.has_pattern,
        }[operator]
        return any(how(text, entry) for entry in entries)
