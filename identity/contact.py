"""One message as identity looks at it: whose it may be, when it was written, what it answers. Worked out once a message."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from identity import naming, said
from identity.people import Standing, handle_key, standing
from identity.policy import Policy
from identity.said import Mention
from normalizer.inbound import Handle, InboundMessage, Kind
from normalizer.message import Message

_MOST_REFERENCES: Final = 30
_MOST_HANDLES: Final = 20
"""Aliases, and claims, of one message that are looked at: a batch of messages with more would pass the databases' limit
on the parameters of a statement."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_AFTERTHOUGHTS: Final[frozenset[Kind]] = frozenset({"edit", "delete", "reaction"})


@dataclass(frozen=True, slots=True)
class Named:
    """A handle with its key as somebody's own and its key as a mere claim."""

    handle: Handle
    keys: tuple[tuple[Standing, str], ...]
    key: str
    """The one of the two that its own proof asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`own`: the sender's handle and those that are surely the same person's; `in_use`: those of them that this contact shows
    to be in use. `named`: these and all others it names; none where `of_many` people write under this sender, of whom each
    knows nothing of the others."""

    message: Message
    of_many: bool
    own: tuple[Named, ...]
    in_use: tuple[Named, ...]
    named: tuple[Named, ...]
    references: tuple[str, ...]
    """The external ids it answers or is about, nearest first."""
    conversation: str | None
    """The one it names by our own mark."""
    received_ms: int
    at_ms: int
    """Its place in history and conversation."""
    awaits_answer: bool
    words: str
    """A digest of its words, empty where they are too few to know them again."""
    mentions: tuple[Mention, ...]

    @property
    def sender(self) -> Named:
        return self.own[0]

    @property
    def evidence(self) -> str:
        return f"{self.message.connector}/{self.message.id}"


def keyed(space: str, handle: Handle) -> Named:
    """A handle with its keys in a brand."""
    verified, claimed = handle_key(space, "verified", handle), handle_key(space, "claimed", handle)
    key = claimed if standing(handle) == "claimed" else verified
    return Named(handle, (("verified", verified), ("claimed", claimed)), key)


def contact_of(message: Message, policy: Policy) -> Contact:
    inbound = message.inbound
    sender = inbound.sender
    first = keyed(inbound.brand, sender.handle)
    aliases = [keyed(inbound.brand, alias) for alias in sender.aliases[:_MOST_HANDLES] if not policy.is_shared(alias)]
    claims = [keyed(inbound.brand, claim) for claim in sender.claims[:_MOST_HANDLES] if not policy.is_shared(claim)]
    of_many = policy.is_shared(sender.handle) or sender.of_many or inbound.automated == "list"
    # What was only typed proves nothing about anything else that was typed: an address of another customer beside an
    # own number would join the two. Both sides need a proof, and a mailbox of many proves nothing about one of them.
    joined = () if of_many else [one for one in aliases if "claimed" not in (standing(sender.handle), standing(one.handle))]
    at_ms = _ms(_written_at(message))
    words = [] if inbound.kind in _AFTERTHOUGHTS else said.split(inbound.text)
    return Contact(
        message=message,
        of_many=of_many,
        own=(first, *joined),
        in_use=(first,) if sender.recorded else (first, *joined),
        named=() if of_many else (first, *aliases, *claims),
        references=_references(inbound),
        conversation=inbound.thread.conversation,
        received_ms=_ms(message.received_at),
        at_ms=at_ms,
        awaits_answer=not (inbound.kind in _AFTERTHOUGHTS or inbound.automated or inbound.backlog),
        words=said.digest(words, said.REPEAT_WORDS),
        mentions=() if inbound.automated or of_many else (*_mentions(inbound, words, at_ms, policy), *_claims(claims)),
    )


def _mentions(inbound: InboundMessage, words: list[str], at_ms: int, policy: Policy) -> tuple[Mention, ...]:
    orders = [str(value) for name in policy.order_fields if (value := inbound.fields.get(name)) not in (None, "", False)]
    return (
        *said.orders(inbound.brand, orders),
        *said.texts(inbound.brand, words, at_ms),
        *said.name(inbound.brand, naming.full(inbound.sender.name)),
    )


def _claims(claims: Iterable[Named]) -> Iterable[Mention]:
    """Addresses that people look for others by."""
    return (said.claim(dict(one.keys)["claimed"]) for one in claims if one.handle.kind in said.TYPED)


def _references(inbound: InboundMessage) -> tuple[str, ...]:
    named = (inbound.thread.in_reply_to, inbound.refers_to, *reversed(inbound.thread.references))
    return tuple(dict.fromkeys(ref for ref in named if ref))[:_MOST_REFERENCES]


def _written_at(message: Message) -> datetime:
    """When it arrived; for what is imported when it was sent, unless that lies in the future."""
    sent_at = message.inbound.sent_at
    if message.inbound.backlog and sent_at is not None and sent_at <= message.received_at:
        return sent_at
    return message.received_at


def _ms(at: datetime) -> int:
    # In whole numbers, as the envelope shows the same time: through a float it could be the millisecond before.
    return (at - _EPOCH) // _MS
