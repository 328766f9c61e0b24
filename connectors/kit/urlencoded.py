"""Bodies of `application/x-www-form-urlencoded`: to the byte for signatures, as one object for readers.

Source: WHATWG URL Standard, "application/x-www-form-urlencoded".
"""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import parse_qsl

from connectors.base import Parsed
from connectors.kit.elements import Found, attempt, parsed, unreadable
from connectors.reading import Part

FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 1000
"""More are no form of a provider's: taking them apart costs more than sending them."""
PATH: Final = "form"


def pairs(body: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values in their order, exactly the bytes that were encoded. Raises ValueError for too many."""
    text = body.decode("utf-8", "surrogateescape")
    found = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_FIELDS)
    return [(name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")) for name, value in found]


def fields(body: bytes) -> dict[str, str]:
    """The first value of every name; what is no UTF-8 becomes U+FFFD. Raises ValueError for too many."""
    found: dict[str, str] = {}
    for name, value in pairs(body):
        found.setdefault(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return found


def read_form(body: bytes, content_type: str, read: Callable[[Part], Found | Iterable[Found]]) -> Parsed:
    """What a form says that is one event. Nothing is raised for what arrives."""
    try:
        form = Part(fields(body), PATH)
    except ValueError:
        detail = f"more than {MAX_FIELDS} fields"
        return parsed([unreadable(body, detail, reason="undecodable", content_type=content_type)])
    return parsed(attempt(lambda: read(form), body, PATH, content_type))
