"""What channels share: parts of long texts, and what is refused before a provider is asked."""

import pytest

from connectors.abilities import Limits
from connectors.kit.outbound import split


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("abc", ["abc"]),
        ("aaaa bbbb cccc", ["aaaa bbbb", "cccc"]),
        ("aaaa\nbbbbbb cc", ["aaaa", "bbbbbb cc"]),
        ("a" * 25, ["a" * 10, "a" * 10, "a" * 5]),
        ("a " + "b" * 12, ["a", "b" * 10, "bb"]),
        ("aaaaaaaaaa bbbbbbbbbb", ["aaaaaaaaaa", "bbbbbbbbbb"]),
        ("   ", []),
    ],
)
def test_texts_are_cut_between_words(text: str, pieces: list[str]) -> None:
    assert list(split(text, Limits(text=10))) == pieces


@pytest.mark.parametrize(
    ("limits", "text", "pieces"),
    [
        (Limits(text=4, unit="bytes"), "àèìòù", ["àè", "ìò", "ù"]),
        (Limits(text=3, unit="bytes"), "😀😀", ["😀", "😀"]),  # a character is never cut, even where it does not fit
        (Limits(text=4, unit="utf16"), "😀😀😀", ["😀😀", "😀"]),
        (Limits(text=9, unit="bytes"), "àà àà àà", ["àà àà", "àà"]),
    ],
)
def test_texts_are_measured_as_the_channel_counts(limits: Limits, text: str, pieces: list[str]) -> None:
    assert list(split(text, limits)) == pieces
