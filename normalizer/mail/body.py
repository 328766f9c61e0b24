"""What a person reads of a mail, and what hangs on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final, Literal

from normalizer.mail.adverts import advert
from normalizer.mail.content import content, media_type, text
from normalizer.mail.filenames import filename
from normalizer.mail.headers import one_line
from normalizer.mail.model import Attachment
from normalizer.mail.source import Part, parse
from normalizer.markup import html_to_text
from normalizer.names import filename as safe_filename

_STUB: Final = 200
"""Characters below which a plain text is compared with its HTML: it may only say that the mail needs HTML."""
_STUB_SHARE: Final = 4
_FEW: Final = 3
"""Words of a plain text that are a greeting only, or nothing; where the HTML has others, it is the message."""
_MAX_NOTICE: Final = 2000
_WORDS: Final = re.compile(r"[^\W_]{1,60}")
_TEXT: Final = ("text/plain", "text/html")
_MAX_LATE: Final = 100_000
"""Bytes of an inline text file that is read as the body where a mail has no other."""
_NEEDS_HTML: Final = re.compile(
    r"\bhtml\b|\b(?:in|im|inside|with|nel|con|dans|en|no|w) (?:\w{1,12} ){0,2}(?:web-?)?"
    r"(?:browser\w{0,3}|navigat\w{2,4}|navegador|przeglądar\w{2,4})",
    re.IGNORECASE,
)
"""`Your mail program does not show HTML`, in place of the words."""
_MAX_INNER_HEADERS: Final = 64 * 1024
_NAMES: Final = {"text/calendar": "invite.ics"}
"""Of files that mailers leave without one."""


@dataclass(slots=True)
class Block:
    """A stretch of the body, in one or both of its forms."""

    plain: str = ""
    html: str = ""


@dataclass(slots=True)
class Body:
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    has_text: bool = False
    late: tuple[int, Part] | None = None
    """The first small text that is inline and has a file's name, and its place among the attachments."""

    @property
    def text(self) -> str:
        """All stretches in their order. Apple Mail, for one, splits the text around every picture."""
        images = {part.content_id: part.filename for part in self.attachments if part.content_id and part.filename}
        texts = (_readable(block, images) for block in self.blocks)
        return "\n\n".join(text.strip("\r\n") for text in texts if text.strip())

    @property
    def html(self) -> str:
        if not any(block.html.strip() for block in self.blocks):
            return ""
        return "\n".join(block.html or f"<pre>{escape(block.plain)}</pre>" for block in self.blocks)


def body(root: Part) -> Body:
    """The mail's text blocks and attachments, in the order in which they stand."""
    found = Body()
    found.blocks = _blocks(root, found)
    if not found.has_text and found.late:
        place, part = found.late
        del found.attachments[place]
        found.blocks = [_block(part)]
    return found


def _block(part: Part) -> Block:
    return Block(html=text(part)) if media_type(part) == "text/html" else Block(plain=text(part))


def _readable(block: Block, images: Mapping[str, str]) -> str:
    """The plain form, but where it only stands in for the HTML."""
    plain = block.plain.strip()
    if not block.html.strip() or len(plain) >= _MAX_NOTICE:
        return block.plain
    notice = _NEEDS_HTML.search(plain) is not None
    if len(plain) >= _STUB and not notice:
        return block.plain
    from_html = html_to_text(block.html, images)
    if not from_html:
        return block.plain
    said = " ".join(line for line in unescape(plain).split("\n") if not advert(line))
    words, shown = set(_WORDS.findall(said)), set(_WORDS.findall(from_html))
    if not words or ((notice or len(words) <= _FEW) and shown - words - set(_WORDS.findall(plain))):
        return from_html if shown else block.plain
    return block.plain if len(from_html) < len(plain) * _STUB_SHARE + _STUB else from_html


def _blocks(part: Part, found: Body) -> list[Block]:
    # A leaf's payload would be decoded here, by whatever character set it names.
    children = part.get_payload() if part.is_multipart() else None
    if isinstance(children, list):
        groups = [_blocks(child, found) for child in children if isinstance(child, Part)]
        blocks = [block for group in groups for block in group]
        return [_alternatives(blocks)] if part.media_type == "multipart/alternative" and blocks else blocks
    if _is_text(part, found):
        found.has_text = True
        return [_block(part)]
    if found.late is None and _may_be_late(part):
        found.late = len(found.attachments), part
    found.attachments.append(_attachment(part))
    return []


def _alternatives(blocks: list[Block]) -> Block:
    """One stretch of which the mail holds several forms; each form may itself stand in pieces around pictures."""
    return Block(
        plain="\n\n".join(block.plain for block in blocks if block.plain.strip()),
        html="\n".join(block.html for block in blocks if block.html.strip()),
    )


def _disposition(part: Part) -> str:
    return (part.header("content-disposition") or "").partition(";")[0].strip().lower()


def _is_text(part: Part, found: Body) -> bool:
    """Text to be read, not a text file. A multipart whose structure is broken is read as the text it holds."""
    if part.media_type.startswith("multipart/"):
        return part.get_content_type().startswith("multipart/")
    if media_type(part) not in _TEXT:
        return False
    if part.depth == 0:
        return True  # the whole of a mail is its body, whatever name it has
    if _disposition(part) == "attachment":
        return False
    # Some mailers name their body. A name on a part that has a disposition, or after other text, is that of a file.
    return filename(part) is None or not (found.has_text or _disposition(part))


def _may_be_late(part: Part) -> bool:
    return media_type(part) in _TEXT and _disposition(part) != "attachment" and len(part.encoded or b"") <= _MAX_LATE


def _attachment(part: Part) -> Attachment:
    data = content(part)
    cid = (part.header("content-id") or "").strip().strip("<>") or None
    inline = _disposition(part) == "inline" or (cid is not None and _disposition(part) != "attachment")
    kind: Literal["attachment", "inline"] = "inline" if inline else "attachment"
    name = filename(part) or (_name_of_mail(data) if part.media_type == "message/rfc822" else _NAMES.get(part.media_type))
    return Attachment(filename=name, content_type=part.media_type[:127], content=data, content_id=cid, disposition=kind)


def _name_of_mail(data: bytes) -> str:
    """A forwarded mail is called by its subject."""
    subject = one_line(parse(data[:_MAX_INNER_HEADERS]).header("subject") or "")
    return f"{(subject and safe_filename(subject)) or 'message'}"[:200] + ".eml"
