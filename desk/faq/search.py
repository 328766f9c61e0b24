"""Search as one types: whole words and beginnings of words without case and accents, and near ones of what is misspelt.

Everything is in memory and takes a few milliseconds for hundreds of articles. Words that say little because most articles
have them count less (inverse document frequency: Spärck Jones, 1972).
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from desk.faq.words import SAY_NOTHING
from normalizer.advice import Language
from router.fold import words

LONGEST: Final = 300
"""Characters of a query that are looked at."""
_MOST_WORDS: Final = 12
_MOST_BEGINNINGS: Final = 200
"""Words that a beginning may stand for: one letter would stand for hundreds."""
_MISSPELT: Final = 2
"""Words of a query that are compared with all there are."""
_NEAR: Final = 4
"""Letters from which on a word may be a misspelt one."""
_LONG: Final = 7
"""Letters from which on an English word may end like a verb."""
_LIKE: Final = 0.7
_CUT: Final = 0.12
"""What scores less than this part of the best is no answer."""
_WHOLE, _STEM, _BEGINNING, _MISSPELT_WORTH = 1.0, 0.9, 0.5, 0.6
_TITLE, _TAG, _SUMMARY, _BODY = 8.0, 6.0, 3.0, 1.0


class Searchable(Protocol):
    """What an article has for the search."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def words(self) -> str: ...


class Index:
    """Of articles in one language; they are known by their number."""

    def __init__(self, articles: Sequence[Searchable], language: Language) -> None:
        self._language = language
        self._count = len(articles)
        self._places: defaultdict[str, dict[int, float]] = defaultdict(dict)
        """Word to the articles that have it, each with the weight of the best place."""
        for number, article in enumerate(articles):
            for weight, text in _texts(article):
                for word in words(text):
                    here = self._places[word]
                    here[number] = max(weight, here.get(number, 0.0))
        self._words = sorted(self._places)
        self._stems: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            self._stems[stem(word, language)].append(word)

    def search(self, query: str, limit: int) -> list[int]:
        """Numbers of the articles that answer it, the best first; of equal ones in their order."""
        asked = self._asked(query)
        scores: defaultdict[int, float] = defaultdict(float)
        hits: defaultdict[int, float] = defaultdict(float)
        """How many words of the query an article has, those in its body for a part only."""
        compared = 0
        for word in asked:
            found = dict(self._meant(word))
            if not found and compared < _MISSPELT:
                compared += 1
                found = dict(self._near(word))
            best = self._best(found)
            rare = math.log(1 + self._count / len(best)) if best else 0.0
            for number, score in best.items():
                scores[number] += score * rare
                hits[number] += math.sqrt(score / _TITLE)
        total = {number: score * (hits[number] / len(asked)) ** 1.5 for number, score in scores.items()}
        least = max(total.values(), default=0.0) * _CUT
        ranked = sorted((-score, number) for number, score in total.items() if score >= least)
        return [number for _, number in ranked[:limit]]

    def _asked(self, query: str) -> list[str]:
        """The words of a query that say something; all where none does."""
        given = list(dict.fromkeys(words(query[:LONGEST])))
        telling = [word for word in given if word not in SAY_NOTHING[self._language]]
        return (telling or given)[:_MOST_WORDS]

    def _meant(self, word: str) -> Iterator[tuple[str, float]]:
        """Words that it stands for, each with what a hit of it is worth; what comes later is worth more."""
        for other in islice(self._beginning(word), _MOST_BEGINNINGS):
            yield other, _BEGINNING + (_STEM - _BEGINNING) * len(word) / len(other)
        for other in self._stems.get(stem(word, self._language), ()):
            yield other, _STEM
        if word in self._places:
            yield word, _WHOLE

    def _beginning(self, word: str) -> Iterator[str]:
        for place in range(bisect_left(self._words, word), len(self._words)):
            if not self._words[place].startswith(word):
                return
            yield self._words[place]

    def _near(self, word: str) -> Iterator[tuple[str, float]]:
        if len(word) < _NEAR:
            return
        like = process.extract(word, self._words, scorer=OSA.normalized_similarity, score_cutoff=_LIKE, limit=3)
        for other, similarity, _ in like:
            yield other, _MISSPELT_WORTH * similarity

    def _best(self, found: Mapping[str, float]) -> dict[int, float]:
        """The articles that have one of these words, each with its best."""
        best: dict[int, float] = {}
        for word, worth in found.items():
            for number, weight in self._places[word].items():
                best[number] = max(best.get(number, 0.0), worth * weight)
        return best


def stem(word: str, language: Language) -> str:
    """The word without its ending: `resi` and `reso`, `pacchi` and `pacco`, `returns` and `returning` are one."""
    if len(word) < _NEAR:
        return word
    if language == "it":
        return word.rstrip("aeio").removesuffix("h") or word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) >= _LONG and word.endswith(("ing", "ed")):
        return word.removesuffix("ing").removesuffix("ed")
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _texts(article: Searchable) -> Iterator[tuple[float, str]]:
    yield _TITLE, article.title
    yield _TAG, " ".join(article.tags)
    yield _SUMMARY, article.summary
    yield _BODY, article.words
