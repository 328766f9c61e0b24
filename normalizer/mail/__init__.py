"""Mails (RFC 5322, MIME) read into values. `read` takes any bytes, never raises and never runs away."""

from normalizer.mail.mbox import iter_mbox
from normalizer.mail.model import Address, Attachment, Automated, Defect, Mail, NotMail
from normalizer.mail.read import read

__all__ = ["Address", "Attachment", "Automated", "Defect", "Mail", "NotMail", "iter_mbox", "read"]
