"""Whose message is it: one session a batch, inside the transaction that commits the batch.

A message belongs to the customer of its verified handle. With only a claim it belongs to the claimed customer of that
handle, who is somebody else than the verified owner: a stranger who types an address sees and changes nothing of its
owner; a suggestion names the two, for a person to decide.

A session reads everything it needs in a constant number of statements, works in memory message by message (the second
message of a sender sees the first in its history), and writes everything back in `save`.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Connection

from identity import store
from identity.contact import Contact, contact_of
from identity.conversations import Conversations
from identity.owners import find_owners
from identity.people import HISTORY, Customer, Identified, Interaction, Match, Standing, standing
from normalizer.inbound import Handle
from normalizer.message import Message
from normalizer.text import snippet

_SNIPPET: Final = 120
_SUGGESTIONS: Final = UUID("2f0f6a2e-8c1c-5a0e-9d5e-7f1f0b9a2d11")


class IdentitySession:
    """The customers and conversations of one batch. `window_ms`: how long a conversation stays open without a word."""

    def __init__(self, connection: Connection, messages: Sequence[Message], *, window_ms: int) -> None:
        self._connection = connection
        self._contacts = {message.id: contact_of(message) for message in messages}
        contacts = list(self._contacts.values())
        self._owners = find_owners(connection, contacts)
        self._customers = store.load_customers(connection, {self._owners[one.sender.key] for one in contacts})
        self._new_customers: set[str] = set()
        self._add_missing_customers(contacts)
        self._conversations = Conversations(connection, contacts, self._customers.values(), window_ms=window_ms)
        self._suggestions: list[dict[str, Any]] = []

    def identify(self, message: Message) -> Identified:
        """The customer, the conversation and the number of this message. Call once a message, in order, then `record`."""
        contact = self._contacts[message.id]
        customer = self._customers[self._owners[contact.sender.key]]
        match: Match = _match(customer, message)
        history = tuple(customer.history)
        earlier, unanswered = customer.messages, customer.unanswered
        conversation = self._conversations.join(contact, customer)
        self._suggest(customer, contact)
        customer.messages += 1
        customer.unanswered += contact.awaits_answer
        customer.first_seen_ms = min(customer.first_seen_ms, contact.at_ms)
        customer.last_seen_ms = max(customer.last_seen_ms, contact.at_ms)
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
            at_ms=self._contacts[message.id].at_ms,
            channel=message.inbound.channel,
            category=category,
            direction="inbound",
            snippet=snippet(message.inbound.text or message.inbound.subject or "", _SNIPPET),
        )
        customer = identified.customer
        insort(customer.history, interaction, key=attrgetter("at_ms"))
        del customer.history[:-HISTORY]
        self._conversations.remember(message.inbound.external_id, customer, identified.conversation.id)

    def save(self) -> None:
        """Write what changed."""
        store.save_customers(self._connection, self._customers.values(), self._new_customers)
        self._conversations.save()
        store.add_suggestions(self._connection, self._suggestions)

    def _add_missing_customers(self, contacts: Sequence[Contact]) -> None:
        listed: set[str] = set()
        for contact in contacts:
            owner = self._owners[contact.sender.key]
            if owner not in self._customers:
                self._new_customers.add(owner)
                self._customers[owner] = _new_customer(owner, contact)
            if owner in self._new_customers:
                self._list_handles(self._customers[owner], contact, listed)

    def _list_handles(self, customer: Customer, contact: Contact, listed: set[str]) -> None:
        """What `load_customers` would read once they are stored: every handle of the batch, each once."""
        for named in contact.own:
            if named.key not in listed and self._owners[named.key] == customer.id:
                listed.add(named.key)
                customer.handles.append(named.handle)

    def _suggest(self, customer: Customer, contact: Contact) -> None:
        """Name the other customers who own, or also claimed, a handle of this message: a person may link them."""
        for named in contact.named:
            for as_, key in named.keys:
                other = self._owners.get(key)
                if other is not None and other != customer.id:
                    self._suggestions.append(_suggestion(customer, other, as_, named.handle, contact.received_ms))


def _new_customer(customer_id: str, contact: Contact) -> Customer:
    return Customer(
        id=customer_id,
        space=contact.message.inbound.brand,
        standing=standing(contact.sender.handle),
        first_seen_ms=contact.at_ms,
        last_seen_ms=contact.at_ms,
    )


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
