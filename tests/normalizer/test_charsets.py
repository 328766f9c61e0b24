"""Bytes to text: what mails say about their character set, and what is true."""

# ruff: noqa: RUF001  # the signs of many scripts are what this is about

import re
import time

import pytest

from normalizer.mail.charsets import decode

POLISH = "Źle zapakowane: stłukła się szklanka, ćwiartka też. Proszę o żółtą."
MIXED = "Première ligne.\nDeuxième : ".encode() + "café, thé".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        ("„Zgoda” – źle".encode("cp1250"), "iso-8859-2", "„Zgoda” – źle"),
        ("“Да” – нет".encode("cp1251"), "iso-8859-5", "“Да” – нет"),
        ("“Ναι”".encode("cp1253"), "iso-8859-7", "“Ναι”"),
        ("žlutý kůň".encode("iso-8859-2"), "iso-8859-2", "žlutý kůň"),
        (POLISH.encode("cp1250"), None, POLISH),
        (POLISH.encode("iso-8859-2"), None, POLISH),
        (POLISH.encode("cp1250"), "iso-8859-1", POLISH),
        (POLISH.encode("iso-8859-2"), "windows-1252", POLISH),
        (POLISH.encode("iso-8859-2"), "windows-1250", POLISH),
        ("5 m³, 20 °C ± 1, ¿cuándo? ¼ kg, œuvre".encode("cp1252"), "iso-8859-1", "5 m³, 20 °C ± 1, ¿cuándo? ¼ kg, œuvre"),
        ("André".encode("latin-1"), None, "André"),
        ("I’m – sorry".encode("cp1252"), "utf-8", "I’m – sorry"),
        (MIXED, "utf-8", "Première ligne.\nDeuxième : café, thé"),
        (MIXED, None, "Première ligne.\nDeuxième : café, thé"),
        ("日本語".encode()[:-1], "utf-8", "日本\ufffd"),
        ("①ふた㈱髙".encode("cp932"), "shift_jis", "①ふた㈱髙"),
        (b"\x1b$B-!$U$?\x1b(B ok", "iso-2022-jp", "①ふた ok"),
        (b"\x1b$B-!$U$?\x1b(B ok", "cp50220", "①ふた ok"),
        (b"\x1b$B-!$U$?\x1b(B ok", "iso-2022-jp-ms", "①ふた ok"),
        (b"\x1b$B-!$U$?\x1b(B ok", None, "①ふた ok"),
        (b"\x1b(I1\x1b(B", "cp50221", "ｱ"),
        ("Grüße\r\n".encode("utf-16-le"), "utf-16", "Grüße\r\n"),
        ("Grüße\r\n".encode("utf-16-be"), "utf-16", "Grüße\r\n"),
        ("Grüße".encode("utf-16-le") + b"\r\n", "utf-16le", "Grüße"),
        ("Grüße".encode("utf-16"), None, "Grüße"),
        ("Grüße".encode(), "utf-16", "Grüße"),
        (b"", "utf-8", ""),
    ],
)
def test_decode(data: bytes, label: str | None, expected: str) -> None:
    assert decode(data, label)[0] == expected


@pytest.mark.parametrize("label", [None, "windows-1252", "iso-8859-1", "iso-8859-15", "utf-8", "us-ascii"])
@pytest.mark.parametrize(
    "text",
    [
        "La sœur de ma sœur",
        "Meilleurs vœux, ma sœur. L'œuvre, le nœud et le cœur.",
        "10 m³ oder 12 m³",
        "Volumen: 5dm³, 3m³ und 2cm³.",
        "x m³/h und 3m³b oder m³a",
        "nota¹, altra³ e poi¹",
        "10±5 a±b x±y und a¼b c¼d",
        "Größe m³a, n±m, p¿q",
        "¿cuándo? ¡ya! 1¹ e a³b",
    ],
)
def test_western_words_are_never_made_polish(text: str, label: str | None) -> None:
    data = text.encode("cp1252")
    expected = data.decode("iso-8859-15") if label == "iso-8859-15" and not re.search(rb"[\x80-\x9f]", data) else text
    assert decode(data, label)[0] == expected


HOSTILE = (
    b"\xe9" * 300_000,
    "é".encode() * 150_000 + b"\xe9" * 150_000,
    b"\xc3\xa9a\xe9" * 75_000,
    b"a\xb3a" * 100_000,
    b"\x1b$B!!\x1b(B" * 40_000,
    b"\x1b$B\x80" * 75_000,
    b"a\x00" * 150_000,
)


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "iso-8859-2", "iso-2022-jp", "utf-16"])
def test_hostile_bytes_take_bounded_time(label: str | None) -> None:
    started = time.perf_counter()
    for data in HOSTILE:
        decode(data, label)
    assert time.perf_counter() - started < 4
