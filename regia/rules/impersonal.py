"""Texts of customers without what tells who they are, as far as a program can find it: for tests that are kept with rules.

What is replaced keeps its shape, so that a pattern of a rule finds it as before: digits become 0, letters of a code X.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.fold import fold

NAME: Final = "Nome"
ADDRESS: Final = "nome@example.com"

_MAIL: Final = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_LINK: Final = re.compile(r"(https?://[^\s/?#]+)[/?#]\S*", re.IGNORECASE)
_CODE: Final = re.compile(
    r"\b(?:[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}|[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z])\b", re.IGNORECASE
)
"""An IBAN (ISO 13616), or an Italian tax code (D.M. 23 December 1976, art. 2)."""
_NUMBER: Final = re.compile(r"\+?\d(?:[ ./()-]{0,2}\d){6,}")
"""A telephone or card number and their like: seven digits or more, with signs and blanks between them."""
_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 3
"""Letters of a name: shorter ones (`di`, `la`) are words of every text."""


@dataclass(frozen=True, slots=True)
class Names:
    """Who may be named in a text, folded: the words of their names and of their addresses."""

    words: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Names":
        """Of an envelope's `data`: the sender, by every name and address they have, and the contacts they sent."""
        sender, customer = data["sender"], data["customer"] or {}
        said = [sender["name"], customer.get("name"), *(one["name"] for one in data["contacts"])]
        addresses = [sender["handle"], *sender["aliases"], *sender["claims"]]
        said += [one["value"].partition("@")[0] for one in addresses]
        return cls(frozenset(_words(one for one in said if one)))

    def without(self, text: str) -> str:
        """The text with everything replaced that is an address, a number, a code, or one of the names."""
        text = _LINK.sub(r"\1/…", _MAIL.sub(ADDRESS, text))
        text = _NUMBER.sub(_shape, _CODE.sub(_shape, text))
        return _WORD.sub(lambda found: NAME if fold(found[0]) in self.words else found[0], text)


def _words(said: Iterable[str]) -> Iterable[str]:
    for text in said:
        for word in re.split(r"[\W\d_]+", text):
            if len(folded := fold(word)) >= _SHORTEST:
                yield folded


def _shape(found: re.Match[str]) -> str:
    return "".join("0" if char.isdigit() else "X" if char.isalpha() else char for char in found[0])
