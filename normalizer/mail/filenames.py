"""Names of attached files, in all the ways mailers write them, made safe."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from normalizer.mail.charsets import decode
from normalizer.mail.headers import one_line
from normalizer.mail.source import Part
from normalizer.names import filename as safe_filename

_PARAMETER: Final = re.compile(
    r""";[\s;]{0,50}([A-Za-z]{1,20})(?:\*(\d{1,3}))?(\*)?\s{0,10}=\s{0,10}(?:"((?:[^"\\]|\\.){0,4000})"?|([^;"]{0,4000}))"""
)
_TAGGED: Final = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)


def filename(part: Part) -> str | None:
    """The name from Content-Disposition, else from Content-Type: RFC 2231 with continuations, RFC 2047, raw bytes."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        value = part.header(header)
        if value and (name := _parameter(value, parameter)) and (name := safe_filename(name)):
            return name
    return None


def _parameter(value: str, wanted: str) -> str | None:
    plain: str | None = None
    sections: dict[int, tuple[str, bool]] = {}
    for name, number, extended, quoted, bare in _PARAMETER.findall(value):
        if name.lower() != wanted:
            continue
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted and not re.match(r"[A-Za-z]:\\", quoted) else quoted or bare.strip()
        if number or extended:
            sections.setdefault(int(number or 0), (text, bool(extended)))
        elif plain is None:
            plain = text
    if sections:
        return _joined(sections)
    return one_line(plain) if plain else None


def _joined(sections: dict[int, tuple[str, bool]]) -> str | None:
    """RFC 2231: sections in the order of their numbers up to the first gap, percent-encoded where starred."""
    charset: str | None = None
    data = b""
    for number in range(len(sections)):
        text, extended = sections.get(number, ("", False))
        if number == 0 and extended and (tagged := _TAGGED.fullmatch(text)):
            charset, text = tagged.groups()
        data += unquote_to_bytes(text) if extended else text.encode("utf-8", "replace")
    return one_line(decode(data, charset)[0])
