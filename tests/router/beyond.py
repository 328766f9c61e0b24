"""What the JSON Schema of rules files cannot know: kinds of mistakes that only the loader finds, by its words."""

import re
from typing import Final

_DECLARED: Final = r"(?:fields|hours|date|weekday|holiday)"

BEYOND: Final = {
    "a name that is declared nowhere": r": there is no"
    r" (?:queue or category|category|calendar|list|pattern|condition|field|template) '",
    "a field or calendar of a condition that is declared nowhere": rf"\.{_DECLARED}\.\w+: unknown condition",
    "a field or calendar of a test that is declared nowhere": rf"\.message\.{_DECLARED}(?:\.\w+)?: no message has this",
    "a text to look into that is declared nowhere": r"\.from(?:\[\d+\])?: there is no text '(?:fields|hours|weekday)\.",
    "the type of a field": r"fields\.\w+(?:\[\d+\])?: (?:must be|a \w+ is compared|is empty)",
    "a field that is no text": r"\.from(?:\[\d+\])?: is a (?:number|boolean|date) \(",
    "a name that is there twice": r": (?:\w+|rule) '[^']*' is (?:declared already|there already)",
    "a second default": r": default: there is a default already",
    "no default in any file": r": must have a default",
    "no file": r"^rules: there is no rules file$",
    "a day that is there twice": r": (?:names a day twice|\w{3} is there already)",
    "a fact that is there twice": r": is given twice$",
    "a range that ends before it begins": r": ends before it begins$",
    "a time that no clock shows": r": (?:no clock shows this time|is beyond all dates)",
    "calendars in several zones": r": needs an offset, as the calendars have several",
    "what leads to itself": r": (?:list|condition) '[^']*' leads (?:to itself|through more)",
    "what is nested too deep": r": conditions are nested deeper than",
    "what names come to": r": with this, names stand for too many",
    "a pattern": r": (?:is no RE2 pattern|matches the empty text)",
    "an expression": r"\.expr: (?!must be text|is empty)",
    "signs beyond ASCII": r": (?:is made of signs that are not compared|has no letter or digit, so it is no word \(use)",
    "a warning before the time begins": r"\.warn: must be shorter than each",
    "a text where its list is used": r", as a\.yaml:\d+ uses it",
}
"""Each kind with the words the loader has for it."""

_KINDS: Final = {kind: re.compile(words) for kind, words in BEYOND.items()}


def kind_of(problem: str) -> str | None:
    """Which kind of mistake beyond the schema it is, if any."""
    return next((kind for kind, words in _KINDS.items() if words.search(problem)), None)
