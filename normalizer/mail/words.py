"""Encoded words (RFC 2047), as mailers write them rather than as the standard asks."""

import binascii
import quopri
import re
from typing import Final

from normalizer.mail.charsets import codec_of, decode

# Bounded in every direction, so that searching stays linear; real words are at most 75 characters, broken ones longer.
# The language suffix is RFC 2231's. Spaces inside a word are forbidden and common, also where a line was folded in it.
_WORD: Final = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?]{0,4000}|[^\s]{0,500}?)\?=")
_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/=]+")
_PADDING: Final = re.compile(rb"=+")


def decode_words(value: str) -> str:
    """The value with its encoded words decoded. What is no valid encoded word stays as it is; never raises.

    Neighbours of one character set are joined before decoding: mailers cut words within a character.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        label, between = word[1].lower(), value[end : word.start()]
        # Blanks between two words only keep them apart; after ordinary text they are text.
        between = "" if end and not between.strip() else between
        if between or label != charset:
            pieces += [_text(pending, charset), between]
            pending = b""
        pending, charset, end = pending + _bytes(word[2], word[3]), label, word.end()
    return "".join([*pieces, _text(pending, charset), value[end:]])


def _text(data: bytes, charset: str) -> str:
    if not data:
        return ""
    return decode(data, charset if codec_of(charset) else None)[0]


def _bytes(encoding: str, text: str) -> bytes:
    # Bytes above 127 have no place in a word; where they stand in one all the same, they were meant as they are.
    data = text.encode("utf-8", "replace")
    if encoding in "bB":
        return base64_bytes(data.replace(b" ", b""))
    return quopri.decodestring(data.replace(b"_", b" "), header=False)


def base64_bytes(data: bytes) -> bytes:
    """Base64 with whatever damage it has: foreign characters are skipped, each padded run is completed by itself, an odd
    rest is dropped, and lines of words, which list servers append, are left out."""
    try:
        return binascii.a2b_base64(data.translate(None, b"\r\n"), strict_mode=True)
    except binascii.Error:
        pass  # damaged, or with something between its lines: most is neither
    lines = (line.strip() for line in data.split(b"\n"))
    kept = _FOREIGN.sub(b"", b"".join(line for line in lines if not is_prose(line)))
    return b"".join(
        binascii.a2b_base64(run[: len(run) - (len(run) % 4 == 1)] + b"==") for run in _PADDING.split(kept) if len(run) > 1
    )


def is_prose(line: bytes) -> bool:
    """Whether blanks cut a line into words, rather than standing beside one long run of base64."""
    return b" " in line and 2 * max(map(len, _FOREIGN.split(line))) <= len(line)
