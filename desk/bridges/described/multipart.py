"""Bodies of several parts (RFC 7578)."""

from collections.abc import Iterable
from secrets import token_hex
from typing import Any

from desk.bridges.base import File


def multipart(fields: Iterable[tuple[str, Any]]) -> tuple[bytes, str]:
    """The body, and its content type. A file is sent as one; of a list each item is a field of that name."""
    boundary = token_hex(16)
    parts = [_part(boundary, name, item) for name, value in fields for item in (value if isinstance(value, list) else [value])]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, name: str, value: Any) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if not isinstance(value, File):
        return f"{head}\r\n\r\n{value}\r\n".encode()
    kind = "".join(letter for letter in value.content_type if " " <= letter <= "~")
    head = f'{head}; filename="{_quoted(value.filename)}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + value.content + b"\r\n"


def _quoted(text: str) -> str:
    """As browsers write names: what would end them is percent-encoded."""
    clean = "".join(letter for letter in text if letter >= " ")
    return clean.replace('"', "%22")
