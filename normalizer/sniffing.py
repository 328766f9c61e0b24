"""What a file is by its own bytes, so that nobody's word about it has to be believed.

`puremagic` knows hundreds of formats. The tables here go before it: programs and markup, which must never pass for
something else, and everyday recordings and photos it has no media type for. Source of the markup signatures and of the
bytes no text holds: WHATWG MIME Sniffing, sections 3 and 7.1.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import puremagic

UNKNOWN: Final = "application/octet-stream"
_LOOKED_AT: Final = 8_192

_WINDOWS: Final = "application/vnd.microsoft.portable-executable"
_SCRIPT: Final = "text/x-shellscript"
_PROGRAM_SIGNATURES: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"MZ": _WINDOWS,
        b"\x7fELF": "application/x-executable",
        **dict.fromkeys(
            (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"), "application/x-mach-binary"
        ),
        b"\xca\xfe\xba\xbe": "application/java-vm",
        b"dex\n": "application/vnd.android.dex",
        b"L\x00\x00\x00\x01\x14\x02\x00": "application/x-ms-shortcut",
        b"#!/": _SCRIPT,
        b"#! /": _SCRIPT,
    }
)
_COMMANDS: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?P<batch>@echo\s+(?:off|on)\b)|(?P<php><\?(?:php\b|=)))", re.IGNORECASE
)
PROGRAMS: Final = frozenset((*_PROGRAM_SIGNATURES.values(), "application/x-bat", "application/x-php", "text/x-python"))
"""Types of what a machine runs."""

_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta|img"
    rb"|object|embed|form|!--)(?=[\s>/]|(?<=--))",
    re.IGNORECASE,
)
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|!doctype\s+svg\b|svg[\s>/])", re.IGNORECASE)
_INSIDE_XML: Final = ((b"<svg", "image/svg+xml"), (b"<html", "application/xhtml+xml"))

_OTHER_SIGNATURES: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"ID3": "audio/mpeg",
        b"#!AMR": "audio/amr",
        b"OggS": "audio/ogg",
        b"PK\x03\x04": "application/zip",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/x-ole-storage",
    }
)
_BRANDS: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
        **dict.fromkeys((b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heif"),
        **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "), "video/mp4"),
    }
)
"""ISO/IEC 14496-12: the four letters behind `ftyp` say what a file of this family holds."""

_PACKED: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "application/zip": re.compile(
            r"application/(?:x-zip-compressed|epub\+zip|vnd\.oasis\.opendocument\.[a-z-]+"
            r"|vnd\.openxmlformats-officedocument\.[a-z.]+)"
        ),
        "application/x-ole-storage": re.compile(r"application/(?:msword|vnd\.ms-(?:excel|powerpoint|outlook))"),
    }
)
"""Containers, with the declared types that say what is packed in them."""

_SAME_BYTES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "image/heif": frozenset(("image/heic",)),
        "image/x-ms-bmp": frozenset(("image/bmp",)),
        "audio/wave": frozenset(("audio/wav", "audio/x-wav")),
        "audio/mp4": frozenset(("audio/x-m4a", "audio/m4a", "audio/aac")),
        "audio/mpeg": frozenset(("audio/mp3",)),
        "audio/ogg": frozenset(("audio/opus", "application/ogg", "video/ogg")),
        "video/mp4": frozenset(("audio/mp4", "audio/x-m4a", "audio/m4a", "video/x-m4v")),
        "video/webm": frozenset(("audio/webm",)),
        "video/3gpp": frozenset(("audio/3gpp",)),
        "application/xml": frozenset(("text/xml",)),
    }
)
"""Types whose bytes begin alike, or other names of the same: there the declared one is the better word."""

_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


def sniff(content: bytes, declared: str | None) -> str:
    """The media type by the file's own bytes, else as declared (without parameters), else `UNKNOWN`."""
    named, found = bare_type(declared), recognised(content)
    if not found or named in _SAME_BYTES.get(found, ()) or (found in _PACKED and _PACKED[found].fullmatch(named)):
        return named or UNKNOWN
    return found


def recognised(content: bytes) -> str:
    """The media type that the bytes alone give, or an empty string."""
    head = content[:_LOOKED_AT]
    found = _program(head) or _markup(head) or _other(head)
    if found or not head:
        return found
    try:
        guess: str = puremagic.from_string(head, mime=True)
    except puremagic.PureError:
        return ""
    return "" if guess == UNKNOWN else guess


def is_text(content: bytes) -> bool:
    """Whether these bytes are a text in some character set: none of the control bytes that no text file holds."""
    if content.startswith(_WIDE):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError:
            return False
    return not _BINARY.search(content)


def bare_type(declared: str | None) -> str:
    """A declared media type without its parameters, lower-cased; empty when there is none."""
    return (declared or "").partition(";")[0].strip().lower()


def _program(head: bytes) -> str:
    for signature, found in _PROGRAM_SIGNATURES.items():
        if head.startswith(signature):
            return found
    commands = _COMMANDS.match(head)
    if commands is None:
        return ""
    return "application/x-bat" if commands["batch"] else "application/x-php"


def _markup(head: bytes) -> str:
    if head.startswith(_WIDE):
        head = head.decode("utf-16", "replace").encode()
    if _XML.match(head):
        lower = head.lower()
        return next((found for tag, found in _INSIDE_XML if tag in lower), "application/xml")
    if found := _HTML.match(head):
        # A comment may stand before either.
        return "image/svg+xml" if found[0].endswith(b"--") and b"<svg" in head.lower() else "text/html"
    return ""


def _other(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    return next((found for signature, found in _OTHER_SIGNATURES.items() if head.startswith(signature)), "")
