"""Mail as a channel: one raw message (RFC 5322) is one contact."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from connectors.base import BaseConnector, ConnectorSettings, Parsed, Request, Unreadable
from connectors.errors import QuarantineReason
from normalizer import mail
from normalizer.inbound import Handle, InboundAttachment, InboundMessage, Reply, Sender, Thread

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
"""A word that can be part of a routing key."""

CONTENT_TYPE: Final = "message/rfc822"


class EmailSettings(ConnectorSettings):
    """A support mailbox. `address` is what customers write to; it becomes the envelope's `account`."""

    type: Literal["email"] = "email"
    brand: Name
    channel: Name = "email"
    address: str = Field(min_length=3, description="The mailbox's own address, as customers know it.")
    aliases: tuple[str, ...] = Field(default=(), description="Further own addresses: mail from them is `automated: own`.")
    max_body: int = Field(default=40 * 1024 * 1024, gt=0, description="Largest mail accepted, in bytes.")


@dataclass(frozen=True, slots=True)
class _Identity:
    """What names a mail: both keys stay the same in every mailbox and at every retry."""

    event_key: str
    external_id: str


class EmailConnector(BaseConnector[EmailSettings]):
    """Reads mails handed over by a poller, an import or a file. The body of the request is the mail, byte for byte."""

    def __init__(self, name: str, settings: EmailSettings) -> None:
        super().__init__(name, settings)
        self._own = frozenset(address.strip().lower() for address in (settings.address, *settings.aliases))

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand,))

    def verify(self, request: Request) -> None:
        """Nothing to check: mails come out of our own mailbox or file, and who wrote them is a matter of `proof`."""

    def parse(self, request: Request) -> Parsed:
        """One message, or one `Unreadable` when the bytes are no mail at all. Never raises."""
        read = mail.read(request.body)
        if isinstance(read, mail.NotMail):
            reason: QuarantineReason = "parser_failed" if read.reason == "parser_failed" else "unreadable"
            broken = Unreadable(reason=reason, raw=request.body, content_type=CONTENT_TYPE, detail=read.detail)
            return Parsed(unreadable=(broken,))
        return Parsed(messages=(self._message(read, request.body),))

    def _message(self, read: mail.Mail, raw: bytes) -> InboundMessage:
        identity = _identity(read, raw)
        sender = _sender(read, identity)
        return InboundMessage(
            event_key=identity.event_key,
            external_id=identity.external_id,
            brand=self.settings.brand,
            channel=self.settings.channel,
            account=self.settings.address,
            kind="text",
            sender=sender,
            order_key=sender.handle.value,
            raw=raw,
            raw_content_type=CONTENT_TYPE,
            sent_at=read.date,
            subject=read.subject,
            text=read.text,
            text_full=read.text_full,
            html=read.html,
            attachments=tuple(map(_attachment, read.attachments)),
            thread=Thread(in_reply_to=read.in_reply_to, references=read.references),
            automated="own" if sender.handle.value in self._own else read.automated,
            reply=_reply(read, sender),
        )


def _identity(read: mail.Mail, raw: bytes) -> _Identity:
    """Message-ID and body, never the UID: the same mail reaches two mailboxes, and one Message-ID two bodies."""
    if read.message_id is None:
        digest = sha256(raw).hexdigest()
        return _Identity(event_key=f"sha256:{digest}", external_id=f"sha256:{digest}")
    return _Identity(event_key=f"{read.message_id} {read.body_sha256}", external_id=read.message_id)


def _email(address: mail.Address) -> Handle:
    return Handle(kind="email", value=address.email, proof="claimed")


def _sender(read: mail.Mail, identity: _Identity) -> Sender:
    """The first From address, always a claim: nobody has proved it yet. Further From and Reply-To are claims too.

    A mail without a usable From keeps a handle of its own kind. It is no address, so nothing is ever sent to it;
    it is different for every mail, so no two strangers become one customer; a repeat of the mail gives it again.
    """
    if read.sender is None:
        unknown = sha256(identity.event_key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        handle = Handle(kind="unknown_sender", value=f"unknown:{unknown}", proof="claimed")
        name = read.sender_name
    else:
        handle, name = _email(read.sender), read.sender.name
    claims = dict.fromkeys(_email(address) for address in (*read.senders, *read.reply_to))
    return Sender(handle=handle, name=name, claims=tuple(claim for claim in claims if claim != handle))


def _reply(read: mail.Mail, sender: Sender) -> Reply:
    """Answers go to Reply-To where the customer named one. Without any address there is nothing to answer to."""
    if read.reply_to and (via := _email(read.reply_to[0])) != sender.handle:
        return Reply(allowed=("text",), via=via)
    return Reply(allowed=("text",) if read.sender else ())


def _attachment(part: mail.Attachment) -> InboundAttachment:
    return InboundAttachment(
        filename=part.filename, content_type=part.content_type, content=part.content, content_id=part.content_id
    )
