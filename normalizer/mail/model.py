"""What a mail says, as values. They cross process borders, so they hold nothing but plain data."""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

Automated = Literal[
    "own",  # we sent it
    "bounce",  # a mail of ours could not be delivered, or is late (RFC 3464 and its free-text cousins)
    "receipt",  # delivered, displayed (RFC 8098, and RFC 3464 with good news)
    "feedback_report",  # an abuse report of a mailbox provider (RFC 5965)
    "calendar_reply",  # somebody accepted or declined (RFC 5546)
    "auto_reply",  # out of office and its like (RFC 3834)
    "list",  # through a mailing list (RFC 2919, RFC 2369)
    "bulk",  # sent to many
    "auto_generated",  # written by a program
    "no_reply",  # nobody reads answers there
]

Defect = Literal[
    "headers_cut",  # a header above 8 KB, or headers above 64 KB together
    "too_many_parts",  # parts after the 500th were left in the raw mail
    "too_deep",  # parts below the 50th level were left unopened
    "several_from",
    "from_missing",
    "from_broken",
    "head_ambiguous",  # another reader may see other From or Authentication-Results fields: nothing is proved
    "addresses_disagree",  # two readers of From do not find the same single address in it
    "date_broken",
    "message_id_missing",
    "message_id_broken",
    "charset_repaired",  # bytes did not fit the declared character set
    "body_broken",  # base64 or multipart structure was damaged
    "html_cut",  # HTML too large or too tangled to be shown
]

MAX_PARTS: Final = 500
MAX_DEPTH: Final = 50
MAX_HEADER: Final = 8 * 1024
MAX_HEADERS: Final = 64 * 1024
"""Bytes."""


class Address(Struct, frozen=True):
    """A mailbox: `email` lower-cased, `name` as the sender wrote it, decoded."""

    email: str
    name: str | None = None


class Attachment(Struct, frozen=True, kw_only=True):
    """A file of a mail. `filename` is safe to show and to store: no folders, no control characters, 255 bytes at most.

    `content_id` is without brackets, as `cid:` links in the HTML name it.
    """

    filename: str | None
    content_type: str
    content: bytes
    content_id: str | None = None
    disposition: Literal["attachment", "inline"] = "attachment"


class Authentication(Struct, frozen=True, kw_only=True):
    """One Authentication-Results header (RFC 8601), whoever wrote it. Names are lower-cased.

    `dmarc` is the result (`pass`, `fail`, `none`, …) when the header has exactly one; `header_from` the domain it is about.
    """

    authserv_id: str
    dmarc: str | None = None
    header_from: str | None = None


class Recipient(Struct, frozen=True, kw_only=True):
    """What a delivery report says of one recipient. `action` as in RFC 3464, 2.3.3, `status` as in RFC 3463."""

    address: str | None
    action: str
    status: str | None = None
    diagnostic: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """A report about another mail. `word` is the disposition (`displayed`) or the type of feedback (`abuse`).

    `originals` are the Message-IDs that the mail it is about may have, without brackets, the likeliest first.
    """

    kind: Literal["delivery", "disposition", "feedback"]
    recipients: tuple[Recipient, ...] = ()
    originals: tuple[str, ...] = ()
    word: str | None = None


class Calendar(Struct, frozen=True, kw_only=True):
    """The first event of a calendar part. `start` is ISO 8601: a date, or a time in UTC (`Z`) or of `zone`'s clocks."""

    method: str | None
    summary: str | None
    start: str | None
    zone: str | None = None


class Mail(Struct, frozen=True, kw_only=True):
    """One mail. Ids are without brackets; `date` is the sender's word, in UTC.

    `text` holds the new words, `text_full` everything, `html` the sanitised HTML body. `body_sha256` is the digest of
    the body with plain line ends, the same for copies of one mail however they were carried.
    """

    message_id: str | None
    subject: str | None
    sender: Address | None
    sender_name: str | None
    """What stood in From, where no address could be read out of it."""
    senders: tuple[Address, ...]
    """All From addresses, the first being `sender`."""
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str | None
    text_full: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    automated: Automated | None
    of_many: bool
    """Whether many people write under this sender, also where `automated` has another reason."""
    defects: tuple[Defect, ...]
    body_sha256: str
    authentication: tuple[Authentication, ...] = ()
    """From the top: the last server to handle the mail wrote the first of them."""
    recipients: tuple[str, ...] = ()
    """To, Cc and what servers noted of the envelope (Delivered-To, X-Original-To, Envelope-To), lower-cased."""
    inner_authors: tuple[str, ...] = ()
    """Who wrote what this mail forwards, as the forward says; lower-cased addresses."""
    report: Report | None = None
    calendar: Calendar | None = None


class NotMail(Struct, frozen=True):
    """The bytes could not be read as a mail. `detail` names what was missing, never a value of the mail."""

    reason: Literal["empty", "no_headers", "parser_failed"]
    detail: str
