"""Pages of long lists: each ends with a cursor, which says where the next one begins. Pure.

A cursor names the last thing that was shown, so that pages stay whole while new things come in at the top.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 200
"""Things a page may hold."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_SEPARATOR: Final = "\n"


class BadCursor(ValueError):
    """A cursor that no page gave."""

    def __init__(self) -> None:
        super().__init__("this cursor was not given by a page of this list: leave it out to begin anew")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`cursor` gives the next page; None on the last."""

    items: tuple[T, ...]
    cursor: str | None


def cursor_of(*parts: str | int) -> str:
    """An opaque text for the place of a thing."""
    return base64.urlsafe_b64encode(_SEPARATOR.join(map(str, parts)).encode()).decode().rstrip("=")


def parts_of(cursor: str, form: tuple[type[str] | type[int], ...]) -> list[str | int]:
    """What `cursor_of` was given. Raises `BadCursor`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise BadCursor from None
    parts = text.split(_SEPARATOR)
    if len(parts) != len(form) or "\0" in text:
        raise BadCursor
    if any(type_ is int and not _NUMBER.fullmatch(part) for part, type_ in zip(parts, form, strict=True)):
        raise BadCursor
    return [int(part) if type_ is int else part for part, type_ in zip(parts, form, strict=True)]
