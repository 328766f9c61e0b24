"""From a mail that was read to a contact: who wrote it, what names it, what it answers, where an answer goes."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.email.settings import MailboxSettings
from normalizer import mail
from normalizer.inbound import Handle, InboundAttachment, InboundMessage, Reply, Sender, Thread

CONTENT_TYPE: Final = "message/rfc822"


@dataclass(frozen=True, slots=True)
class _Identity:
    """What names a mail: both keys stay the same in every mailbox and at every retry."""

    event_key: str
    external_id: str


def contact(read: mail.Mail, raw: bytes, settings: MailboxSettings, arrived_at: datetime | None = None) -> InboundMessage:
    """The contact that a mail to this mailbox is. `arrived_at` stands in for a date the sender does not give."""
    identity = _identity(read, raw)
    sender = _sender(read, identity)
    return InboundMessage(
        event_key=identity.event_key,
        external_id=identity.external_id,
        brand=settings.brand,
        channel=settings.channel,
        account=settings.address,
        kind="text",
        sender=sender,
        order_key=sender.handle.value,
        raw=raw,
        raw_content_type=CONTENT_TYPE,
        sent_at=read.date or arrived_at,
        subject=read.subject,
        text=read.text,
        text_full=read.text_full,
        html=read.html,
        attachments=tuple(map(_attachment, read.attachments)),
        thread=Thread(in_reply_to=read.in_reply_to, references=read.references),
        automated="own" if sender.handle.value in settings.own_addresses else read.automated,
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
