"""Whether a contact asks something, so that somebody must see it. Pure, and in doubt it does.

Words are those of all languages at once: a customer's language is a guess, and what is taken for a question wrongly is only
read by a person.
"""

import re
from itertools import pairwise
from typing import Final

from router.fold import words

_MARKS: Final = re.compile("[?¿\u061f\uff1f]")
_NUMBER: Final = re.compile(r"\d{4}")
"""An order, a telephone number, a tracking code: it is about something."""

_FIRST: Final = frozenset(
    words("""
    come cosa quando dove perché chi quale quali quanto quanta quanti quante
    posso potrei possiamo puoi può potete potreste
    how what when where why who which whose can could may would will do does did is are am
    """)
)
"""At the beginning of a contact or of a sentence."""
_ANYWHERE: Final = frozenset(
    words("""
    vorrei voglio volevo chiedo chiedere sapere aiuto urgente serve servono servirebbe reso resi rotto rotta rotti rotte
    aspetto attendo nessuno invece errato errata errore fattura avvocato
    help please need want wonder asking urgent lawyer waiting still nobody wrong call invoice late
    """)
)
_STEMS: Final = tuple(
    words("""
    aiutatem aiutam rimbors reclam problem difett dannegg guast sbagliat manca mancat richiam aspettand annull disdi disdett
    mandate mandami inviatem inviam speditem sostitu restitu cambio cambiar rispedi ritard
    broke damag defect refund return complain cancel replac missing issue exchang
    """)
)
"""Beginnings of words that say that something is wanted or wrong."""
_NEGATIONS: Final = frozenset(
    words("non mai neanche nemmeno not never cannot doesn didn isn wasn hasn haven couldn doesnt didnt isnt")
)
_THANKS: Final = frozenset(words("grazie mille tante"))
_SENTENCE: Final = re.compile(r"[.!;:\n\u2026]+")


def asks(text: str) -> bool:
    """Whether it holds a question mark, begins a sentence as questions do, says that something is wanted, is wrong or is not,
    or names a number of four digits or more."""
    if _MARKS.search(text) or _NUMBER.search(text):
        return True
    sentences = [said for sentence in _SENTENCE.split(text) if (said := words(sentence))]
    return any(said[0] in _FIRST or _wants(said) for said in sentences)


def _wants(said: list[str]) -> bool:
    """`ancora` is "still", but "again" behind thanks."""
    still = any(word == "ancora" and before not in _THANKS for before, word in pairwise(("", *said)))
    return still or any(word in _ANYWHERE or word in _NEGATIONS or word.startswith(_STEMS) for word in said)
