"""What is wrong with rules, in the language of who reads it. The router says it in English, from closed lists of sentences.

Names, values, and what a library says of a pattern or an expression stay as they are.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from normalizer.advice import Language
from web.console.texts import problems_it, problems_it_hints
from web.console.texts.problems_it import Pairs

_FINDINGS: Final[Mapping[Language, Pairs]] = {"it": problems_it.FINDINGS, "en": ()}
_OTHERS: Final[Mapping[Language, Pairs]] = {"it": (*problems_it.PROBLEMS, *problems_it_hints.HINTS), "en": ()}
_OF_NAMES: Final = frozenset(english for english, _ in problems_it_hints.HINTS)
"""Sentences that name what stands in the files: a key called `text` is no noun."""
_NOUNS: Final[Mapping[Language, Mapping[str, str]]] = {"it": problems_it_hints.NOUNS, "en": {}}
_GAP: Final = "{}"


def in_language(text: str, language: Language) -> str:
    """A sentence of the router. One that is not on the list stays in English."""
    if noun := _NOUNS[language].get(text):
        return noun
    for english, pattern, said in _patterns(language):
        if found := pattern.fullmatch(text):
            parts = found.groups()
            return said.format(*(parts if english in _OF_NAMES else (in_language(part, language) for part in parts)))
    return text


@cache
def _patterns(language: Language) -> list[tuple[str, re.Pattern[str], str]]:
    """Findings in their order, as one stands inside another; of others those that say the most by themselves first, since what
    they say fits the shorter ones too."""
    most = sorted(_OTHERS[language], key=lambda pair: -len(pair[0].replace(_GAP, "")))
    return [(english, _pattern(english), said) for english, said in (*_FINDINGS[language], *most)]


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, english.split(_GAP))), re.DOTALL)
