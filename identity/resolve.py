"""Whose message is it: one session a batch, inside the transaction that commits the batch.

A message belongs to the customer of its verified handle. With only a claim it belongs to the claimed customer of that
handle, who is somebody else than the verified owner: a stranger who types an address sees and changes nothing of its
owner; a suggestion names the two, for a person to decide.

A session reads everything it needs in a constant number of statements, works in memory message by message (the second
message of a sender sees the first in its history), and writes everything back in `save`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Connection

from identity import store
from identity.ids import new_id
from identity.people import HISTORY, Conversation, Customer, Identified, Interaction, Match, Standing, handle_key, standing
from normalizer.inbound import Handle
from normalizer.message import Message
from normalizer.text import snippet

_SNIPPET: Final = 120
_STANDINGS: Final[tuple[Standing, ...]] = ("verified", "claimed")
_MOST_REFERENCES: Final = 30
_MOST_HANDLES: Final = 20
"""Aliases, and claims, of one message that are looked at: a batch of messages with more would pass the databases' limit
on the parameters of a statement."""
_SUGGESTIONS: Final = UUID("2f0f6a2e-8c1c-5a0e-9d5e-7f1f0b9a2d11")


class IdentitySession:
    """The customers and conversations of one batch. `window_ms`: how long a conversation stays open without a word."""

    def __init__(self, connection: Connection, messages: Sequence[Message], *, window_ms: int) -> None:
        self._connection = connection
        self._window_ms = window_ms
        self._new_customers: set[str] = set()
        self._new_conversations: set[str] = set()
        self._owners = self._own_handles(messages)
        senders = {self._owners[_key(message, message.inbound.sender.handle)] for message in messages}
        self._customers = store.load_customers(connection, senders)
        self._add_missing_customers(messages)
        self._threads = store.threads(connection, {ref for message in messages for ref in _references(message)})
        open_ones = {customer.conversation_id for customer in self._customers.values() if customer.conversation_id}
        self._conversations = store.load_conversations(connection, open_ones | set(self._threads.values()))
        self._touched: dict[str, Conversation] = {}
        self._suggestions: list[dict[str, Any]] = []

    def identify(self, message: Message) -> Identified:
        """The customer, the conversation and the number of this message. Call once a message, in order, then `record`."""
        now = _ms(message)
        customer = self._customers[self._owners[_key(message, message.inbound.sender.handle)]]
        match: Match = _match(customer, message)
        history = tuple(customer.history)
        earlier, unanswered = customer.messages, customer.unanswered
        conversation = self._conversation(customer, message, now)
        self._suggest(customer, message, now)
        customer.messages += 1
        customer.unanswered += 1
        customer.last_seen_ms = max(customer.last_seen_ms, now)
        customer.name = message.inbound.sender.name or customer.name
        customer.language = message.language or customer.language
        return Identified(
            customer=customer,
            match=match,
            conversation=replace(conversation, channels=list(conversation.channels)),
            sequence=customer.messages,
            earlier=earlier,
            unanswered=unanswered,
            history=history,
        )

    def record(self, identified: Identified, message: Message, category: str) -> None:
        """Put the routed message into its customer's history, for the messages that follow."""
        interaction = Interaction(
            id=str(message.id),
            at_ms=_ms(message),
            channel=message.inbound.channel,
            category=category,
            direction="inbound",
            snippet=snippet(message.inbound.text or message.inbound.subject or "", _SNIPPET),
        )
        customer = identified.customer
        customer.history = [*customer.history, interaction][-HISTORY:]
        self._threads[(message.inbound.external_id, customer.id)] = identified.conversation.id

    def save(self) -> None:
        """Write what changed."""
        store.save_customers(self._connection, self._customers.values(), self._new_customers)
        store.save_conversations(self._connection, self._touched.values(), self._new_conversations)
        store.add_suggestions(self._connection, self._suggestions)

    def _own_handles(self, messages: Sequence[Message]) -> dict[str, str]:
        """Handle key to customer id for every key of the batch; unknown senders get a new customer's id.

        Two nodes that meet a new handle at once both insert it; the database lets one win, and both read the winner.
        """
        keys = {_key(message, handle, as_) for message in messages for handle in _all(message) for as_ in _STANDINGS}
        known = store.owners(self._connection, keys)
        fresh: dict[str, dict[str, Any]] = {}
        for message in messages:
            own = [handle for handle in _own(message) if _key(message, handle) not in known]
            if not own:
                continue
            owners = [known[_key(message, handle)] for handle in _own(message) if _key(message, handle) in known]
            owner = owners[0] if owners else new_id("cus")
            for handle in own:
                known[_key(message, handle)] = owner
                fresh[_key(message, handle)] = _handle_row(message, handle, owner)
        if fresh:
            store.add_handles(self._connection, list(fresh.values()))
            known |= store.owners(self._connection, fresh.keys())
        return known

    def _add_missing_customers(self, messages: Sequence[Message]) -> None:
        for message in messages:
            handle = message.inbound.sender.handle
            owner = self._owners[_key(message, handle)]
            if owner not in self._customers:
                now = _ms(message)
                self._new_customers.add(owner)
                self._customers[owner] = Customer(
                    id=owner, space=message.inbound.brand, standing=standing(handle), first_seen_ms=now, last_seen_ms=now
                )
            if owner in self._new_customers:
                self._add_handles(self._customers[owner], message)

    def _add_handles(self, customer: Customer, message: Message) -> None:
        """What `load_customers` would read once they are stored: every handle of the batch, each once."""
        known = {_key(message, handle) for handle in customer.handles}
        for handle in _own(message):
            key = _key(message, handle)
            if key not in known and self._owners[key] == customer.id:
                known.add(key)
                customer.handles.append(handle)

    def _conversation(self, customer: Customer, message: Message, now: int) -> Conversation:
        found = next(
            (self._threads[(ref, customer.id)] for ref in _references(message) if (ref, customer.id) in self._threads), None
        )
        conversation = self._conversations.get(found) if found else None
        if conversation is None and customer.conversation_id:
            current = self._conversations.get(customer.conversation_id)
            if current is not None and current.open and now - current.last_ms <= self._window_ms:
                conversation = current
        if conversation is None:
            conversation = Conversation(new_id("con"), customer.space, customer.id, opened_ms=now, last_ms=now)
            self._conversations[conversation.id] = conversation
            self._new_conversations.add(conversation.id)
        conversation.messages += 1
        conversation.last_ms = max(conversation.last_ms, now)
        if message.inbound.channel not in conversation.channels:
            conversation.channels.append(message.inbound.channel)
        customer.conversation_id = conversation.id
        self._touched[conversation.id] = conversation
        return conversation

    def _suggest(self, customer: Customer, message: Message, now: int) -> None:
        """Name the other customers who own, or also claimed, a handle of this message: a person may link them."""
        for handle in _all(message):
            for as_ in _STANDINGS:
                other = self._owners.get(_key(message, handle, as_))
                if other is not None and other != customer.id:
                    self._suggestions.append(_suggestion(customer, other, as_, handle, now))


def _suggestion(customer: Customer, other: str, standing: Standing, handle: Handle, now: int) -> dict[str, Any]:
    """The claimed side first, the owner second; between equals the order of their ids, so that a pair is named once."""
    if customer.standing == standing:
        pair = (min(customer.id, other), max(customer.id, other))
    else:
        pair = (customer.id, other) if standing == "verified" else (other, customer.id)
    return {
        "id": f"sug_{uuid5(_SUGGESTIONS, '/'.join((*pair, handle.kind))).hex}",
        "space": customer.space,
        "customer_id": pair[0],
        "owner_id": pair[1],
        "reason": f"same_{handle.kind}",
        "state": "open",
        "created_ms": now,
    }


def _match(customer: Customer, message: Message) -> Match:
    if customer.standing == "claimed":
        return "claimed"
    if customer.messages == 0:
        return "new"
    return "agent" if message.inbound.sender.handle.proof == "agent" else "verified"


def _all(message: Message) -> tuple[Handle, ...]:
    sender = message.inbound.sender
    return (sender.handle, *sender.aliases[:_MOST_HANDLES], *sender.claims[:_MOST_HANDLES])


def _own(message: Message) -> list[Handle]:
    """The handles that make this sender one person: its own and the aliases with no weaker proof."""
    sender = message.inbound.sender
    aliases = sender.aliases[:_MOST_HANDLES]
    return [sender.handle, *(alias for alias in aliases if standing(alias) == standing(sender.handle))]


def _key(message: Message, handle: Handle, as_: Standing | None = None) -> str:
    return handle_key(message.inbound.brand, as_ or standing(handle), handle)


def _handle_row(message: Message, handle: Handle, customer_id: str) -> dict[str, Any]:
    return {
        "key": _key(message, handle),
        "space": message.inbound.brand,
        "kind": handle.kind,
        "value": handle.value,
        "standing": standing(handle),
        "proof": handle.proof,
        "customer_id": customer_id,
        "since_ms": _ms(message),
        "evidence": f"{message.connector}/{message.id}",
    }


def _references(message: Message) -> tuple[str, ...]:
    """The messages this one answers or is about, nearest first."""
    inbound = message.inbound
    named = (inbound.thread.in_reply_to, inbound.refers_to, *reversed(inbound.thread.references))
    return tuple(dict.fromkeys(ref for ref in named if ref))[:_MOST_REFERENCES]


def _ms(message: Message) -> int:
    return int(message.received_at.timestamp() * 1000)
