"""The articles of one FAQ, as they stood when its folder was read. A library never changes: a new one takes its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desk.faq.search import Index
from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article in one language. `html` is clean; `words` are those of its body, without markup, for the search."""

    id: str
    language: Language
    title: str
    summary: str
    category: str
    tags: tuple[str, ...]
    html: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of the folder. `version` is the start of its hash; its type is what its bytes say."""

    path: Path
    content_type: str
    version: str


@dataclass(frozen=True, slots=True)
class Library:
    """`articles` by id and language, in the order of their files; `images` by their path in the folder."""

    languages: tuple[Language, ...]
    articles: Mapping[tuple[str, Language], Article]
    images: Mapping[str, Image]
    ids: frozenset[str] = field(init=False)
    _shown: Mapping[Language, tuple[Article, ...]] = field(init=False, repr=False)
    _indexes: Mapping[Language, Index] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = dict.fromkeys(id_ for id_, _ in self.articles)
        shown = {language: tuple(self._in(id_, language) for id_ in ids) for language in self.languages}
        object.__setattr__(self, "ids", frozenset(ids))
        object.__setattr__(self, "_shown", shown)
        object.__setattr__(self, "_indexes", {language: Index(found, language) for language, found in shown.items()})

    def find(self, id_: str, language: Language) -> Article | None:
        """An article in this language, or in the first one that it is written in."""
        return self._in(id_, language) if id_ in self.ids else None

    def listed(self, language: Language) -> Sequence[Article]:
        """All of them, each in this language where it is written in it."""
        return self._shown[language]

    def search(self, query: str, language: Language, limit: int) -> list[Article]:
        """Those that answer the query, the best first."""
        shown = self._shown[language]
        return [shown[number] for number in self._indexes[language].search(query, limit)]

    def _in(self, id_: str, language: Language) -> Article:
        wanted = (language, *self.languages)
        return next(found for one in wanted if (found := self.articles.get((id_, one))) is not None)
