"""Personal data shown in part: as much as tells two customers apart, and no more."""

import re
from typing import Final

_DIGITS: Final = 3
_LETTER: Final = re.compile(r"\w", re.UNICODE)


def masked(value: str, kind: str) -> str:
    """`kind` is that of a handle (email, phone, …), or `name`, or `text` for what somebody wrote.

    `a…@example.it`, `+39…567`, `A. B.`; of a text its shape alone, so that long and short ones are told apart.
    """
    if not value:
        return ""
    if kind == "text":
        return _LETTER.sub("•", value)
    if kind == "name":
        return " ".join(f"{part[0]}." for part in value.split())
    local, at, domain = value.rpartition("@")
    if kind == "email" or at:
        return f"{local[:1] if len(local) > 1 else ''}…@{domain}"
    return f"{value[:_DIGITS]}…{value[-_DIGITS:]}" if len(value) > 3 * _DIGITS else f"{value[:1]}…"
