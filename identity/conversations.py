"""Which conversation a message belongs to: the one it answers, or its customer's open one while that is recent."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from identity import store_conversations as store
from identity.contact import Contact
from identity.ids import new_id
from identity.people import Conversation, Customer, Interaction


class Conversations:
    """The conversations of one batch. `window_ms`: how long a conversation stays open without a word; one of `most` messages
    takes only answers; `root` gives who is at the top of a customer now."""

    def __init__(
        self,
        connection: Connection,
        contacts: Sequence[Contact],
        customers: Iterable[Customer],
        *,
        window_ms: int,
        most: int,
        root: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._window_ms = window_ms
        self._most = most
        self._root = root
        self._threads: dict[str, list[tuple[str, str]]] = {}
        threads = store.threads(connection, {ref for contact in contacts for ref in contact.references})
        for (external_id, owner), conversation in threads.items():
            self._threads.setdefault(external_id, []).append((owner, conversation))
        words = {contact.words for contact in contacts if contact.words}
        wanted = {contact.conversation for contact in contacts if contact.conversation} | set(threads.values())
        for customer in customers:
            wanted |= {customer.conversation_id or "", *(one.conversation for one in customer.history if one.words in words)}
        self.known = store.load(connection, wanted - {""})
        self._new: set[str] = set()
        self._touched: dict[str, Conversation] = {}

    def join(self, contact: Contact, customer: Customer, repeated: Interaction | None) -> Conversation:
        """The conversation of this contact, which counts it already. `repeated` is what it says again."""
        at, channel = contact.at_ms, contact.message.inbound.channel
        conversation = (
            self._answered(contact, customer)
            or self._of(repeated, customer)
            or self._recent(contact, customer)
            or self._opened(customer, at)
        )
        conversation.reopened = not conversation.open or at > conversation.last_ms + self._window_ms
        conversation.messages += 1
        conversation.open = True
        # Imported messages come in any order.
        conversation.opened_ms = min(conversation.opened_ms, at)
        conversation.last_ms = max(conversation.last_ms, at)
        if channel not in conversation.channels:
            conversation.channels.append(channel)
        current = self._current(customer)
        if current is None or self._rank(current) <= self._rank(conversation):
            customer.conversation_id = conversation.id
        self._touched[conversation.id] = conversation
        return conversation

    def join_aside(self, conversation_id: str, contact: Contact, customer: Customer) -> Conversation | None:
        """A conversation of the customer's that counts this contact, and is as open or closed as it was, at the time it was;
        None where it is not theirs."""
        if conversation_id not in self.known:
            self.known |= store.load(self._connection, [conversation_id])
        found = self.known.get(conversation_id)
        if found is None or found.split or self._root(found.owner_id) != customer.id:
            return None
        found.messages += 1
        found.reopened = False
        if (channel := contact.message.inbound.channel) not in found.channels:
            found.channels.append(channel)
        self._touched[found.id] = found
        return found

    def remember(self, external_id: str, customer: Customer, conversation_id: str) -> None:
        """Let the messages that follow find the conversation of this one when they answer it."""
        self._threads.setdefault(external_id, []).insert(0, (customer.id, conversation_id))

    def save(self) -> None:
        store.save(self._connection, self._touched.values(), self._new)

    def _answered(self, contact: Contact, customer: Customer) -> Conversation | None:
        """By our own mark, else by the message it refers to. Both tell what it is about and neither who writes: everybody who
        was shown the mail knows its mark, so only the customer of that conversation joins it."""
        named = self.known.get(contact.conversation or "")
        if named is not None and not named.split and self._root(named.owner_id) == customer.id:
            return named
        for reference in contact.references:
            for owner, conversation_id in self._threads.get(reference, ()):
                found = self.known.get(conversation_id)
                if found is not None and not found.split and self._root(owner) == customer.id:
                    return found
        return None

    def _of(self, repeated: Interaction | None, customer: Customer) -> Conversation | None:
        found = self.known.get(repeated.conversation) if repeated else None
        if found is None or found.split or found.messages >= self._most or self._root(found.owner_id) != customer.id:
            return None
        return found

    def _rank(self, conversation: Conversation) -> tuple[bool, int]:
        """The last one is gone on with: of those that take more, where there are any."""
        return conversation.messages < self._most, conversation.last_ms

    def _recent(self, contact: Contact, customer: Customer) -> Conversation | None:
        """The open one, unless many people write as this customer: whose it is, nobody knows."""
        current = None if contact.of_many else self._current(customer)
        if current is None or current.messages >= self._most:
            return None
        if current.opened_ms - self._window_ms <= contact.at_ms <= current.last_ms + self._window_ms:
            return current
        return None

    def _opened(self, customer: Customer, at: int) -> Conversation:
        conversation = Conversation(new_id("con"), customer.space, customer.id, opened_ms=at, last_ms=at)
        self.known[conversation.id] = conversation
        self._new.add(conversation.id)
        return conversation

    def _current(self, customer: Customer) -> Conversation | None:
        """The customer's latest conversation while it is open. One that somebody closed is not gone on with."""
        current = self.known.get(customer.conversation_id or "")
        return current if current and current.open and not current.split else None
