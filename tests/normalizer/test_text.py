import time
import unicodedata

import pytest

from normalizer.text import CUT_MARK, LIMIT, clean, snippet

JOINED = "👩\u200d👩\u200d👧 \u0645\u06cc\u200c\u062e\u0648 \u200f\u05e9\u05dc"
"""Joiners of emoji and Persian, and a directional mark: parts of their scripts."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Ciao\r\nmondo\rqui\u2028là", "Ciao\nmondo\nqui\nlà"),
        ("\ufeffCiao\x00 a\x07 tutti\x7f\x9f", "Ciao a tutti"),
        ("prima\x85dopo\x0cpagina", "prima\ndopo\npagina"),
        ("tab\tresta", "tab\tresta"),
        ("perche\u0301", "perché"),
        ("rotto \ud83d qui \udc80", "rotto � qui �"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("spazi   \n\t \nfine \t", "spazi\n\nfine"),
        ("a\n\n\n\n\n\n\nb", "a\n\n\nb"),
        ("\n\n  rientro\n\n", "  rientro"),
        (JOINED, JOINED),
        ("", ""),
    ],
)
def test_clean(given: str, expected: str) -> None:
    assert clean(given) == expected
    assert clean(clean(given)) == clean(given)


def test_a_cut_text_says_so() -> None:
    cut = clean("parola " * LIMIT)
    assert len(cut) <= LIMIT
    assert cut.endswith(CUT_MARK)
    assert clean(cut) == cut
    assert clean("a" * LIMIT) == "a" * LIMIT


@pytest.mark.parametrize(
    "hostile",
    [
        "a" + "\u0301\u0323" * 200_000,  # quadratic in CPython's NFC
        "a" + " " * 400_000 + "b",
        "\n" * 400_000 + "x",
        "\u202e" * 400_000,
        "\r" * 400_000,
    ],
    ids=["marks", "spaces", "newlines", "overrides", "returns"],
)
def test_hostile_text_takes_linear_time(hostile: str) -> None:
    started = time.perf_counter()
    clean(hostile)
    assert time.perf_counter() - started < 2


def test_marks_of_real_scripts_stay() -> None:
    vietnamese = unicodedata.normalize("NFD", "Đặt hàng tiếng Việt")
    assert clean(vietnamese) == "Đặt hàng tiếng Việt"


@pytest.mark.parametrize(
    ("given", "limit", "expected"),
    [
        ("Vorrei un\n rimborso", 120, "Vorrei un rimborso"),
        ("uno due tre quattro", 12, "uno due tre…"),
        ("uno due tre quattro", 10, "uno due…"),
        ("parolalunghissima", 8, "parolal…"),
        ("", 5, ""),
    ],
)
def test_snippet(given: str, limit: int, expected: str) -> None:
    assert snippet(given, limit) == expected
    assert len(snippet(given, limit)) <= limit
