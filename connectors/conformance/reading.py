"""What a channel makes of what is signed: everything is read or kept, one by one, and nothing is raised."""

import html
from datetime import timedelta
from typing import Any, Final

import msgspec

from connectors.base import Parsed
from connectors.conformance.bodies import texts
from connectors.conformance.check import (
    Check,
    contact,
    content_type_of,
    empty,
    held,
    keys,
    messages,
    outcome,
    read,
    require,
    trying,
)
from connectors.conformance.subject import ARRIVED, Subject
from normalizer.inbound import Kind

_CONTENT: Final[frozenset[Kind]] = frozenset({"reaction", "delete", "unsupported", "visit", "call", "edit", "media"})
"""Kinds that may come without a word, a place, a card, a button or a field."""
_LONG: Final = (
    "Buongiorno,\nla Padella  è arrivata ROTTA 👩🏽‍🍳: " + " ".join(f"parola{number:04}" for number in range(246)) + "."
)
"""About 3,000 characters."""


def the_contact_is_one_message(subject: Subject) -> None:
    """The sample with a plain contact gives it, with an id, a key, a sender and words."""
    parsed = read(subject, contact(subject), subject.contact)
    require(len(parsed.messages) == 1 and not parsed.unreadable, f"{subject.contact}: {held(parsed)} things, not one contact")
    (message,) = parsed.messages
    require(message.event_key and message.external_id, f"{subject.contact}: without a key or an id")
    require(message.sender.handle.value and message.order_key, f"{subject.contact}: without a sender")


def every_sample_is_read(subject: Subject) -> None:
    """Nothing is raised for any sample, and none is read as nothing, unless it holds no events."""
    for name, body in subject.samples.items():
        parsed = read(subject, body, name)
        require(held(parsed) or empty(body), f"{name}: nothing of it was kept")


def every_contact_says_something(subject: Subject) -> None:
    """A contact has content of its kind; the words of the customer are not lost."""
    for name, message in messages(subject):
        said = (message.text, message.attachments, message.location, message.contacts, message.button, message.fields)
        require(any(said) or message.kind in _CONTENT, f"{name}: a contact of kind {message.kind} that says nothing")


def reading_is_pure(subject: Subject) -> None:
    """The same request gives the same, whenever it is read: no clock, no counter, no network."""
    for name, body in subject.samples.items():
        request = subject.request(body)
        first, second = (outcome(subject, request, name) for _ in range(2))
        require(isinstance(first, Parsed) and first == second, f"{name}: read twice, it gives two different things")


def repeats_have_the_same_keys(subject: Subject) -> None:
    """A provider's retry, an hour later, is the same event."""
    for name, body in subject.samples.items():
        again = subject.sign(body, subject.secret, ARRIVED + timedelta(hours=1))
        later = outcome(subject, again, f"{name} an hour later")
        require(isinstance(later, Parsed), f"{name} an hour later: refused")
        if isinstance(later, Parsed):
            require(keys(later) == keys(read(subject, body, name)), f"{name}: its keys change with the time it arrives")


def different_events_have_different_keys(subject: Subject) -> None:
    """Of one request, only elements that are equal may share a key: else one of them would be taken for a repeat."""
    for name, body in subject.samples.items():
        parsed = read(subject, body, name)
        found: dict[str, object] = {}
        every: list[Any] = [*parsed.messages, *parsed.statuses, *parsed.events]
        for one in every:
            plain = msgspec.structs.replace(one, raw=b"")
            require(found.setdefault(one.event_key, plain) == plain, f"{name}: two different events have one key")


def raw_is_read_again(subject: Subject) -> None:
    """What is kept of a contact gives the same contact, without headers: quarantine and replay read it so."""
    connector = subject.connector()
    for name, message in messages(subject):
        with trying(f"{name}: its raw bytes"):
            again = connector.reread(message.raw, message.raw_content_type, ARRIVED)
        found = [msgspec.structs.replace(one, raw=b"") for one in again.messages]
        require(msgspec.structs.replace(message, raw=b"") in found, f"{name}: its raw bytes do not give the contact again")


def the_words_of_a_customer_arrive_whole(subject: Subject) -> None:
    """A long text as it was written, with its lines, capitals and spaces, and to its end. Some providers escape it for HTML."""
    (plain,) = read(subject, contact(subject), subject.contact).messages
    if plain.text is None:
        return
    writes = [
        write
        for value, write in texts(contact(subject), content_type_of(subject, contact(subject)))
        if plain.text in (value, html.unescape(value))
    ]
    require(writes, f"{subject.contact}: its text stands nowhere in it")
    found: list[str | None] = []
    for write in writes:
        found += [message.text for message in read(subject, write(_LONG), "a long text").messages]
    require(_LONG in found, f"a text of {len(_LONG)} characters does not arrive as it was written")


def senders_are_who_the_provider_says(subject: Subject) -> None:
    """Claims are claimed, aliases are proven, and one sender has one order."""
    orders: dict[object, str] = {}
    for name, message in messages(subject):
        sender = message.sender
        require(all(claim.proof == "claimed" for claim in sender.claims), f"{name}: a claim that calls itself proven")
        require(all(alias.proof != "claimed" for alias in sender.aliases), f"{name}: an alias that is only claimed")
        known = orders.setdefault((sender.handle.kind, sender.handle.value), message.order_key)
        require(known == message.order_key, f"{name}: one sender, two orders")


def times_are_in_utc(subject: Subject) -> None:
    """A time has its zone, or is not there."""
    for name, message in messages(subject):
        for time in (message.sent_at, message.reply.until):
            require(time is None or time.utcoffset() == timedelta(0), f"{name}: a time that is not in UTC")


def brands_are_announced(subject: Subject) -> None:
    """Queues are declared for the brands a connector names; a contact of another one could not be routed."""
    brands = subject.connector().brands
    for name, message in messages(subject):
        require(message.brand in brands, f"{name}: its brand is not among those of the connector")


def an_unknown_account_is_kept(subject: Subject) -> None:
    """Without its account in the settings, a contact is in quarantine with the reason, and is read once that is repaired."""
    other = {"account-of-nobody": next(iter(subject.settings["accounts"].values()))}
    parsed = subject.connector(accounts=other).parse(subject.request(contact(subject)))
    require(not parsed.messages, "a contact to an account that is not configured was taken")
    require([kept.reason for kept in parsed.unreadable] == ["unknown_account"], "it was not kept as unknown_account")
    again = subject.connector().reread(parsed.unreadable[0].raw, parsed.unreadable[0].content_type, ARRIVED)
    require(len(again.messages) == 1, "what was kept is not read once its account is there")


def what_it_can_do_is_declared(subject: Subject) -> None:
    """Kinds, states and proofs that samples give are those that the channel says it has."""
    able = subject.channel.abilities
    for name, body in subject.samples.items():
        parsed = read(subject, body, name)
        for message in parsed.messages:
            require(message.kind in able.kinds, f"{name}: kind {message.kind} is not declared")
            require(message.sender.handle.proof in able.proof, f"{name}: proof {message.sender.handle.proof} is not declared")
            require(able.media or not message.attachments, f"{name}: files are not declared")
        for status in parsed.statuses:
            declared = status.state in able.states or status.state.startswith("other:")
            require(declared, f"{name}: state {status.state} is not declared")


READING: Final[tuple[Check, ...]] = (
    Check(the_contact_is_one_message),
    Check(every_sample_is_read),
    Check(every_contact_says_something),
    Check(reading_is_pure),
    Check(repeats_have_the_same_keys),
    Check(different_events_have_different_keys),
    Check(raw_is_read_again),
    Check(the_words_of_a_customer_arrive_whole),
    Check(senders_are_who_the_provider_says),
    Check(times_are_in_utc),
    Check(brands_are_announced),
    Check(an_unknown_account_is_kept, lambda subject: "accounts" in subject.settings),
    Check(what_it_can_do_is_declared),
)
