"""The content of one part: transfer encoding off, bytes to text."""

import quopri
import re
from typing import Final

from normalizer.mail.charsets import decode
from normalizer.mail.flowed import unflow
from normalizer.mail.source import Part
from normalizer.mail.words import base64_bytes, is_prose

_META: Final = re.compile(rb"""<meta[^>]{1,200}charset\s{0,5}=\s{0,5}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_META_WINDOW: Final = 4096
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_COMMENT: Final = re.compile(r"\([^()]{0,200}\)")
_MAX_ENCODING: Final = 500


_TYPE: Final = re.compile(r"\s{0,20}([\w.+-]{1,60})/([\w.+-]{1,127})")
_CHARSET: Final = re.compile(r"""charset\s{0,5}=\s{0,5}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_MAX_TYPE: Final = 1000
_TURNED: Final = {"plain/text": "text/plain", "html/text": "text/html"}


def media_type(part: Part) -> str:
    """The declared type without what some mailers glue to it: `text/plain charset=utf-8`, `text/plain, …`, `plain/text`."""
    named = _TYPE.match(part.media_type)
    plain = f"{named[1]}/{named[2]}" if named else part.media_type
    return _TURNED.get(plain, plain)


def content(part: Part) -> bytes:
    """The part's bytes. Damaged base64 and quoted-printable give what can be had of them."""
    data = part.encoded
    if data is None:
        return b""
    encoding = _encoding(part.header("content-transfer-encoding") or "")
    if encoding == "base64":
        return data if _is_clear(data) else base64_bytes(data)
    if encoding == "quoted-printable":
        return quopri.decodestring(_without_blank_ends(data))
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else data
    return data


def _encoding(header: str) -> str:
    """The first word, without comments: `BASE64 (as usual)`."""
    word = _TOKEN.search(_COMMENT.sub(" ", header[:_MAX_ENCODING]))
    return word[0].lower() if word else ""


def _is_clear(data: bytes) -> bool:
    """Whether what calls itself base64 is words instead: most of it stands in lines with blanks in them."""
    if b" " not in data:
        return False
    lines = [line.strip() for line in data.split(b"\n")]
    return 2 * sum(len(line) for line in lines if is_prose(line)) > sum(map(len, lines))


def _without_blank_ends(data: bytes) -> bytes:
    """Blanks at line ends were added on the way (RFC 2045, 6.7, rule 3), also behind the `=` of a soft line break."""
    if not any(blank in data for blank in (b" \n", b" \r\n", b"\t\n", b"\t\r\n")):
        return data
    return b"\n".join(line.rstrip(b" \t\r") + (b"\r" if line.endswith(b"\r") else b"") for line in data.split(b"\n"))


def text(part: Part) -> str:
    """The part's text, paragraphs of `format=flowed` put together. Notes an overruled charset in `part.found`."""
    data = content(part)
    label = part.parameter("charset")
    if label is None and (glued := _CHARSET.search((part.header("content-type") or "")[:_MAX_TYPE])):
        label = glued[1]
    if label is None and media_type(part) == "text/html" and (meta := _META.search(data[:_META_WINDOW])):
        label = meta[1].decode("ascii", "replace")
    decoded, repaired = decode(data, label)
    if repaired:
        part.found.add("charset_repaired")
    if (part.parameter("format") or "").lower() == "flowed":
        return unflow(decoded, delsp=(part.parameter("delsp") or "").lower() == "yes")
    return decoded
