"""From raw bytes to a `Mail`: the whole way on one screen."""

import re
from hashlib import sha256
from typing import Final

from normalizer.mail import headers
from normalizer.mail.addresses import addresses, name_of
from normalizer.mail.authentication import results
from normalizer.mail.automated import automated, is_of_many, marks_of
from normalizer.mail.body import Body, body
from normalizer.mail.calendar import calendar
from normalizer.mail.forwards import inner_authors
from normalizer.mail.model import Address, Defect, Mail, NotMail
from normalizer.mail.quotes import new_words
from normalizer.mail.reports import KINDS, report
from normalizer.mail.senders import senders
from normalizer.mail.source import Part, parse
from normalizer.markup import sanitise_html
from normalizer.text import clean

_SIGNS_OF_MAIL: Final = tuple(
    "from to cc subject date message-id received return-path reply-to sender delivered-to content-type mime-version".split()  # noqa: SIM905  # a line of words reads better than a column
)
_ENVELOPE: Final = ("delivered-to", "x-original-to", "envelope-to")
_MOST_RECIPIENTS: Final = 100
_SIGNATURE: Final = re.compile(r"^-- \r?$", re.MULTILINE)
_HTML_SIGNATURE: Final = re.compile(r">\s{0,5}--(?:\s|&nbsp;|&#160;)\s{0,5}<")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")


def read(raw: bytes) -> Mail | NotMail:
    """What a mail says. Any bytes are taken; nothing is raised but `MemoryError`, which is for whoever set the limit, and
    time grows with the size of the mail only."""
    try:
        return _read(raw)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # the promise of this function: a defect of ours is a value, kept with its bytes
        return NotMail("parser_failed", f"reading raised {type(error).__name__}")


def _read(raw: bytes) -> Mail | NotMail:
    raw = raw.lstrip(b"\xef\xbb\xbf\r\n")
    if not raw.strip():
        return NotMail("empty", "no bytes but white space")
    root = parse(raw)
    if not any(root.header(name) is not None for name in _SIGNS_OF_MAIL):
        return NotMail("no_headers", "none of the headers every mail has: From, To, Subject, Date, Received, …")
    return _mail(root, body(root), raw)


def _mail(root: Part, content: Body, raw: bytes) -> Mail:
    authors, doubts = senders(root.headers("from"))
    to, cc = addresses(root.headers("to")), addresses(root.headers("cc"))
    subject = headers.one_line(root.header("subject") or "")
    written, shown = content.text, content.html
    full = clean(written) or None
    html = sanitise_html(shown) if shown else None
    own_id = headers.message_id(root.header("message-id"))
    answered = next(iter(headers.message_ids(root.header("in-reply-to"))), None)
    earlier = headers.message_ids(root.header("references"))
    sent = headers.date(root.header("date"))
    marks = marks_of(root, authors[0] if authors else None, subject)
    reason = automated(marks)
    return Mail(
        message_id=own_id,
        subject=subject,
        sender=authors[0] if authors else None,
        sender_name=None if authors else name_of(root.header("from") or ""),
        senders=authors,
        reply_to=addresses(root.headers("reply-to")),
        to=to,
        cc=cc,
        date=sent,
        in_reply_to=answered,
        references=earlier,
        text=new_words(full, subject, answers=bool(answered or earlier), signed=_signed(written, shown)) if full else None,
        text_full=full,
        html=html or None,
        attachments=tuple(content.attachments),
        automated=reason,
        of_many=is_of_many(marks),
        defects=_defects(root, doubts, own_id=own_id, has_date=sent is not None, html_lost=bool(shown) and html is None),
        body_sha256=_body_sha256(raw),
        authentication=results(root.headers("authentication-results")),
        recipients=_recipients(root, *to, *cc),
        inner_authors=inner_authors(root, full, subject) if reason not in KINDS else (),
        report=report(root, full, subject) if reason in KINDS else None,
        calendar=calendar(root),
    )


def _signed(text: str, html: str) -> bool:
    return _SIGNATURE.search(text) is not None or _HTML_SIGNATURE.search(html) is not None


def _recipients(root: Part, *named: Address) -> tuple[str, ...]:
    """The envelope's first: few, and written by servers."""
    noted = (address for header in _ENVELOPE for address in addresses(root.headers(header)))
    return tuple(dict.fromkeys(address.email for address in (*noted, *named)))[:_MOST_RECIPIENTS]


def _defects(
    root: Part, doubts: frozenset[Defect], *, own_id: str | None, has_date: bool, html_lost: bool
) -> tuple[Defect, ...]:
    found: set[Defect] = set(root.found) | doubts
    for part in root.walk():
        if isinstance(part, Part):
            found |= part.found
    if own_id is None:
        found.add("message_id_broken" if root.header("message-id") else "message_id_missing")
    if not has_date:
        found.add("date_broken")
    if html_lost:
        found.add("html_cut")
    return tuple(sorted(found))


def _body_sha256(raw: bytes) -> str:
    """Over plain line ends and without blank lines at the end: IMAP, mbox and Maildir carry one body in different dress."""
    end = _HEADERS_END.search(raw)
    content = raw[end.end() :] if end else raw
    return sha256(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")).hexdigest()
