"""Addresses in bytes that nobody could read: which rows of quarantine and signals hold one of a customer's."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from identity.spellings import spellings
from normalizer.inbound import Handle

_BEFORE: Final = rb"(?:(?<![a-z0-9._%+-])|(?<=%[0-9a-f]{2})|(?<=\\[nrt])|(?<=\\u[0-9a-f]{4}))"
_AFTER: Final = rb"(?![a-z0-9_-]|\.[a-z0-9])"
"""An address stands by itself, and is no part of another: `joanna@example.it` is not Anna's. Escapes of URLs and of JSON
stand for characters that separate."""
_NO_DIGIT: Final = (rb"(?<![0-9])", rb"(?![0-9])")


@dataclass(frozen=True, slots=True)
class Address:
    """`until_ms`: when it ceased to be the customer's, in milliseconds since 1970; what came later is somebody else's."""

    handle: Handle
    until_ms: int | None = None


class Search:
    """Looks for addresses. Letters count the same in both cases."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._wanted = [(found, one.until_ms) for one in addresses for found in _patterns(one.handle)]

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def holds(self, raw: bytes, received_ms: int) -> bool:
        """Whether the bytes, which came in at this time, hold one of the addresses."""
        lowered = raw.lower()
        return any(
            needle in lowered and pattern.search(lowered) is not None
            for (needle, pattern), until_ms in self._wanted
            if until_ms is None or received_ms <= until_ms
        )


def _patterns(handle: Handle) -> Collection[tuple[bytes, re.Pattern[bytes]]]:
    """What to look for quickly, and what to be sure by."""
    before, after = _NO_DIGIT if handle.kind == "phone" else (_BEFORE, _AFTER)
    needles = {written for one in spellings(handle) for written in _written(one)}
    return [(needle, re.compile(before + re.escape(needle) + after)) for needle in sorted(needles)]


def _written(value: str) -> Iterable[bytes]:
    """In UTF-8, in a URL and in JSON."""
    for text in (value, quote(value, safe=""), quote(value, safe="@"), json.dumps(value)[1:-1]):
        yield text.encode("utf-8", "replace").lower()
