"""Headers of a mail we send, letter by letter.

The standard library reads a value before it writes it and decodes what looks like an encoded word: a subject or file
name with `=?utf-8?q?a=0D=0ABcc:_x?=` in it ends the line (Python 3.11). So values are written here, and it only puts
them into the mail.
"""

import re
from email import policy
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email

from connectors.errors import SendFailed

LINE: Final = 76
FOLD: Final = "\t"
"""Where a value is folded onto a new line; no value contains it otherwise."""

_LOCAL: Final = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]|[^\x00-\x9f\u2028\u2029\ud800-\udfff]){1,64}")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[A-Za-z0-9.:]{1,50}\]")
_BREAKING: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-](?:[A-Za-z0-9_. -]{0,58}[A-Za-z0-9_.-])?")
_NAMES: Final = (
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("X-Regia-Id", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Disposition"),
)


class _Verbatim(BaseHeader):
    """A header of which the value is written as it stands, and folded at every `FOLD`."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"] = None
        kwds["decoded"] = value

    def fold(self, *, policy: Any) -> str:
        line_end: str = policy.linesep
        return f"{self.name}: {self}".replace(FOLD, f"{line_end} ") + line_end


def policy_for(*, utf8: bool) -> "policy.EmailPolicy[EmailMessage]":
    """How a mail is written: our headers as they stand, with foreign letters only where `utf8`."""
    headers = HeaderRegistry()
    for name in _NAMES:
        headers.map_to_type(name, _Verbatim)
    return policy.SMTP.clone(header_factory=headers, utf8=utf8)


def safe(value: str, what: str) -> str:
    """`value`, when it can stand in a header. It is refused (`SendFailed`), not repaired: its author must hear of it."""
    if _BREAKING.search(value):
        raise SendFailed("unsupported", f"{what} holds a line break or another control character")
    return whole(value, what).replace("\t", " ")


def whole(text: str, what: str) -> str:
    """`text`, when it can be written as UTF-8. Raises `SendFailed`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SendFailed("unsupported", f"{what} holds half a character") from None
    return text


def words(text: str, header: str) -> str:
    """Text of an unstructured header: as it is where that is short and plain, else in encoded words (RFC 2047)."""
    if text.isascii() and "=?" not in text and len(text) + len(header) + 2 <= LINE:
        return text
    folded = Header(text, "utf-8", maxlinelen=LINE, header_name=header).encode(linesep="\n")
    return folded.replace("\n ", FOLD)


def phrase(name: str) -> str:
    """The name beside an address."""
    written = words(name, "From")
    if written != name:
        return written
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def address(text: str) -> str:
    """The address with its domain as DNS has it, so that only foreign letters before the `@` need SMTPUTF8.

    Raises `SendFailed("invalid_recipient")` for what could not stand in a header or command as one address.
    """
    local, _, domain = text.rpartition("@")
    if not domain.isascii():
        try:
            found = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise SendFailed("invalid_recipient", "the address has a domain that cannot be") from None
        domain = found.ascii_domain or domain
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise SendFailed("invalid_recipient", "this is no address a mail can be sent to")
    return f"{local}@{domain}"


def attachment(name: str) -> str:
    """The Content-Disposition of a file; a name that is not plain with percent signs, in pieces where it is long (RFC 2231)."""
    if _PLAIN_NAME.fullmatch(name):
        return f'attachment;{FOLD}filename="{name}"'
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", quote(name, safe=""))
    if len(pieces) == 1:
        return f"attachment;{FOLD}filename*=utf-8''{pieces[0]}"
    numbered = (f"filename*{number}*={'' if number else _CHARSET}{piece}" for number, piece in enumerate(pieces))
    return f";{FOLD}".join(["attachment", *numbered])


_CHARSET: Final = "utf-8''"
