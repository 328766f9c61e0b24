"""Names, types and ids that others chose, made safe to store, compare and send: every channel's go through here."""

import re
from hashlib import sha256
from typing import Final

from normalizer.inbound import Handle

ID_LIMIT: Final = 998
"""Longest id kept, in characters: one line of RFC 5322, for Message-IDs are the longest ones seen."""
HANDLE_LIMIT: Final = 320
"""Longest handle kept, in characters: the longest e-mail address (RFC 3696, erratum 1690)."""
_ROOM: Final = 98
"""What the digest of a longer one takes the place of."""

_MAX_BYTES: Final = 255
_MAX_ENDING: Final = 16
_MAX_TYPE: Final = 255

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSAFE: Final = re.compile('[\x00-\x1f\x7f-\x9f<>:"|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,127}"
_TYPE: Final = re.compile(rf"({_WORD}/{_WORD})((?:[ \t]?;[ \t]?{_WORD}=(?:{_WORD}|\"[ !#-\[\]-~]{{0,127}}\"))*)")


def filename(name: str) -> str | None:
    """The last component of a path, without control, overriding and reserved characters or leading dots, at most 255
    bytes of UTF-8. The ending survives the cut. Nothing left gives None.
    """
    name = re.split(r"[/\\]", name)[-1]
    name = " ".join(_UNSAFE.sub("_", name).split()).lstrip(". ").rstrip(". ")
    stem, dot, ending = name.rpartition(".")
    tail = f".{ending}" if dot and len(ending.encode()) <= _MAX_ENDING else ""
    head = (stem if tail else name).encode()[: _MAX_BYTES - len(tail.encode())]
    return (head.decode("utf-8", "ignore") + tail).strip() or None


def media_type(value: str) -> str | None:
    """A media type (RFC 9110, section 8.3.1), type and subtype in lower case; None for what is none.

    Parameters that are not well-formed go, the type stays.
    """
    found = _TYPE.fullmatch(value.strip(" \t")) or _TYPE.fullmatch(value.partition(";")[0].strip(" \t"))
    if found is None:
        return None
    return f"{found[1].lower()}{found[2]}" if len(found[0]) <= _MAX_TYPE else None


def identifier(value: str, limit: int = ID_LIMIT) -> str:
    """An id without control characters and lone surrogates. One that is longer than `limit` characters becomes its
    beginning and the SHA-256 of the whole, so that two different ones stay different; so does one that is nothing else.
    """
    cleaned = _CONTROLS.sub("", value)
    if value and not cleaned.strip():
        return _digest(value)
    return cleaned if len(cleaned) <= limit else cleaned[: limit - _ROOM] + _digest(value)


def handle(given: Handle) -> Handle:
    """The same handle with its kind and value made safe."""
    return Handle(identifier(given.kind, HANDLE_LIMIT), identifier(given.value, HANDLE_LIMIT), given.proof)


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
