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

_END: Final = re.compile(rb"\r?\n\r?\n")
_ODD: Final = re.compile(rb"\x00|\r(?!\n)")
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_NEXT: Final = re.compile(rb"\n(?![ \t])")
_FIELD: Final = re.compile(rb"([!-9;-~]+)([ \t]*):")
_PROVING: Final = ("from", "authentication-results")


def ambiguous(raw: bytes, taken: Callable[[str], Sequence[str]]) -> bool:
    """Whether From or Authentication-Results may be something else to another reader of these bytes.

    `taken` gives the values the parser has of a field, by its lower-case name, with their folding.
    """
    end = _END.search(raw)
    head = raw[: end.end()] if end else raw
    if len(head) > _LARGEST or _ODD.search(head) or (b"\r\n" in head and _BARE_LF.search(head)):
        return True
    seen: dict[str, list[str]] = {name: [] for name in _PROVING}
    for number, line in enumerate(_NEXT.split(head.rstrip(b"\r\n"))):
        field = _FIELD.match(line)
        if field is None:
            if number == 0 and line.startswith(b"From ") and b"\n" not in line:  # of an mbox file
                continue
            return True
        name, value = field[1].decode("ascii").lower(), line[field.end() :]
        if name not in seen:
            continue
        # The blank that RFC 5322, 4.5 allows before the colon hides a field from some readers.
        if field[2] or (name == "from" and len(value) > _LONGEST_FROM):
            return True
        seen[name].append(value.decode("ascii", "surrogateescape").strip("\r\n"))
    return any(list(taken(name)) != values for name, values in seen.items())
