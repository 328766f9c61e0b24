"""What all ways of mail share: one raw message (RFC 5322) is one contact, and answers leave over SMTP."""

from datetime import datetime
from typing import Generic, TypeVar

from connectors.base import BaseConnector, Http, Outgoing, Parsed, Sent, Unreadable
from connectors.email import smtp
from connectors.email.compose import message_id
from connectors.email.contact import CONTENT_TYPE, contact
from connectors.email.reports import statuses
from connectors.email.settings import MailboxSettings
from connectors.errors import QuarantineReason
from normalizer import mail

M = TypeVar("M", bound=MailboxSettings)


class MailConnector(BaseConnector[M], Generic[M]):
    """Base of the mailbox and of the providers that hand mails over by HTTP. `verify` and `parse` are theirs."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand,))

    def mail(self, raw: bytes, arrived_at: datetime | None = None) -> Parsed:
        """What one mail is: a contact, what became of a mail of ours, or `Unreadable` when it is no mail at all. Never raises.

        `arrived_at`: when the mailbox got it, where that is known.
        """
        read = mail.read(raw)
        if isinstance(read, mail.NotMail):
            reason: QuarantineReason = "parser_failed" if read.reason == "parser_failed" else "unreadable"
            return Parsed(unreadable=(Unreadable(reason=reason, raw=raw, content_type=CONTENT_TYPE, detail=read.detail),))
        if found := statuses(read, raw, self.settings, arrived_at):
            return Parsed(statuses=found)
        return Parsed(messages=(contact(read, raw, self.settings, arrived_at),))

    def outgoing_id(self, message: Outgoing) -> str | None:
        """Its Message-ID without brackets."""
        return message_id(message, self.settings)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        """Hand it to the server of the settings, evenly, `per_minute` of them a minute. Raises `SendFailed`."""
        return await smtp.send(message, self.settings, http)

    def reread(self, raw: bytes, content_type: str, received_at: datetime) -> Parsed:
        """What lies in quarantine is the mail itself, however it had come in."""
        return self.mail(raw)
