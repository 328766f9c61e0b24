"""Mails (RFC 5322, MIME) read into values. `read` takes any bytes, never raises and never runs away."""

from normalizer.mail.authentication import proved
from normalizer.mail.mbox import iter_mbox
from normalizer.mail.model import (
    Address,
    Attachment,
    Authentication,
    Automated,
    Calendar,
    Defect,
    Mail,
    NotMail,
    Recipient,
    Report,
)
from normalizer.mail.read import read

__all__ = [
    "Address",
    "Attachment",
    "Authentication",
    "Automated",
    "Calendar",
    "Defect",
    "Mail",
    "NotMail",
    "Recipient",
    "Report",
    "iter_mbox",
    "proved",
    "read",
]
