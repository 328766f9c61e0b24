"""A mailbox as a channel: mails out of IMAP, of an archive or of a file."""

from datetime import UTC, datetime
from typing import Final

from connectors.base import Parsed, Request
from connectors.email.mailbox import MailConnector
from connectors.email.settings import EmailSettings

ARRIVED: Final = "x-regia-arrived-at"
"""Header of a request made from a mail in a mailbox: when the mailbox got it, in ISO 8601 with a zone."""


class EmailConnector(MailConnector[EmailSettings]):
    """Reads mails handed over by a poller, an import or a file. The body of the request is the mail, byte for byte."""

    def verify(self, request: Request) -> None:
        """Nothing to check: mails come out of our own mailbox or file, and who wrote them is a matter of `proof`."""

    def parse(self, request: Request) -> Parsed:
        """One message, or one `Unreadable` when the bytes are no mail at all. Never raises."""
        return self.mail(request.body, _arrived(request))


def _arrived(request: Request) -> datetime | None:
    """When the mailbox got it (IMAP's INTERNALDATE), as the poller hands it over beside the bytes."""
    try:
        return datetime.fromisoformat(request.headers[ARRIVED]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
