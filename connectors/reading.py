"""Reading a provider's JSON without trusting its types.

Two ways of asking. What a contact cannot do without (ids, the customer's words) is asked for strictly: another type
raises `Misshapen`, and that one element goes to quarantine. What only decorates (names, file types, page titles) is
a hint: another type counts as absent, since the untouched original is kept anyway.
"""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

MAX_IDENT: Final = 512
_IDENT: Final = re.compile(f"[^\x00-\x1f\x7f-\x9f]{{1,{MAX_IDENT}}}")
_MILLISECONDS_FROM: Final = 10**11
_LATEST: Final = 7_258_118_400
"""2200-01-01 in seconds: a later time is damage, and adding a reply window to it must not overflow."""
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?P<lone>[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_HEX_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_SHA256_BYTES: Final = 32


class Misshapen(ValueError):
    """An element is not of the documented form. The text says where and what was expected, never what was found."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")


def decode(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError for anything else, deep nesting included.

    A text cut inside an emoji leaves half a surrogate pair, which the strict reader refuses; it is read as U+FFFD, so
    that the other contacts of the request are not lost with it.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\u" not in body:
            raise
    return orjson.loads(_ESCAPE.sub(lambda found: r"\ufffd" if found["lone"] else found[0], body.decode("utf-8")))


def encode(value: Any) -> bytes | None:
    """Compact JSON, or None where the value is nested deeper than the writer goes."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None


class Part:
    """One JSON object, with the path it was found at for messages about it."""

    __slots__ = ("data", "path")

    def __init__(self, data: Mapping[str, Any], path: str = "") -> None:
        self.data = data
        self.path = path

    @classmethod
    def of(cls, value: Any, path: str) -> "Part":
        """`value` as an object. Raises `Misshapen`."""
        if not isinstance(value, dict):
            raise Misshapen(path, "an object")
        return cls(value, path)

    def at(self, key: str) -> str:
        """The path of what stands at `key`."""
        return f"{self.path}.{key}" if self.path else key

    def part(self, key: str) -> "Part":
        """The object at `key`. Raises `Misshapen`."""
        return Part.of(self.data.get(key), self.at(key))

    def text(self, key: str) -> str:
        """The string at `key`. Raises `Misshapen`."""
        value = self.data.get(key)
        if not isinstance(value, str):
            raise Misshapen(self.at(key), "a string")
        return value

    def ident(self, key: str) -> str:
        """The id or word at `key`: 1 to 512 characters without control characters. Raises `Misshapen`."""
        value = self.text(key)
        if not _IDENT.fullmatch(value):
            raise Misshapen(self.at(key), f"1 to {MAX_IDENT} characters without control characters")
        return value

    def optional_ident(self, key: str) -> str | None:
        """The id at `key`; None when there is no string, or an empty one. Raises `Misshapen` for a string that is no id."""
        return self.ident(key) if self.hint(key) else None

    def optional_text(self, key: str) -> str | None:
        """The string at `key`; None when it is missing, null or empty. Raises `Misshapen` for another type."""
        return None if self.data.get(key) is None else self.text(key) or None

    def array(self, key: str) -> list[Any]:
        """The array at `key`. Raises `Misshapen`."""
        value = self.data.get(key)
        if not isinstance(value, list):
            raise Misshapen(self.at(key), "an array")
        return value

    def number(self, key: str) -> float:
        """The finite number at `key`. Raises `Misshapen`."""
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Misshapen(self.at(key), "a number")
        return float(value)

    def hint(self, key: str) -> str | None:
        """The string at `key`, None when there is none."""
        value = self.data.get(key)
        return value if isinstance(value, str) and value else None

    def whole(self, key: str) -> int | None:
        """The integer at `key`, None when there is none."""
        value = self.data.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def hints(self, key: str) -> "Part":
        """The object at `key`, an empty one when there is none."""
        value = self.data.get(key)
        return Part(value if isinstance(value, dict) else {}, self.at(key))

    def objects(self, key: str) -> list["Part"]:
        """The objects of the array at `key`; what is no object, or no array, is left out."""
        value = self.data.get(key)
        found = value if isinstance(value, list) else []
        return [Part(item, f"{self.at(key)}[{index}]") for index, item in enumerate(found) if isinstance(item, dict)]

    def flag(self, key: str) -> bool:
        return self.data.get(key) is True


def moment(value: Any) -> datetime | None:
    """A provider's time stamp as aware UTC: seconds or milliseconds, number or string of digits; None when it is neither.

    Meta mixes the units in both directions, so the size decides: from 10**11 on it is milliseconds.
    """
    number = _digits(value)
    if number is None or number <= 0:
        return None
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC) if seconds < _LATEST else None


def _digits(value: Any) -> int | float | None:
    if isinstance(value, str):
        return int(value) if len(value) <= len(str(_LATEST * 1000)) and value.isascii() and value.isdigit() else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def sha256_hex(value: str | None) -> str | None:
    """A SHA-256 given in hex or base64, as lower-case hex; None when it is neither."""
    if value is None:
        return None
    if _HEX_SHA256.fullmatch(value):
        return value.lower()
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == _SHA256_BYTES else None
