"""Reports about mails we sent (delivery, display, complaints) as statuses of these mails."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from connectors.email import plus
from connectors.email.contact import mail_keys
from connectors.email.settings import MailboxSettings
from connectors.exchange import Status
from normalizer import mail

_LONGEST_ERROR: Final = 300

_DELIVERY: Final[Mapping[str, str]] = MappingProxyType({"failed": "failed", "delivered": "delivered"})
"""By the action of RFC 3464, 2.3.3; the others (delayed, relayed, expanded) keep their word."""
_DISPOSITION: Final[Mapping[str, str]] = MappingProxyType({"displayed": "read"})
"""By the disposition of RFC 8098, 3.2.6.2; so do deleted, dispatched, denied, …"""
_NO_COMPLAINTS: Final = frozenset(("not-spam", "auth-failure", "dmarc"))
"""Feedback that accuses nobody (RFC 6430, RFC 6591)."""


def statuses(read: mail.Mail, raw: bytes, settings: MailboxSettings, arrived_at: datetime | None = None) -> tuple[Status, ...]:
    """What a report says of our mail, one status a recipient; empty for every mail that is no report about a mail of ours.

    Ours is a mail whose Message-ID has our domain and our signature over all of it: a report about anything else stays a
    contact, for a stranger can write one about a mail we never sent. `raw` stands in the first status only, once for all.
    """
    key = plus.key_of(settings)
    if read.report is None or key is None:
        return ()
    ours = settings.own_addresses
    original = next((each for each in read.report.originals if plus.is_ours(each, ours, key)), None)
    if original is None:
        return ()
    own_key = mail_keys(read, raw).event_key
    found = {f"{own_key} {one.address or ''}": one for one in _recipients(read.report)}
    return tuple(
        Status(
            event_key=event_key,
            external_id=original,
            brand=settings.brand,
            channel=settings.channel,
            account=settings.address,
            state=_state(read.report, recipient),
            raw=b"" if number else raw,
            at=read.date or arrived_at,
            recipient=recipient.address,
            error=_error(recipient),
        )
        for number, (event_key, recipient) in enumerate(found.items())
    )


def _recipients(report: mail.Report) -> Iterator[mail.Recipient]:
    """A report that names nobody is still one about the mail."""
    if report.recipients:
        yield from report.recipients
    else:
        yield mail.Recipient(address=None, action="complaint" if report.kind == "feedback" else "failed")


def _state(report: mail.Report, recipient: mail.Recipient) -> str:
    if report.kind == "feedback":
        return f"other:{report.word}" if report.word in _NO_COMPLAINTS else "other:complaint"
    known = _DISPOSITION if report.kind == "disposition" else _DELIVERY
    return known.get(recipient.action, f"other:{recipient.action}")


def _error(recipient: mail.Recipient) -> str | None:
    """The code of RFC 3463 and the server's words, unless it is good news."""
    if recipient.action not in ("failed", "delayed"):
        return None
    status, said = recipient.status or "", recipient.diagnostic or ""
    text = said if status and status in said else f"{status} {said}".strip()
    return text[:_LONGEST_ERROR] or None
