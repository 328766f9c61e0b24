"""The standard library's MIME parser, kept within bounds: headers, parts and depth are limited while it parses.

Headers come out of it as plain unfolded strings. The library's own header objects raise on access for broken input,
also from within the parser, so `headers`, `addresses` and `params` read what is needed, each behind its own guard.
"""

import re
from email import errors
from email.message import MIMEPart
from email.parser import BytesFeedParser
from email.policy import EmailPolicy
from typing import Any, Final

from normalizer.mail.charsets import decode_header_bytes
from normalizer.mail.head import ambiguous
from normalizer.mail.model import MAX_DEPTH, MAX_HEADER, MAX_HEADERS, MAX_PARTS, Defect

_KEPT_BEYOND_THE_LIMIT: Final = frozenset(
    "from to cc subject date message-id in-reply-to references reply-to content-type content-transfer-encoding"  # noqa: SIM905  # lines read better than a column
    " content-disposition content-id auto-submitted return-path list-id".split()
)
"""Relays put kilobytes above what the sender wrote: these are still taken, once each, when the 64 KB are used up."""

_MAX_NAME: Final = 100

_OF_THE_HEAD: Final = (
    errors.FirstHeaderLineIsContinuationDefect,
    errors.InvalidHeaderDefect,
    errors.MalformedHeaderDefect,
    errors.MisplacedEnvelopeHeaderDefect,
    errors.MissingHeaderBodySeparatorDefect,
)

_FOLD = re.compile(r"[\r\n]+")

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
# `From : …` is obsolete and allowed (RFC 5322, 4.5); to the parser it is the beginning of the body.
_BLANK_BEFORE_COLON = re.compile(rb"^([!-9;-~]{1,60})[ \t]{1,20}:", re.MULTILINE)


class _TooManyParts(Exception):
    pass


class Part(MIMEPart):
    """One part of a mail while it is being parsed. The root counts parts and collects defects for the whole mail."""

    def __init__(self, policy: Any = None) -> None:
        super().__init__(policy=policy)
        self.depth = 0
        self.found: set[Defect] = set()
        self._size_of_headers = 0
        self._values: dict[str, list[str]] = {}

    @property
    def media_type(self) -> str:
        """Type and subtype as declared, lower-cased; `text/plain` when missing, as RFC 2045 says."""
        return str(super().get_content_type())

    def get_content_type(self) -> str:
        """What the parser acts on. An embedded mail is a leaf to it: its bytes stay exact, and nothing nests through it."""
        declared = self.media_type
        if declared.startswith("message/") or (declared.startswith("multipart/") and self.depth >= MAX_DEPTH):
            return "application/octet-stream"
        return declared

    def attach(self, payload: Any) -> None:
        payload.depth = self.depth + 1
        super().attach(payload)

    def set_raw(self, name: str, value: str) -> None:
        """Store a header as long as there is room (see `_KEPT_BEYOND_THE_LIMIT`)."""
        key = name.lower()
        self._size_of_headers += len(name) + len(value) + 4
        if self._size_of_headers > MAX_HEADERS:
            self.found.add("headers_cut")
            if key == "from" and key in self._values:
                self.found.add("several_from")
            if key not in _KEPT_BEYOND_THE_LIMIT or key in self._values:
                return
        if len(value) > MAX_HEADER:
            self.found.add("headers_cut")
        self._values.setdefault(key, []).append(value)
        super().set_raw(name, value)

    def get_param(self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True) -> Any:
        """As the library's, but a parameter that cannot be read (a section number of 5,000 digits, …) is missing."""
        try:
            return super().get_param(param, failobj, header, unquote)
        except (ValueError, LookupError, TypeError):
            return failobj

    def header(self, name: str) -> str | None:
        """The first header of that lower-case name, unfolded, as text; encoded words are still encoded."""
        values = self._values.get(name)
        return _plain(values[0]) if values else None

    def headers(self, name: str) -> tuple[str, ...]:
        """All headers of that lower-case name."""
        return tuple(map(_plain, self._values.get(name, ())))

    def taken(self, name: str) -> tuple[str, ...]:
        """All headers of that lower-case name as they came, folded; a long one is cut behind `MAX_HEADER`."""
        return tuple(self._values.get(name, ()))

    def parameter(self, name: str) -> str | None:
        """A parameter of Content-Type, without its RFC 2231 wrapping."""
        value = self.get_param(name)
        value = value[2] if isinstance(value, tuple) else value
        return str(value).strip() if value else None

    @property
    def encoded(self) -> bytes | None:
        """The content as it was carried, byte for byte; None where the parser opened the part."""
        # The library's own accessor decodes bytes above 127 by the declared charset, and replaces what does not fit.
        payload = getattr(self, "_payload", None)
        return payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else None


def _plain(value: str) -> str:
    # Only the blanks of the grammar: a no-break space before an address is a letter of it.
    return decode_header_bytes(_FOLD.sub("", value[:MAX_HEADER])).strip(" \t")


class _Policy(EmailPolicy):
    """Headers cut to size when they come in, and plain strings when they go out."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, first = sourcelines[0].partition(":")
        value, room = [first], MAX_HEADER - len(first)
        for line in sourcelines[1:]:
            if room < 0:
                break
            value.append(line)
            room -= len(line)
        return name[:_MAX_NAME].strip(), "".join(value).strip("\r\n")[: MAX_HEADER + 1]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return _plain(value)


def parse(raw: bytes) -> Part:
    """The tree of parts. After the 500th the rest is left in the raw mail, below the 50th level nothing is opened."""
    parts: list[Part] = []

    def make(policy: Any = None) -> Part:
        if len(parts) >= MAX_PARTS:
            raise _TooManyParts
        parts.append(Part(policy))
        return parts[-1]

    end = _END_OF_HEADERS.search(raw)
    head, whole = (raw[: end.start()], raw[: end.end()]) if end else (raw, raw)
    parser = BytesFeedParser(policy=_Policy(message_factory=make))
    parts.clear()  # the parser tries its factory once
    try:
        parser.feed(_BLANK_BEFORE_COLON.sub(rb"\1:", head) + raw[len(head) :])
        parser.close()
    except _TooManyParts:
        parts[0].found.add("too_many_parts")
    root = parts[0]
    for part in parts:
        root.found |= part.found | _defects(part)
    if any(isinstance(defect, _OF_THE_HEAD) for defect in root.defects) or ambiguous(whole, root.taken):
        root.found.add("head_ambiguous")
    return root


def _defects(part: Part) -> set[Defect]:
    found: set[Defect] = set()
    if part.depth >= MAX_DEPTH and part.media_type.startswith("multipart/"):
        found.add("too_deep")
    if part.defects:
        found.add("body_broken")
    return found
