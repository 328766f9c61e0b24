"""From a mail that was read to a contact: who wrote it, what names it, what it answers, where an answer goes."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.email import plus
from connectors.email.settings import MailboxSettings
from normalizer import mail
from normalizer.inbound import FieldValue, Handle, InboundAttachment, InboundMessage, Proof, Reply, Sender, Thread

CONTENT_TYPE: Final = "message/rfc822"


@dataclass(frozen=True, slots=True)
class MailKeys:
    """What names a mail: both keys stay the same in every mailbox and at every retry."""

    event_key: str
    external_id: str


def contact(read: mail.Mail, raw: bytes, settings: MailboxSettings, arrived_at: datetime | None = None) -> InboundMessage:
    """The contact that a mail to this mailbox is. `arrived_at` stands in for a date the sender does not give."""
    keys = mail_keys(read, raw)
    sender = _sender(read, keys, settings)
    return InboundMessage(
        event_key=keys.event_key,
        external_id=keys.external_id,
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
        fields=_fields(read),
        thread=_thread(read, settings),
        automated="own" if plus.own(sender.handle.value, settings.own_addresses) else read.automated,
        reply=_reply(read, sender, settings),
    )


def mail_keys(read: mail.Mail, raw: bytes) -> MailKeys:
    """Message-ID and body, never the UID: the same mail reaches two mailboxes, and one Message-ID two bodies."""
    if read.message_id is None:
        digest = sha256(raw).hexdigest()
        return MailKeys(event_key=f"sha256:{digest}", external_id=f"sha256:{digest}")
    return MailKeys(event_key=f"{read.message_id} {read.body_sha256}", external_id=read.message_id)


def _email(address: str, proof: Proof = "claimed") -> Handle:
    return Handle(kind="email", value=address, proof=proof)


def _sender(read: mail.Mail, keys: MailKeys, settings: MailboxSettings) -> Sender:
    """The first From address, verified where a trusted server proves it (`normalizer.mail.proved`). Further From addresses,
    Reply-To and the authors a forward names are claims: anybody can write them. Our own addresses are nobody's.

    A mail without a usable From keeps a handle of its own kind. It is no address, so nothing is ever sent to it;
    it is different for every mail, so no two strangers become one customer; a repeat of the mail gives it again.
    """
    if read.sender is None:
        unknown = sha256(keys.event_key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        handle = Handle(kind="unknown_sender", value=f"unknown:{unknown}", proof="claimed")
        name = read.sender_name
    else:
        proof: Proof = "verified" if mail.proved(read, settings.trusted_servers) else "claimed"
        handle, name = _email(read.sender.email, proof), read.sender.name
    named = dict.fromkeys((*(address.email for address in (*read.senders, *read.reply_to)), *read.inner_authors))
    others = (address for address in named if address != handle.value and not plus.own(address, settings.own_addresses))
    return Sender(handle=handle, name=name, claims=tuple(map(_email, others)))


def _thread(read: mail.Mail, settings: MailboxSettings) -> Thread:
    """What the mail answers, and our conversation, where one of our signed marks came back with it."""
    named = None
    if key := plus.key_of(settings):
        ids = (*filter(None, (read.in_reply_to,)), *reversed(read.references))
        named = plus.in_addresses(read.recipients, settings.own_addresses, key) or plus.in_ids(ids, key)
    return Thread(in_reply_to=read.in_reply_to, references=read.references, conversation=named)


def _reply(read: mail.Mail, sender: Sender, settings: MailboxSettings) -> Reply:
    """Answers go to Reply-To where the customer named one, but not to ourselves. Without any address there is nothing to
    answer to."""
    wanted = (address.email for address in read.reply_to if not plus.own(address.email, settings.own_addresses))
    if (via := next(wanted, None)) and via != sender.handle.value:
        return Reply(allowed=("text",), via=_email(via))
    return Reply(allowed=("text",) if read.sender else ())


def _fields(read: mail.Mail) -> dict[str, FieldValue]:
    """What a calendar invitation, answer or cancellation is about; the file itself is among the attachments."""
    if read.calendar is None:
        return {}
    found = read.calendar
    lines = {"method": found.method, "summary": found.summary, "start": found.start, "zone": found.zone}
    return {f"calendar_{name}": value for name, value in lines.items() if value}


def _attachment(part: mail.Attachment) -> InboundAttachment:
    return InboundAttachment(
        filename=part.filename, content_type=part.content_type, content=part.content, content_id=part.content_id
    )
