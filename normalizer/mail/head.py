"""The head of a mail a second time, as servers see it: a line ends at LF and nowhere else.

The standard library's parser ends a line at a lone CR as well, and ends the head at the first line that is no field. A
server that checked From may have looked at another one than that parser took.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

_LARGEST: Final = 1 << 20
"""Bytes of a head that are looked at: nothing is proved about a larger one."""
_LONGEST_FROM: Final = 2000
"""Bytes of a From as it came, folding and blanks included: whoever needs more hides something behind them."""

_ENVELOPE: Final = re.compile(rb"\AFrom (?![ \t]*:)[^\n]*\n(?![ \t])")
"""What begins a mail in an mbox file."""
_NO_FIELD: Final = re.compile(rb"^(?![!-9;-~]+[ \t]*:|(?<=\n)[ \t])", re.MULTILINE)
_PROVING: Final = re.compile(
    rb"^(from|authentication-results)([ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE | re.IGNORECASE
)
_NAMES: Final = ("from", "authentication-results")
_FOREIGN: Final = re.compile(rb"[\x80-\xff][^\s<>@]{0,64}@|@[^\s<>@]{0,253}[\x80-\xff]")


def ambiguous(head: bytes, taken: Callable[[str], Sequence[str]]) -> bool:
    """Whether From or Authentication-Results may be something else to another reader of this head.

    `head` goes up to the blank line and includes it; `taken` gives the values the parser has of a field, by its lower-case
    name, with their folding.
    """
    pairs = head.count(b"\r\n")
    if len(head) > _LARGEST or b"\0" in head or head.count(b"\r") != pairs or pairs not in (0, head.count(b"\n")):
        return True
    fields = _ENVELOPE.sub(b"", head).rstrip(b"\r\n")
    if _NO_FIELD.search(fields):
        return True
    seen: dict[str, list[str]] = {name: [] for name in _NAMES}
    for found in _PROVING.finditer(fields):
        name, value = found[1].decode("ascii").lower(), found[3]
        # The blank that RFC 5322, 4.5 allows before the colon hides a field from some readers.
        if found[2] or (name == "from" and _unlike(value)):
            return True
        seen[name].append(value.decode("ascii", "surrogateescape").strip("\r\n"))
    return any(list(taken(name)) != values for name, values in seen.items())


def _unlike(value: bytes) -> bool:
    """Whether a From is too long, or has an address in letters of which the character set must be guessed."""
    if len(value) > _LONGEST_FROM:
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return _FOREIGN.search(value) is not None
    return False
