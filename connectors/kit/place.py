"""The account of ours that a request came to, in our words, and what is made in its name."""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.base import ChannelEvent, Status
from connectors.errors import SendFailed
from connectors.kit.content import Content
from connectors.reading import Misshapen, encode
from normalizer.inbound import FieldValue, Handle, InboundMessage, Reply, Sender, Thread

JSON: Final = "application/json"
STATES: Final = frozenset({"sent", "delivered", "read", "failed", "deleted", "played", "echo"})


class UnknownAccount(Exception):
    """The request is about an account that is not configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`account` is None where the provider's requests do not name one."""

    brand: str
    channel: str
    account: str | None = None

    def contact(
        self,
        content: Content,
        *,
        key: str,
        sender: Sender,
        raw: bytes,
        external_id: str | None = None,
        sent_at: datetime | None = None,
        reply: Reply = Reply(),  # noqa: B008  # an immutable value
        thread: Thread = Thread(),  # noqa: B008  # as above
        fields: Mapping[str, FieldValue] | None = None,
        content_type: str = JSON,
    ) -> InboundMessage:
        """A contact. `key` is what makes the event a repeat; `external_id`, where it differs, the message it is about."""
        handle = sender.handle
        return InboundMessage(
            event_key=key,
            external_id=content.about or external_id or key,
            brand=self.brand,
            channel=self.channel,
            account=self.account,
            kind=content.kind,
            sender=sender,
            order_key=f"{handle.kind}:{handle.value}",
            raw=raw,
            raw_content_type=content_type,
            sent_at=sent_at,
            refers_to=content.about or content.refers_to,
            subject=content.subject,
            text=content.text,
            attachments=content.attachments,
            location=content.location,
            contacts=content.contacts,
            button=content.button,
            reaction=content.reaction,
            call=content.call,
            fields={**(fields or {}), **content.fields},
            page=content.page,
            thread=thread,
            automated=content.automated,
            language=content.language,
            reply=reply,
        )

    def status(
        self,
        word: str,
        *,
        key: str,
        external_id: str,
        raw: bytes,
        at: datetime | None = None,
        recipient: str | None = None,
        error: str | None = None,
        token: str | None = None,
    ) -> Status:
        """What became of a message of ours. A word that is none of ours is kept as `other:word`."""
        return Status(
            event_key=key,
            external_id=external_id,
            brand=self.brand,
            channel=self.channel,
            account=self.account,
            state=word if word in STATES else f"other:{word}",
            raw=raw,
            at=at,
            recipient=recipient,
            error=error,
            token=token,
        )

    def event(self, word: str, *, key: str, raw: bytes, at: datetime | None = None) -> ChannelEvent:
        """Something that is neither a contact nor about a message of ours."""
        return ChannelEvent(event_key=key, type=word, account=self.account, raw=raw, brand=self.brand, at=at)

    def handle(self, kind: str, value: str, account_id: str | None = None) -> Handle:
        """A verified platform id. It is unique only within the account that saw it, so the account is a part of it."""
        return Handle(kind, f"{account_id}:{value}" if account_id else value, "verified")


def recipient(handle: Handle, kinds: Container[str], account_id: str | None = None) -> str:
    """The platform id in a handle that `Place.handle` made for this account: the way back. Ids may hold colons themselves, so
    exactly the account is taken away. Raises `SendFailed` for a kind that is not one of `kinds`, and for a person whom another
    account knows: under the same id this one may know somebody else."""
    if handle.kind not in kinds:
        raise SendFailed("invalid_recipient", f"this channel cannot write to a handle of kind {handle.kind!r}")
    scope = f"{account_id}:" if account_id else ""
    if not handle.value.startswith(scope) or handle.value == scope:
        raise SendFailed("invalid_recipient", "the handle is not one of the account that the message leaves from")
    return handle.value.removeprefix(scope)


def fingerprint(*parts: Any) -> str:
    """A key for an event without an id: equal exactly when what it says is. Raises `Misshapen` for what nobody can write."""
    told = encode(list(parts))
    if told is None:
        raise Misshapen("event", "values that are not nested hundreds of levels deep")
    return hashlib.sha256(told).hexdigest()
