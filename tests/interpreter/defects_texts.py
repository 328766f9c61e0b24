"""Interpreters that read texts wrongly, in one way each."""

import re
import unicodedata
from typing import Final

import re2

from tests.interpreter.known import AsItIs


class CapitalsMatter(AsItIs):
    def lower(self, text: str) -> str:
        return text


class LowerIsEnough(AsItIs):
    """`ß` is not `ss`, and the final sigma is another letter."""

    def lower(self, text: str) -> str:
        return text.lower()


class AccentsMatter(AsItIs):
    def is_accent(self, one: str) -> bool:
        return False


class OnlyOurAccents(AsItIs):
    """Points of Hebrew and Arabic and signs of Hindi are no accents."""

    def is_accent(self, one: str) -> bool:
        return "\u0300" <= one <= "\u036f"


class FormsMatter(AsItIs):
    """`ﬁ` is not `fi`."""

    def decompose(self, text: str) -> str:
        return unicodedata.normalize("NFD", text)


class InvisibleMatters(AsItIs):
    """A soft hyphen parts words."""

    def is_invisible(self, one: str) -> bool:
        return False


class UnderlinesBelong(AsItIs):
    """`_` is a letter, as in a pattern."""

    def is_of_a_word(self, one: str) -> bool:
        return one == "_" or super().is_of_a_word(one)


class WordsWithoutDigits(AsItIs):
    def is_of_a_word(self, one: str) -> bool:
        return one.isalpha()


class PhrasesInAnyOrder(AsItIs):
    def has_words(self, text: str, entry: str) -> bool:
        return set(self.split(entry)) <= set(self.split(text))


class WordsInside(AsItIs):
    """A word is found inside another, too."""

    def has_words(self, text: str, entry: str) -> bool:
        return " ".join(self.split(entry)) in " ".join(self.split(text))


class BeginsAnywhere(AsItIs):
    def begins(self, text: str, entry: str) -> bool:
        return self.has_characters(text, entry)


class BeginsExactly(AsItIs):
    def begins(self, text: str, entry: str) -> bool:
        return text.startswith(entry)


class MatchesFromTheStart(AsItIs):
    def has_pattern(self, text: str, pattern: str) -> bool:
        return re2.match(pattern, text) is not None


class PatternsWithoutCapitals(AsItIs):
    def has_pattern(self, text: str, pattern: str) -> bool:
        return super().has_pattern(text, "(?i)" + pattern)


class AllPartsOfAList(AsItIs):
    """`$name` is the text itself, not the list."""

    def entry(self, written: str) -> list[str]:
        return [written] if re.match(r"\$[a-z]", written) else super().entry(written)


class TwoDollars(AsItIs):
    """Two dollar signs stand for two."""

    def entry(self, written: str) -> list[str]:
        return [written] if written.startswith("$$") else super().entry(written)


TEXTS: Final[tuple[type[AsItIs], ...]] = (
    *(CapitalsMatter, LowerIsEnough, AccentsMatter, OnlyOurAccents, FormsMatter, InvisibleMatters, UnderlinesBelong),
    *(WordsWithoutDigits, PhrasesInAnyOrder, WordsInside, BeginsAnywhere, BeginsExactly, MatchesFromTheStart),
    *(PatternsWithoutCapitals, AllPartsOfAList, TwoDollars),
)
