# ruff: noqa: RUF001 - look-alike characters are the point
"""How text is folded before it is compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fold import fold, phrase, words

WORDS = [
    ("Vorrei un RIMBORSO!", ["vorrei", "un", "rimborso"]),
    ("perché, però: così", ["perche", "pero", "cosi"]),
    ("dov’è l'ordine_n°5?", ["dov", "e", "l", "ordine", "n", "5"]),
    ("Straße ﬁne Œuvre", ["strasse", "fine", "œuvre"]),
    ("İSTANBUL Iğdır", ["istanbul", "igdır"]),
    ("½ kg – 3µm", ["1", "2", "kg", "3μm"]),
    ("zero\u200bwidth rim\u00adborso \ufeffbom", ["zero", "width", "rimborso", "bom"]),
    ("Привет, ёлка", ["привет", "елка"]),
    ("हिन्दी में", ["हिनदी", "में"]),
    ("返品したい", ["返品したい"]),
    ("😀 ok\n\tok2", ["ok", "ok2"]),
    ("\ud800 x\0y", ["x", "y"]),
    ("…", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_phrase_has_a_space_on_each_side() -> None:
    assert phrase(["non", "arrivato"]) == " non arrivato "


def test_folded_text_keeps_its_punctuation() -> None:
    assert fold("Re: È l’ORDINE IT-22?") == "re: e l’ordine it-22?"
    assert fold("RE: IT-22_x") == "re: it-22_x"


def _plainly(text: str) -> list[str]:
    """The definition, character by character and without any short cut."""
    kept = ""
    for char in unicodedata.normalize("NFKD", text).casefold():
        category = unicodedata.category(char)
        if unicodedata.combining(char) or (category == "Cf" and char != "\u200b"):
            continue
        kept += char if category[0] in "LNM" else " "
    return kept.split()


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aB1 _é'ßÀµ½’\u0301\u00ad")), max_size=30))
def test_words_are_as_defined(text: str) -> None:
    assert words(text) == _plainly(text)
