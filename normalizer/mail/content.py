"""The content of one part: transfer encoding off, bytes to text."""

import quopri
import re
from typing import Final

from normalizer.mail.charsets import decode
from normalizer.mail.flowed import unflow
from normalizer.mail.source import Part
from normalizer.mail.words import base64_bytes

_META: Final = re.compile(rb"""<meta[^>]{1,200}charset\s{0,5}=\s{0,5}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_META_WINDOW: Final = 4096


def content(part: Part) -> bytes:
    """The part's bytes. Damaged base64 and quoted-printable give what can be had of them."""
    data = part.encoded
    if data is None:
        return b""
    encoding = (part.header("content-transfer-encoding") or "").partition(";")[0].strip(" \"'").lower()
    if encoding == "base64":
        return base64_bytes(data)
    if encoding == "quoted-printable":
        return quopri.decodestring(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else data
    return data


def text(part: Part) -> str:
    """The part's text, paragraphs of `format=flowed` put together. Notes an overruled charset in `part.found`."""
    data = content(part)
    label = part.parameter("charset")
    if label is None and part.media_type == "text/html" and (meta := _META.search(data[:_META_WINDOW])):
        label = meta[1].decode("ascii", "replace")
    decoded, repaired = decode(data, label)
    if repaired:
        part.found.add("charset_repaired")
    if (part.parameter("format") or "").lower() == "flowed":
        return unflow(decoded, delsp=(part.parameter("delsp") or "").lower() == "yes")
    return decoded
