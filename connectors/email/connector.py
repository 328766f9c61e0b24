"""A mailbox as a channel: mails out of IMAP, of an archive or of a file."""

from collections.abc import Sequence

from connectors.base import Parsed, Request, Source
from connectors.email.arrival import arrived_at
from connectors.email.imap import ImapSource
from connectors.email.mailbox import MailConnector
from connectors.email.settings import EmailSettings


class EmailConnector(MailConnector[EmailSettings]):
    """Reads mails handed over by a poller, an import or a file. The body of the request is the mail, byte for byte."""

    def verify(self, request: Request) -> None:
        """Nothing to check: mails come out of our own mailbox or file, and who wrote them is a matter of `proof`."""

    def parse(self, request: Request) -> Parsed:
        """One message, or one `Unreadable` when the bytes are no mail at all. Never raises."""
        return self.mail(request.body, arrived_at(request))

    def sources(self) -> Sequence[Source]:
        """Every folder of the mailbox that is to be read."""
        imap = self.settings.imap
        if imap is None:
            return ()
        return [ImapSource(folder, imap, self.max_body) for folder in imap.folders]
