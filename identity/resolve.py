"""Whose message is it: one session a batch, inside the transaction that commits the batch. The rules are in docs/identity.md.

A session reads everything it needs in a constant number of statements, works in memory message by message (the second
message of a sender sees the first in its history), and writes everything back in `save`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from identity.acts import RULE
from identity.contact import Contact, contact_of
from identity.conversations import Conversations
from identity.history import SNIPPET, add
from identity.joining import Joining
from identity.merging import show
from identity.owners import Owners
from identity.people import Customer, Identified, Interaction, Link, Match
from identity.policy import Policy
from identity.profile import Facts, Field, say
from identity.said import DAY_MS
from identity.suggestions import Suggestions
from normalizer.message import Message
from normalizer.text import snippet


class IdentitySession:
    """The customers and conversations of one batch."""

    def __init__(self, connection: Connection, messages: Sequence[Message], policy: Policy) -> None:
        self._policy = policy
        self._contacts = {message.id: contact_of(message, policy) for message in messages}
        contacts = list(self._contacts.values())
        self._owners = Owners(connection, contacts, policy)
        customers = self._owners.customers
        self._conversations = Conversations(
            connection,
            contacts,
            customers.values(),
            window_ms=policy.window_ms,
            most=policy.talk_most,
            root=self._owners.root,
        )
        self._suggestions = Suggestions(connection, contacts, policy.suggestions_per_day)
        self._joining = Joining(connection, self._owners, self._suggestions, self._conversations.known, policy, actor=RULE)
        self._now_ms = max((contact.received_ms for contact in contacts), default=0)

    def link_of(self, message: Message) -> str | None:
        """The id of the link that a message's sender had before this batch, or None."""
        link = self._owners.links.get(self._contacts[message.id].sender.key)
        return None if link is None else link.id

    def identify(self, message: Message, aside: str | None = None) -> Identified:
        """The customer, the conversation and the number of this message. Call once a message, in order, then `record`.

        `aside` is a conversation that it only adds to, without opening it again or waiting for an answer, where that is its
        customer's."""
        contact = self._contacts[message.id]
        self._see(contact)
        link = self._owners.links[contact.sender.key]
        ambiguous = self._merge(contact, link)
        customer = self._owners.owner(link)
        match = _match(customer, link, contact, ambiguous=ambiguous)
        earlier = customer.messages
        history, unanswered = ((), 0) if contact.of_many else (tuple(customer.history), customer.unanswered)
        repeated = _repeated(customer, contact)
        beside = self._conversations.join_aside(aside, contact, customer) if aside is not None else None
        conversation = beside or self._conversations.join(contact, customer, repeated)
        awaits_answer = contact.awaits_answer and beside is None
        self._suggest(customer, link, contact)
        self._count(customer, contact, awaits_answer=awaits_answer)
        if not contact.of_many:
            self._learn(customer, link, message, contact)
        return Identified(
            customer=customer,
            handle_id=link.id,
            match=match,
            conversation=replace(conversation, channels=list(conversation.channels)),
            sequence=customer.sequence,
            earlier=earlier,
            unanswered=unanswered,
            history=history,
            repeat_of=repeated.id if repeated else None,
            at_ms=contact.at_ms,
            awaits_answer=awaits_answer,
            aside=beside is not None,
        )

    def record(self, identified: Identified, message: Message, category: str) -> None:
        """Put the routed message into its customer's history, for the messages that follow."""
        contact = self._contacts[message.id]
        interaction = Interaction(
            id=str(message.id),
            at_ms=contact.at_ms,
            channel=message.inbound.channel,
            category=category,
            direction="inbound",
            snippet=snippet(message.inbound.text or message.inbound.subject or "", SNIPPET),
            conversation=identified.conversation.id,
            words=contact.words,
        )
        customer = identified.customer
        add(customer, interaction)
        self._conversations.remember(message.inbound.external_id, customer, identified.conversation.id)

    def save(self) -> None:
        """Write what changed."""
        self._joining.save(self._now_ms)
        self._conversations.save()

    @property
    def conversations(self) -> Collection[str]:
        """Those that contacts of this batch may belong to, but for the ones that it opens."""
        return self._conversations.known.keys()

    @property
    def left_out(self) -> Counter[str]:
        """After `save`: suggestions that were too many of one customer in a day, by reason."""
        return self._suggestions.left_out

    def _see(self, contact: Contact) -> None:
        """Let go of addresses that are somebody else's by now, link those that nobody has, and note that they were seen."""
        owners = self._owners
        lost = owners.lose(contact)
        owners.give(contact)
        owners.see(contact)
        for owner, link in lost:
            self._joining.ended(link, owner, contact)

    def _merge(self, contact: Contact, link: Link) -> bool:
        """Join the owners of the contact's own handles, as far as no guard forbids it; whether one did."""
        found = [self._joining.join(link, self._owners.links[one.key], contact, contact.received_ms) for one in contact.own[1:]]
        return any(isinstance(one, str) for one in found)

    def _count(self, customer: Customer, contact: Contact, *, awaits_answer: bool) -> None:
        self._joining.touched.add(customer.id)
        customer.sequence += 1
        customer.messages += 1
        customer.unanswered += awaits_answer
        customer.first_seen_ms = min(customer.first_seen_ms, contact.at_ms)
        customer.last_seen_ms = max(customer.last_seen_ms, contact.at_ms)

    def _learn(self, customer: Customer, link: Link, message: Message, contact: Contact) -> None:
        """What the contact says of its customer, for whom it is at the top, and for whose handle it came by."""
        home = self._owners.customers[link.home_id]
        said: tuple[tuple[Field, str | None], ...] = (("name", message.inbound.sender.name), ("language", message.language))
        for field, value in said:
            if value is None:
                continue
            changed = _say(customer.facts, field, value, contact.at_ms)
            if home is not customer:
                _say(home.facts, field, value, contact.at_ms)
            if home.own_facts is not None:
                _say(home.own_facts, field, value, contact.at_ms)
            self._joining.touched.add(home.id)
            if changed:
                show(customer, self._policy)

    def _suggest(self, customer: Customer, link: Link, contact: Contact) -> None:
        """Name the other customers who own, or also claimed, a handle of this message: a person may link them."""
        own = {named.key for named in contact.own}
        if contact.named and (before := self._owners.accepted.pop(contact.sender.key, None)):
            self._suggestions.add(customer, before, "same_claim", contact)  # a pair that is one by now is left out
        for named in contact.named:
            for _, key in named.keys:
                other = self._owners.links.get(key)
                if other is not None and key not in own and self._owners.root(other.customer_id) != customer.id:
                    self._suggestions.add(customer, other.customer_id, "same_claim", contact)
        self._suggestions.mention(customer, link, contact)


def _say(facts: Facts, field: Field, value: str, at_ms: int) -> bool:
    """Enter what a channel says; whether it is something else than before. Also the same is entered, with its time: it is the
    latest where customers are put together."""
    before = facts.get(field, {}).get("connector")
    return say(facts, field, "connector", value, at_ms) and (before is None or before[0] != value)


def _repeated(customer: Customer, contact: Contact) -> Interaction | None:
    """What the same customer wrote in the same words within a day on another channel: the first of them."""
    if not contact.words or contact.of_many:
        return None
    since = contact.at_ms - DAY_MS
    return next(
        (
            one
            for one in customer.history
            if one.words == contact.words
            and since <= one.at_ms <= contact.at_ms
            and one.channel != contact.message.inbound.channel
        ),
        None,
    )


def _match(customer: Customer, link: Link, contact: Contact, *, ambiguous: bool) -> Match:
    if ambiguous:
        return "ambiguous"
    if customer.standing == "claimed":
        return "claimed"
    if customer.messages == 0:
        return "new"
    return "agent" if "agent" in (contact.sender.handle.proof, link.proof) else "verified"
