"""Single values an operator writes for a mailbox. What cannot work is refused with a sentence that says what to write."""

import re
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from normalizer.mail.addresses import email_of

Tls = Literal["implicit", "starttls", "none"]


def _matching(pattern: str, advice: str) -> Callable[[str], str]:
    wanted = re.compile(pattern)

    def check(value: str) -> str:
        if not wanted.fullmatch(value):
            raise ValueError(advice)
        return value

    return check


def _address(value: str) -> str:
    address = email_of(value)
    if address is None:
        raise ValueError("must be a whole e-mail address, with @ and domain")
    return address


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # SSLError is one
        raise ValueError("cannot be read as PEM certificates: name a file that is there and holds them") from error
    return path


def _token_url(value: str) -> str:
    try:
        scheme, host = urlsplit(value).scheme, urlsplit(value).hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        scheme, host = "", ""
    allowed = scheme == "https" or (scheme == "http" and is_this_machine(host))
    if not host or not allowed or re.search(r"\s", value):
        raise ValueError("write an address with https://, since secrets are sent there; http:// is only for the same machine")
    return value


def is_this_machine(host: str) -> bool:
    """Whether a name or an address never leaves the machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def in_clear_only_here(tls: Tls, host: str) -> None:
    """Raises `ValueError`: what is sent without TLS can be read and changed on its way, mails and passwords alike."""
    if tls == "none" and not is_this_machine(host):
        raise ValueError("tls: none is only for a server on the same machine; use implicit or starttls, with ca_file if needed")


def same_folder(one: str, other: str) -> bool:
    """Whether two names are of one IMAP folder: INBOX may be written in any case (RFC 3501, 5.1), no other name may."""
    return one == other or one.upper() == other.upper() == "INBOX"


Name = Annotated[str, AfterValidator(_matching(r"[a-z0-9_-]{1,60}", "use a-z, 0-9, _ and -, at most 60 characters"))]
"""A word that can be part of a routing key."""
Host = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z0-9._:\[\]-]{1,253}", "write only the server's name or IP address, such as mail.example.com")
    ),
]
Folder = Annotated[
    str,
    AfterValidator(_matching(r"[^\x00-\x1f\x7f]{1,200}", "write a name of 1 to 200 characters, none of them a line break")),
]
Tenant = Annotated[
    str, AfterValidator(_matching(r"[A-Za-z0-9.-]{1,100}", "write the id or a domain of your directory, such as shop.example"))
]
Address = Annotated[str, AfterValidator(_address)]
CaFile = Annotated[Path, AfterValidator(_certificates)]
TokenUrl = Annotated[str, AfterValidator(_token_url)]
