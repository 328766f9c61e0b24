"""Which conversation a message belongs to: the one it answers, or its customer's open one while that is recent."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from identity import store
from identity.contact import Contact
from identity.ids import new_id
from identity.people import Conversation, Customer


class Conversations:
    """The conversations of one batch. `window_ms`: how long a conversation stays open without a word."""

    def __init__(
        self, connection: Connection, contacts: Sequence[Contact], customers: Iterable[Customer], *, window_ms: int
    ) -> None:
        self._connection = connection
        self._window_ms = window_ms
        self._threads = store.threads(connection, {ref for contact in contacts for ref in contact.references})
        current = {customer.conversation_id for customer in customers if customer.conversation_id}
        named = {contact.conversation for contact in contacts if contact.conversation}
        self._known = store.load_conversations(connection, current | named | set(self._threads.values()))
        self._new: set[str] = set()
        self._touched: dict[str, Conversation] = {}

    def join(self, contact: Contact, customer: Customer) -> Conversation:
        """The conversation of this contact, which counts it already."""
        at, channel = contact.at_ms, contact.message.inbound.channel
        conversation = self._answered(contact, customer) or self._recent(customer, at) or self._opened(customer, at)
        conversation.messages += 1
        # Imported messages come in any order.
        conversation.opened_ms = min(conversation.opened_ms, at)
        conversation.last_ms = max(conversation.last_ms, at)
        if channel not in conversation.channels:
            conversation.channels.append(channel)
        current = self._current(customer)
        if current is None or current.last_ms <= conversation.last_ms:
            customer.conversation_id = conversation.id
        self._touched[conversation.id] = conversation
        return conversation

    def remember(self, external_id: str, customer: Customer, conversation_id: str) -> None:
        """Let the messages that follow find the conversation of this one when they answer it."""
        self._threads[(external_id, customer.id)] = conversation_id

    def save(self) -> None:
        store.save_conversations(self._connection, self._touched.values(), self._new)

    def _answered(self, contact: Contact, customer: Customer) -> Conversation | None:
        """By our own mark, else by the message it refers to. Both tell what it is about and neither who writes: everybody who
        was shown the mail knows its mark, so only the customer of that conversation joins it."""
        named = self._known.get(contact.conversation or "")
        if named is not None and named.customer_id == customer.id:
            return named
        found = (self._threads.get((ref, customer.id)) for ref in contact.references)
        return self._known.get(next(filter(None, found), ""))

    def _recent(self, customer: Customer, at: int) -> Conversation | None:
        current = self._current(customer)
        if current and current.opened_ms - self._window_ms <= at <= current.last_ms + self._window_ms:
            return current
        return None

    def _opened(self, customer: Customer, at: int) -> Conversation:
        conversation = Conversation(new_id("con"), customer.space, customer.id, opened_ms=at, last_ms=at)
        self._known[conversation.id] = conversation
        self._new.add(conversation.id)
        return conversation

    def _current(self, customer: Customer) -> Conversation | None:
        """The customer's latest conversation while it is open. One that somebody closed is not gone on with."""
        current = self._known.get(customer.conversation_id or "")
        return current if current and current.open else None
