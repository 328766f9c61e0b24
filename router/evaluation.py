"""One message while rules look at it: every text is folded once, however many rules ask."""

from collections.abc import Iterable

from router.expressions import Expressions
from router.fold import fold, phrase, words
from router.vocabulary import Facts

_BETWEEN = "\n"  # between the items of a list, so that no phrase matches across two of them


class Evaluation:
    """The facts of one message in the shapes in which conditions compare them, each made when first asked for.

    A fact that is missing, or is neither text nor a list, has no words and no texts.
    """

    __slots__ = (
        "_activation",
        "_encoded",
        "_expressions",
        "_folded",
        "_named",
        "_phrases",
        "expressions",
        "facts",
        "get",
        "held",
    )

    def __init__(self, facts: Facts, expressions: Expressions, named: Iterable[str]) -> None:
        self.facts = facts
        self.get = facts.get
        self.held: set[int] = set()
        """The numbers of the questions that the index answers with yes."""
        self.expressions: dict[int, bool | str] = {}
        """By its number, whether an expression holds, or why it could not be evaluated. Only those that were asked."""
        self._expressions = expressions
        self._named = named
        self._activation: object = None
        self._phrases: dict[str, str] = {}
        self._folded: dict[str, tuple[str, ...]] = {}
        self._encoded: dict[str, tuple[bytes, ...]] = {}

    def phrases(self, fact: str) -> str:
        """The folded words as one text, with a space around each."""
        found = self._phrases.get(fact)
        if found is None:
            found = self._phrases[fact] = _BETWEEN.join(phrase(words(text)) for text in self._texts(fact))
        return found

    def folded(self, fact: str) -> tuple[str, ...]:
        """The folded text, or that of each item of a list."""
        found = self._folded.get(fact)
        if found is None:
            found = self._folded[fact] = tuple(map(fold, self._texts(fact)))
        return found

    def encoded(self, fact: str) -> tuple[bytes, ...]:
        """The text as UTF-8, or that of each item of a list; what cannot be encoded becomes `?`."""
        found = self._encoded.get(fact)
        if found is None:
            found = self._encoded[fact] = tuple(text.encode("utf-8", "replace") for text in self._texts(fact))
        return found

    def activation(self) -> object:
        """The facts that any expression names, prepared for the expression language."""
        if self._activation is None:
            self._activation = self._expressions.activation(self.facts, self._named)
        return self._activation

    def _texts(self, fact: str) -> Iterable[str]:
        value = self.get(fact)
        if isinstance(value, str):
            return (value,)
        return value if isinstance(value, tuple | frozenset) else ()
