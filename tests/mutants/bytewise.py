"""Damage that knows nothing of mail: bits, bytes, chunks and line ends."""

from collections.abc import Mapping
from random import Random
from typing import Final

from tests.mutants.tools import Edit, span

_ODD: Final = (
    *(bytes([value]) for value in (*range(0x20), 0x7F, 0x80, 0x85, 0xA0, 0xFE, 0xFF)),
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n.\r\n",
    b"\xed\xa0\x80",  # half a surrogate pair in UTF-8
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xc0\x80",  # an overlong NUL
    "\u2028\u202e\u200b\ufeff\ufffe".encode(),
    b"\x1b$B",  # ISO-2022-JP begins, and does not end
    b"From ",
    b"--",
)


def flip(chance: Random, raw: bytes) -> bytes:
    """Some bits are turned over."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 4, 32, 256))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def delete(chance: Random, raw: bytes) -> bytes:
    start, end = span(chance, raw)
    return raw[:start] + raw[end:]


def duplicate(chance: Random, raw: bytes) -> bytes:
    """A chunk stands there several times."""
    start, end = span(chance, raw)
    return raw[:start] + raw[start:end] * chance.choice((2, 3, 30)) + raw[end:]


def swap(chance: Random, raw: bytes) -> bytes:
    """Two chunks change places."""
    a, b, c, d = sorted(chance.randrange(len(raw) + 1) for _ in range(4))
    return raw[:a] + raw[c:d] + raw[b:c] + raw[a:b] + raw[d:]


def truncate(chance: Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def insert(chance: Random, raw: bytes) -> bytes:
    """Control bytes and what no character set has, at any place."""
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + chance.choice(_ODD) * chance.choice((1, 1, 2, 500)) + raw[at:]
    return raw


def line_ends(chance: Random, raw: bytes) -> bytes:
    """Other line ends than CRLF, or several kinds in one mail."""
    kinds = (b"\n", b"\r", b"\r\r\n", b"\r\n", b"\n\r", b"\x0b", b"\xc2\x85")
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    if chance.random() < 0.6:
        return chance.choice(kinds).join(lines)
    return b"".join(line + chance.choice(kinds) for line in lines)


def long_lines(chance: Random, raw: bytes) -> bytes:
    """The text in one line, or a line of a megabyte in it."""
    if chance.random() < 0.5:
        head, blank, body = raw.partition(b"\r\n\r\n")
        return head + blank + body.replace(b"\r\n", chance.choice((b"", b" ", b"\t")))
    at = chance.randrange(len(raw) + 1)
    return (
        raw[:at] + chance.choice((b"a", b" ", b"=", b">", b"\t", b"- ", b"a b ")) * chance.choice((2_000, 300_000)) + raw[at:]
    )


BYTEWISE: Final[Mapping[str, Edit]] = {
    "flipped": flip,
    "deleted": delete,
    "duplicated": duplicate,
    "swapped": swap,
    "truncated": truncate,
    "control-bytes": insert,
    "line-ends": line_ends,
    "long-lines": long_lines,
}
