"""From an outgoing text to the bytes of a mail and its envelope."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from connectors.email import plus
from connectors.email.settings import MailboxSettings
from connectors.email.writing import FOLD, LINE, address, attachment, phrase, policy_for, safe, whole, words
from connectors.errors import SendFailed
from connectors.exchange import Outgoing, OutgoingFile
from normalizer.inbound import Handle

_LAST_REFERENCES: Final = 20
_REPLIES: Final = re.compile(
    r"(?:re|aw|r|rif|sv|vs|odp|antw|ref|res)(?:\[[0-9]{1,3}\]|\([0-9]{1,3}\)|\^[0-9]{1,3})? ?:", re.IGNORECASE
)
"""How answers begin in mail programs of several languages, with Lotus' counters."""
_WRITABLE_ID: Final = re.compile(r"[!-;=?-~]{1,900}")
_NO_ID: Final = "sha256:"
"""Begins our own name of a mail that came without a Message-ID."""
_TYPE: Final = re.compile(r"([a-z0-9][a-z0-9!#$&^_.+-]{0,60})/([a-z0-9][a-z0-9!#$&^_.+-]{0,100})")
_NOT_PLAIN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_SUPPRESS: Final = "X-Auto-Response-Suppress"
"""Exchange's own word for what keeps other programs from answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A mail and its envelope. `message_id` has no brackets; `utf8`: only a server with SMTPUTF8 (RFC 6531) can take it."""

    raw: bytes
    message_id: str
    sender: str
    recipient: str
    utf8: bool


def compose(message: Outgoing, settings: MailboxSettings, now: datetime) -> Composed:
    """The mail from this mailbox. Raises `SendFailed`: `invalid_recipient` for what is no address; `unsupported` for a
    header with a line break in it, a text that is none, and ids that are not ours."""
    account, recipient = address(settings.address), _recipient(message.to)
    mark = _mark(message, settings)
    marked = plus.marked_address(account, mark) if mark else account
    name = settings.smtp.sender_name if settings.smtp else None
    named = message_id(message, settings)
    headers = {
        "From": f"{phrase(safe(name, 'the name of the sender'))}{FOLD}<{account}>" if name else f"<{account}>",
        "To": f"<{recipient}>",
        "Reply-To": f"<{marked}>",
        "Subject": _subject(message),
        "Date": format_datetime(now),
        "Message-ID": f"<{named}>",
        **_thread(message),
        "X-Regia-Id": message.token,
        **(_automatic(message) if message.automatic else {}),
    }
    utf8 = not (recipient + marked).isascii()
    mail = EmailMessage(policy=policy_for(utf8=utf8))
    for header, value in headers.items():
        mail[header] = value
    _fill(mail, message)
    return Composed(raw=mail.as_bytes(), message_id=named, sender=marked, recipient=recipient, utf8=utf8)


def message_id(message: Outgoing, settings: MailboxSettings) -> str:
    """The Message-ID that `compose` gives, without brackets: the same at every try. Raises `SendFailed`."""
    try:
        number = UUID(message.token).hex
    except ValueError:
        raise SendFailed("unsupported", "the id of the outgoing message is no UUID") from None
    mark = _mark(message, settings)
    domain = address(settings.address).rpartition("@")[2]
    key = plus.key_of(settings)
    return plus.marked_id(mark, number, domain, key) if key else f"regia.{number}@{domain}"


def _mark(message: Outgoing, settings: MailboxSettings) -> str | None:
    if message.conversation is None or settings.thread_key is None:
        return None
    try:
        return plus.mark(message.conversation, settings.thread_key.get_secret_value().encode())
    except ValueError:
        raise SendFailed("unsupported", "the conversation's id is none of ours") from None


def _recipient(handle: Handle) -> str:
    if handle.kind != "email":
        raise SendFailed("invalid_recipient", "a mail goes to an e-mail address only")
    return address(safe(handle.value, "the address"))


def _subject(message: Outgoing) -> str:
    """`Re:` once, and never on top of the same in another language."""
    subject = safe(message.subject or "", "the subject").strip()
    if message.in_reply_to is not None and not _REPLIES.match(subject):
        subject = f"Re: {subject}".rstrip()
    return words(subject, "Subject")


def _automatic(message: Outgoing) -> dict[str, str]:
    """What keeps other programs from answering (RFC 3834, 5)."""
    return {"Auto-Submitted": "auto-replied" if message.in_reply_to else "auto-generated", _SUPPRESS: "All"}


def _thread(message: Outgoing) -> dict[str, str]:
    """In-Reply-To and References (RFC 5322, 3.6.4). Of a long chain the first and the last ids are kept."""
    answered = None if message.in_reply_to is None else _id(message.in_reply_to)
    earlier = [known for each in message.references if (known := _id(each)) and known != answered]
    if answered is None:
        return {}
    chain = [*dict.fromkeys(earlier), answered]
    kept = chain if len(chain) <= _LAST_REFERENCES else [chain[0], *chain[-_LAST_REFERENCES:]]
    return {"In-Reply-To": f"<{answered}>", "References": FOLD.join(f"<{each}>" for each in kept)}


def _id(external: str) -> str | None:
    """A Message-ID as it can be written, or None for what is none."""
    known = safe(external, "the id of a mail it answers")
    return known if _WRITABLE_ID.fullmatch(known) and not known.startswith(_NO_ID) else None


def _fill(mail: EmailMessage, message: Outgoing) -> None:
    """Text, HTML beside it, files."""
    if not message.text.strip() and not message.files:
        raise SendFailed("unsupported", "the text is empty")
    text = whole(message.text, "the text")
    mail.set_content(text, charset="utf-8", cte=_encoding(text))
    if message.html is not None:
        html = whole(message.html, "the HTML")
        mail.add_alternative(html, subtype="html", charset="utf-8", cte=_encoding(html))
    if message.files:
        mail.make_mixed()
    for file in message.files:
        _attach(mail, file)


def _encoding(text: str) -> str:
    """No line grows too long for any server, and no server needs to know more than ASCII."""
    plain = text.isascii() and not _NOT_PLAIN.search(text)
    return "7bit" if plain and all(len(line) <= LINE for line in text.splitlines()) else "quoted-printable"


def _attach(mail: EmailMessage, file: OutgoingFile) -> None:
    match = _TYPE.fullmatch(safe(file.content_type, "a file's type").lower())
    kind, subtype = match.groups() if match else ("application", "octet-stream")
    if kind in ("multipart", "message"):  # which may not be in base64 (RFC 2046, 5)
        kind, subtype = "application", "octet-stream"
    disposition = attachment(safe(file.filename, "a file's name").strip())
    part = EmailMessage(policy=mail.policy)
    part.set_content(file.content, maintype=kind, subtype=subtype)
    del part["MIME-Version"]  # of the whole mail, which has it
    part["Content-Disposition"] = disposition
    mail.attach(part)
