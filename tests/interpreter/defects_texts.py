"""Interpreters that read texts wrongly, in one way each."""

import re
import unicodedata
from typing import Final

import re2

from tests.interpreter.interpreter import Interpreter


class CapitalsMatter(Interpreter):
    def lower(self, text: str) -> str:
        return text


class LowerIsEnough(Interpreter):
    """`ß` is not `ss`, and the final sigma is another letter."""

    def lower(self, text: str) -> str:
        return text.lower()


class AccentsMatter(Interpreter):
    def is_accent(self, one: str) -> bool:
        return False


class OnlyOurAccents(Interpreter):
    """Points of Hebrew and Arabic and signs of Hindi are no accents."""

    def is_accent(self, one: str) -> bool:
        return "\u0300" <= one <= "\u036f"


class FormsMatter(Interpreter):
    """`ﬁ` is not `fi`."""

    def decompose(self, text: str) -> str:
        return unicodedata.normalize("NFD", text)


class InvisibleMatters(Interpreter):
    """A soft hyphen parts words."""

    def is_invisible(self, one: str) -> bool:
        return False


class UnderlinesBelong(Interpreter):
    """`_` is a letter, as in a pattern."""

    def is_of_a_word(self, one: str) -> bool:
        return one == "_" or super().is_of_a_word(one)


class WordsWithoutDigits(Interpreter):
    def is_of_a_word(self, one: str) -> bool:
        return one.isalpha()


class PhrasesInAnyOrder(Interpreter):
    def has_words(self, text: str, entry: str) -> bool:
        return set(self.split(entry)) <= set(self.split(text))


class WordsInside(Interpreter):
    """A word is found inside another, too."""

    def has_words(self, text: str, entry: str) -> bool:
        return " ".join(self.split(entry)) in " ".join(self.split(text))


class BeginsAnywhere(Interpreter):
    def begins(self, text: str, entry: str) -> bool:
        return self.has_characters(text, entry)


class BeginsExactly(Interpreter):
    def begins(self, text: str, entry: str) -> bool:
        return text.startswith(entry)


class MatchesFromTheStart(Interpreter):
    def has_pattern(self, text: str, pattern: str) -> bool:
        return re2.match(pattern, text) is not None


class PatternsWithoutCapitals(Interpreter):
    def has_pattern(self, text: str, pattern: str) -> bool:
        return super().has_pattern(text, "(?i)" + pattern)


class AllPartsOfAList(Interpreter):
    """`$name` is the text itself, not the list."""

    def entry(self, written: str) -> list[str]:
        return [written] if re.match(r"\$[a-z]", written) else super().entry(written)


class TwoDollars(Interpreter):
    """Two dollar signs stand for two."""

    def entry(self, written: str) -> list[str]:
        return [written] if written.startswith("$$") else super().entry(written)


TEXTS: Final[tuple[type[Interpreter], ...]] = (
    *(CapitalsMatter, LowerIsEnough, AccentsMatter, OnlyOurAccents, FormsMatter, InvisibleMatters, UnderlinesBelong),
    *(WordsWithoutDigits, PhrasesInAnyOrder, WordsInside, BeginsAnywhere, BeginsExactly, MatchesFromTheStart),
    *(PatternsWithoutCapitals, AllPartsOfAList, TwoDollars),
)
