"""Reading values of a provider's JSON: time stamps, digests, damaged text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.reading import decode, encode, moment, sha256_hex

AT = datetime(2026, 1, 1, tzinfo=UTC)
HEX = "a4b4cd04c8694262fd8d0a5e030995e896f67ac05767e0b60318e4a89353b61c"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1767225600", AT),
        (1767225600, AT),
        (1767225600.0, AT),
        ("1767225600000", AT),
        (1767225600500, AT.replace(microsecond=500_000)),
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (10**11 - 1, None),
        ("0", None),
        (-5, None),
        ("", None),
        ("1_767_225_600", None),
        ("+1767225600", None),
        ("١٧٦٧٢٢٥٦٠٠", None),
        ("9" * 5000, None),
        (1e300, None),
        (2**63, None),
        (True, None),
        (None, None),
        ([], None),
        ("2026-01-01T00:00:00Z", None),
    ],
)
def test_moment(value: Any, expected: datetime | None) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HEX, HEX),
        (HEX.upper(), HEX),
        ("pLTNBMhpQmL9jQpeAwmV6Jb2esBXZ+C2AxjkqJNTthw=", HEX),
        ("pLTNBMhp", None),
        ("not base64 at all", None),
        ("è", None),
        ("", None),
        (None, None),
    ],
)
def test_sha256_hex(value: str | None, expected: str | None) -> None:
    assert sha256_hex(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud83c\udf73"', "🍳"),
        (rb'"\ud83c"', "\ufffd"),
        (rb'"\udf73 \\ud83c \ud83c"', "\ufffd \\ud83c \ufffd"),
        (rb'"\ud83c\ud83c\udf73"', "\ufffd🍳"),
        (rb'"\\\ud83c"', "\\\ufffd"),
        (rb'"\uD83C\n"', "\ufffd\n"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(text: bytes, expected: str) -> None:
    assert decode(text) == expected


@pytest.mark.parametrize(
    "text", [b"", b"\xff", rb'"\ud83c', b"NaN", b"[1,]", b"[" * 2000, rb'["\ud83c", NaN]', b'\xff"\\u0041"']
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text)


def test_what_nests_too_deep_is_not_written() -> None:
    assert encode({"a": [1, "è"]}) == '{"a":[1,"è"]}'.encode()
    assert encode(decode(b"[" * 500 + b"]" * 500)) is None
