"""What the edits are made with."""

import re
from collections.abc import Callable
from random import Random
from typing import TypeAlias

Edit: TypeAlias = Callable[[Random, bytes], bytes]
"""A mail with one kind of damage."""

_HEADER = re.compile(rb"^([!-9;-~]+):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n", re.MULTILINE)


def span(chance: Random, raw: bytes) -> tuple[int, int]:
    """Where a chunk begins and ends: often short, seldom up to a third of the mail."""
    start = chance.randrange(len(raw) + 1)
    longest = max(1, chance.choice((8, 80, 800, len(raw) // 3)))
    return start, min(len(raw), start + chance.randint(1, longest))


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Header with its last line end, and body with the blank line."""
    end = re.search(rb"\r?\n\r?\n", raw)
    return (raw, b"") if end is None else (raw[: end.start()] + b"\r\n", b"\r\n" + raw[end.end() :])


def a_header(chance: Random, raw: bytes) -> re.Match[bytes] | None:
    """One of the mail's own header fields, whole."""
    found = list(_HEADER.finditer(split(raw)[0]))
    return chance.choice(found) if found else None


def set_header(raw: bytes, name: bytes, value: bytes) -> bytes:
    """The mail with this field instead of its own."""
    head, body = split(raw)
    rest = _HEADER.sub(lambda found: b"" if found[1].lower() == name.lower() else found[0], head)
    return name + b": " + value + b"\r\n" + rest + body


def replace_some(chance: Random, pattern: bytes, raw: bytes, make: Callable[[re.Match[bytes]], bytes]) -> bytes:
    """What matches is replaced, each with a chance of two thirds."""
    return re.sub(pattern, lambda found: make(found) if chance.random() < 2 / 3 else found[0], raw, flags=re.IGNORECASE)
