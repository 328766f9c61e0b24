"""Whether a contact asks something, so that somebody must see it. Pure, and in doubt it does.

Words are those of all languages at once: a customer's language is a guess, and what is taken for a question wrongly is only
read by a person.
"""

import re
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
    vorrei voglio volevo chiedo chiedere sapere aiuto aiutatemi aiutami urgente serve servirebbe rimborso rimborsi reso reclamo
    avvocato aspetto attendo ancora nessuno rotto rotta guasto sbagliato sbagliata annullare disdire richiamatemi
    help please need want wonder asking urgent refund return complaint lawyer waiting still nobody broken wrong cancel call
    """)
)
_SENTENCE: Final = re.compile(r"[.!;:\n\u2026]+")


def asks(text: str) -> bool:
    """Whether it holds a question mark, begins a sentence as questions do, says that something is wanted or wrong, or names a
    number of four digits or more."""
    if _MARKS.search(text) or _NUMBER.search(text):
        return True
    sentences = [words(sentence) for sentence in _SENTENCE.split(text)]
    return any(said[0] in _FIRST for said in sentences if said) or any(_ANYWHERE.intersection(said) for said in sentences)
