"""Reports about other mails: not delivered (RFC 3464, or in words), displayed (RFC 8098), complained about (RFC 5965)."""

import re
from typing import Final

from msgspec import structs

from normalizer.mail.addresses import email_of
from normalizer.mail.content import content
from normalizer.mail.headers import message_id, one_line
from normalizer.mail.model import Automated, Recipient, Report
from normalizer.mail.source import Part, parse

_MOST_RECIPIENTS: Final = 20
_MOST_ORIGINALS: Final = 5
_MAX_FIELDS: Final = 64 * 1024
_MAX_TEXT: Final = 100_000
_MAX_DIAGNOSTIC: Final = 500

_DELIVERY: Final = ("message/delivery-status", "message/global-delivery-status")
_DISPOSITION: Final = ("message/disposition-notification", "message/global-disposition-notification")
_FEEDBACK: Final = ("message/feedback-report",)
_RETURNED: Final = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")

_BLOCKS: Final = re.compile(r"\r?\n[ \t]{0,20}\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]{1,80}")
_WORD: Final = re.compile(r"[a-z][a-z-]{0,39}")
_ID_LINE: Final = re.compile(r"^[>\s|]{0,20}Message-ID:\s{0,5}<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_REPLY_LINE: Final = re.compile(r"^.{0,200}(?:(?<![\d.])[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}).{0,400}$", re.MULTILINE)
_RECIPIENT_LINE: Final = re.compile(
    r"^[ \t]{0,12}<?([^\s<>()\",;:@]{1,64}@[^\s<>()\",;:@]{1,253}?)>?(?::?[ \t]{0,5}$| on |: )", re.MULTILINE
)
_LATE: Final = re.compile(
    r"delay|warning|still being retried|not yet been|verzöger|ritardo|ritardat|retard|retras|atras|vertraag|opóźni"
)
_BY_CLASS: Final = {"2": "delivered", "4": "delayed"}

_BAD_NEWS: Final = ("failed", "delayed")

Fields = dict[str, list[str]]


KINDS: Final[frozenset[Automated | None]] = frozenset(("bounce", "receipt", "feedback_report"))
"""The mails that are reports, by their `automated`."""


def report(root: Part, text: str | None, subject: str | None) -> Report | None:
    """What a mail of one of these kinds says. None where it may hold a person's words besides: a receipt that no program
    is known to have sent."""
    text = (text or "")[:_MAX_TEXT]
    parts = [part for part in root.walk() if isinstance(part, Part)]
    originals = [*_returned(parts), *_ID_LINE.findall(text)]
    if part := _first(parts, _DISPOSITION):
        if not _from_program(root):
            return None
        return _disposition(_fields(_text(part)), originals)
    if part := _first(parts, _FEEDBACK):
        return _feedback(_fields(_text(part)), originals)
    if part := _first(parts, _DELIVERY):
        said = text[: found.start()] if (found := _ID_LINE.search(text)) else text
        told = tuple(_in_full(recipient, said) for recipient in _delivery(_text(part)))
        return Report(kind="delivery", recipients=told, originals=_unique(originals))
    return Report(kind="delivery", recipients=_in_words(root, text, subject or ""), originals=_unique(originals))


def _from_program(root: Part) -> bool:
    """A null sender (RFC 8098, 3), or the mark of RFC 3834 that Exchange puts on it."""
    marked = re.split(r"[\s;(]", (root.header("auto-submitted") or "no").strip().lower(), maxsplit=1)[0] != "no"
    return marked or (root.header("return-path") or "").replace(" ", "") == "<>"


def _first(parts: list[Part], types: tuple[str, ...]) -> Part | None:
    return next((part for part in parts if part.media_type in types), None)


def _unique(ids: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))[:_MOST_ORIGINALS]


def _text(part: Part) -> str:
    return content(part)[:_MAX_FIELDS].decode("utf-8", "replace")


def _fields(block: str) -> Fields:
    """Header-like lines: lower-case name to values."""
    found: Fields = {}
    for line in _FOLD.sub(" ", block).splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _value(fields: Fields, *names: str) -> str:
    return next((fields[name][0] for name in names if name in fields), "")


def _typed(value: str) -> str:
    """What stands behind the type: `a@b.example` of `rfc822; a@b.example`."""
    return value.partition(";")[2].strip() if ";" in value[:40] else value


def _returned(parts: list[Part]) -> list[str]:
    """The id of the mail that came back, whole or as its headers only."""
    heads = (parse(content(part)[:_MAX_FIELDS]) for part in parts if part.media_type in _RETURNED)
    return [found for head in heads if (found := message_id(head.header("message-id")))]


def _delivery(text: str) -> tuple[Recipient, ...]:
    blocks = (_fields(block) for block in _BLOCKS.split(text.strip())[: 2 * _MOST_RECIPIENTS])
    found = [_recipient(fields) for fields in blocks if "final-recipient" in fields or "action" in fields]
    return tuple(found[:_MOST_RECIPIENTS])


def _recipient(fields: Fields) -> Recipient:
    """The address is the one we wrote to, where the report still knows it (RFC 3464, 2.3.1)."""
    addresses = (email_of(_typed(_value(fields, name))) for name in ("original-recipient", "final-recipient"))
    status = _ENHANCED.search(_value(fields, "status"))
    action = _WORD.match(_value(fields, "action").lower())
    by_class = _BY_CLASS.get(status[1][0], "failed") if status else "failed"
    return Recipient(
        address=next(filter(None, addresses), None),
        action=action[0] if action else by_class,
        status=status[1] if status else None,
        diagnostic=_short(_typed(_value(fields, "diagnostic-code"))),
    )


def _in_full(recipient: Recipient, said: str) -> Recipient:
    """With the words for persons, where those for programs have none (Exim: `Unrouteable address`)."""
    if recipient.diagnostic is not None or recipient.action not in _BAD_NEWS:
        return recipient
    return structs.replace(recipient, diagnostic=_words_about(recipient.address, said))


def _words_about(address: str | None, said: str) -> str | None:
    """What follows the line with the address, up to the next blank line; else the line with a server's answer."""
    found = re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", said, re.IGNORECASE) if address else None
    if found is None:
        line = _REPLY_LINE.search(said)
        return _short(line[0]) if line else None
    rest = said[found.end() : found.end() + 4 * _MAX_DIAGNOSTIC].lstrip(">:)\"' \t")
    return _short(re.split(r"\n[ \t]*\n", rest, maxsplit=1)[0])


def _short(value: str) -> str | None:
    return (one_line(value[: 2 * _MAX_DIAGNOSTIC]) or "")[:_MAX_DIAGNOSTIC] or None


def _in_words(root: Part, text: str, subject: str) -> tuple[Recipient, ...]:
    """qmail, Exim, Exchange, Yahoo and others write sentences. The recipients stand above the mail they return."""
    returned = _ID_LINE.search(text)
    said = text[: returned.start()] if returned else text
    named = [part for value in root.headers("x-failed-recipients")[:_MOST_RECIPIENTS] for part in value.split(",")]
    named = named or _RECIPIENT_LINE.findall(said)
    found = [address for address in map(email_of, named[: 4 * _MOST_RECIPIENTS]) if address]
    addresses = tuple(dict.fromkeys(found))[:_MOST_RECIPIENTS] or (None,)
    code, line = _ENHANCED.search(said), _REPLY_LINE.search(said)
    action = "delayed" if _LATE.search(subject.lower()) else "failed"
    status, answer = code[1] if code else None, _short(line[0]) if line else None
    return tuple(
        Recipient(address=each, action=action, status=status, diagnostic=answer or _words_about(each, said))
        for each in addresses
    )


def _disposition(fields: Fields, originals: list[str]) -> Report:
    """`manual-action/MDN-sent-manually; displayed/error` (RFC 8098, 3.2.6)."""
    word = _WORD.match(_value(fields, "disposition").partition(";")[2].strip().lower())
    own = message_id(_value(fields, "original-message-id"))
    address = email_of(_typed(_value(fields, "original-recipient", "final-recipient")))
    return Report(
        kind="disposition",
        recipients=(Recipient(address=address, action=word[0] if word else "unknown"),),
        originals=_unique([*filter(None, [own]), *originals]),
        word=word[0] if word else None,
    )


def _feedback(fields: Fields, originals: list[str]) -> Report:
    word = _WORD.match(_value(fields, "feedback-type").lower())
    named = map(email_of, fields.get("original-rcpt-to", [])[:_MOST_RECIPIENTS])
    return Report(
        kind="feedback",
        recipients=tuple(Recipient(address=address, action="complaint") for address in dict.fromkeys(named) if address),
        originals=_unique(originals),
        word=word[0] if word else None,
    )
