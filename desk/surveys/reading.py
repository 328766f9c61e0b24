"""What a customer's words answer. Pure, and only what is unambiguous: a number or word of the question, alone or before a mark.

`4,5`, `2 problemi` and `a 5` answer nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desk.surveys.survey import HIGHEST, Question, Value
from router.fold import fold, words

_LONGEST: Final = 1_000
"""Characters of a contact that may hold a number or a word as an answer."""
LONGEST_WORDS: Final = 4_000
"""Characters that are kept of words; a longer contact is no answer but a letter."""

_STARS: Final = re.compile("([★⭐🌟])\\1*")
_KEYCAP: Final = re.compile("[\ufe0e\ufe0f\u20e3]")
_NUMBER: Final = re.compile(
    r"(?P<value>\d{1,2})(?:\s*(?:/|su|out of|of|von|sur|de)\s*5(?!\d))?"
    r"(?:\s*(?:stell[ae]|stars?|punt[oi]|points?)\b)?(?P<rest>.*)",
    re.DOTALL,
)
_ENDS: Final = re.compile(r"\s*(?:$|[.,;:!?)\n\u2026\u2014\u2013-](?!\d))")
"""What must follow an answer for it to be one: nothing more, or a mark that is not a decimal point."""
_NAMED: Final[Mapping[str, int]] = {
    **{word: number for number, word in enumerate(words("uno due tre quattro cinque"), 1)},
    **{word: number for number, word in enumerate(words("one two three four five"), 1)},
}
_YES_NO: Final[Mapping[str, str]] = {"si": "yes", "yes": "yes", "no": "no"}
_POLITE: Final = frozenset(words("grazie mille tante a voi te ciao saluti buona giornata thanks thank you many so much bye"))

_THANKS: Final = frozenset(words("grazie thanks thank"))


@dataclass(frozen=True, slots=True)
class Read:
    """An answer. `more`: something else than thanks stands beside it."""

    value: Value
    more: bool


def read(question: Question, text: str) -> Read | None:
    """What a text answers, or None where it does not."""
    text = text.strip()
    if question.kind == "words":
        return Read(text, more=False) if text and len(text) <= LONGEST_WORDS else None
    if len(text) > _LONGEST:
        return None
    folded = fold(_KEYCAP.sub("", text))
    return _number(question, folded) or _word(_words_of(question), folded)


def only_thanks(text: str) -> bool:
    """Whether it says thanks and nothing else."""
    said = words(text)
    return "?" not in text and _POLITE.issuperset(said) and not _THANKS.isdisjoint(said)


def _number(question: Question, text: str) -> Read | None:
    if question.kind == "yes_no":
        return None
    if question.kind == "scale" and (stars := _STARS.match(text)) is not None:
        return _read(len(stars.group()), text[stars.end() :]) if len(stars.group()) <= HIGHEST else None
    found = _NUMBER.fullmatch(text)
    numbered = dict(enumerate(question.options(""), 1))
    if found is None or int(found["value"]) not in numbered:
        return None
    return _read(numbered[int(found["value"])], found["rest"])


def _word(meanings: Mapping[str, Value], text: str) -> Read | None:
    """The longest first: `very bad` is not `very`."""
    for said in sorted(meanings, key=len, reverse=True):
        if text.startswith(said) and (read := _read(meanings[said], text[len(said) :])) is not None:
            return read
    return None


def _words_of(question: Question) -> dict[str, Value]:
    """Folded words to what they answer; a word that stands for two things stands for none."""
    if question.kind == "yes_no":
        return dict(_YES_NO)
    named: list[tuple[str, Value]] = []
    if question.kind == "scale":
        named += _NAMED.items()
        named += [(fold(label), number) for labels in question.labels.values() for number, label in enumerate(labels, 1)]
    else:
        named += [(fold(label), name) for name, labels in question.choices.items() for label in (name, *labels.values())]
    meant: dict[str, set[Value]] = {}
    for said, value in named:
        meant.setdefault(said, set()).add(value)
    return {said: next(iter(values)) for said, values in meant.items() if said and len(values) == 1}


def _read(value: Value, rest: str) -> Read | None:
    said = words(rest)
    if _POLITE.issuperset(said) and not rest[:1].isalnum():
        return Read(value, more="?" in rest)
    return Read(value, more=True) if _ENDS.match(rest) else None
