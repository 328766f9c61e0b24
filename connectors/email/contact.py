"""From a mail that was read to a contact: who wrote it, what names it, what it answers, where an answer goes."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.email import plus
from connectors.email.settings import MailboxSettings
from connectors.email.writing import address as writable
from connectors.errors import SendFailed
from normalizer import mail
from normalizer.inbound import FieldValue, Handle, InboundAttachment, InboundMessage, Proof, Reply, Sender, Thread

CONTENT_TYPE: Final = "message/rfc822"
MARKED: Final = "marked_conversation"
"""Field with the conversation of ours whose mark came back in the mail, whoever wrote it. It joins nothing by itself."""
_OWN_ID: Final = "regia."
_FORMS: Final = ("text", "image", "video", "audio", "document")
"""Begins the Message-ID of every mail we send."""


@dataclass(frozen=True, slots=True)
class MailKeys:
    """What names a mail, whoever sent it: both keys stay the same in every mailbox and at every retry."""

    event_key: str
    external_id: str


def contact(read: mail.Mail, raw: bytes, settings: MailboxSettings, arrived_at: datetime | None = None) -> InboundMessage:
    """The contact that a mail to this mailbox is. `arrived_at` stands in for a date the sender does not give."""
    keys = mail_keys(read, raw)
    form = _form(read, settings)
    sender = _sender(read, keys, settings) if form is None else form
    reply = _reply(read, sender, settings)
    thread = _thread(read, settings)
    return InboundMessage(
        event_key=keys.event_key if read.message_id is None else f"{keys.event_key} {_whose(sender, reply)}",
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
        fields=_fields(read) | ({MARKED: thread.conversation} if thread.conversation else {}),
        thread=thread,
        automated=_automated(read, sender, settings, is_form=form is not None),
        reply=reply,
    )


def mail_keys(read: mail.Mail, raw: bytes) -> MailKeys:
    """Message-ID and body, never the UID: the same mail reaches two mailboxes, and one Message-ID two bodies."""
    if read.message_id is None:
        digest = sha256(raw).hexdigest()
        return MailKeys(event_key=f"sha256:{digest}", external_id=f"sha256:{digest}")
    return MailKeys(event_key=f"{read.message_id} {read.body_sha256}", external_id=read.message_id)


def _whose(sender: Sender, reply: Reply) -> str:
    """Who wrote, whether that is proved, and where an answer goes. Whoever was sent a copy of a mail knows its Message-ID and
    body: were these all that names it, his own mail with both would be this one, and the real one a repeat that nobody sees."""
    via = reply.via.value if reply.via else ""
    parts = (sender.handle.kind, sender.handle.value, sender.handle.proof, via)
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _email(address: str, proof: Proof = "claimed") -> Handle:
    return Handle(kind="email", value=address, proof=proof)


def _sender(read: mail.Mail, keys: MailKeys, settings: MailboxSettings) -> Sender:
    """The first From address, verified where a trusted server proves it (`normalizer.mail.proved`). Further From addresses,
    Reply-To and the authors a forward names are claims: anybody can write them. Our own addresses are nobody's.

    A mail without a usable From keeps a handle of its own kind. It is no address, so nothing is ever sent to it;
    it is different for every mail and every From, so no two strangers become one customer; a repeat of the mail gives it again.
    """
    if read.sender is None:
        said = f"{keys.event_key}\n{read.sender_name or ''}"
        unknown = sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        handle = Handle(kind="unknown_sender", value=f"unknown:{unknown}", proof="claimed")
        name = read.sender_name
    else:
        proof: Proof = "verified" if mail.proved(read, settings.trusted_servers) else "claimed"
        handle, name = _email(read.sender.email, proof), read.sender.name
    named = dict.fromkeys((*(address.email for address in (*read.senders, *read.reply_to)), *read.inner_authors))
    others = (address for address in named if address != handle.value and not plus.own(address, settings.own_addresses))
    return Sender(handle=handle, name=name, claims=tuple(map(_email, others)), of_many=read.of_many)


def _form(read: mail.Mail, settings: MailboxSettings) -> Sender | None:
    """The customer who filled in a form of our own site, or None for every other mail.

    Forms write from the site's own address and put the customer into Reply-To. Nothing proves who that is. A mail that we
    sent ourselves has our mark or Message-ID, and is a loop.
    """
    if read.sender is None or not plus.own(read.sender.email, settings.own_addresses):
        return None
    if read.automated == "own" or (read.message_id or "").lower().startswith(_OWN_ID):
        return None
    wanted = _wanted(read, settings)
    if not wanted:
        return None
    return Sender(handle=_email(wanted[0].email), name=wanted[0].name, claims=tuple(_email(one.email) for one in wanted[1:]))


def _wanted(read: mail.Mail, settings: MailboxSettings) -> list[mail.Address]:
    """The addresses of Reply-To that are not ours, first those that a mail can be sent to."""
    foreign = [one for one in read.reply_to if not plus.own(one.email, settings.own_addresses)]
    return sorted(foreign, key=lambda one: not _writable(one.email))


def _writable(email: str) -> bool:
    try:
        writable(email)
    except SendFailed:
        return False
    return True


def _automated(read: mail.Mail, sender: Sender, settings: MailboxSettings, *, is_form: bool) -> str | None:
    """Of a form that writes from an address nobody reads, the customer behind it is still a person."""
    if is_form and read.automated == "no_reply":
        return None
    return "own" if plus.own(sender.handle.value, settings.own_addresses) else read.automated


def _thread(read: mail.Mail, settings: MailboxSettings) -> Thread:
    """What the mail answers, and our conversation, where one of our signed marks came back with it."""
    named = None
    if key := plus.key_of(settings):
        ids = (*filter(None, (read.in_reply_to,)), *reversed(read.references))
        named = plus.in_addresses(read.recipients, settings.own_addresses, key) or plus.in_ids(ids, key)
    return Thread(in_reply_to=read.in_reply_to, references=read.references, conversation=named)


def _reply(read: mail.Mail, sender: Sender, settings: MailboxSettings) -> Reply:
    """Answers go to the first address of Reply-To that can be written to and is not ours, else to From. Without any
    address there is nothing to answer to."""
    via = next((one.email for one in _wanted(read, settings) if _writable(one.email)), None)
    if via is not None and via != sender.handle.value:
        return Reply(allowed=_FORMS, via=_email(via))
    return Reply(allowed=_FORMS if read.sender and _writable(sender.handle.value) else ())


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
