"""What tells events, and the people behind them, apart: from one sample to the next, and from one account to another."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from connectors.base import Parsed, Status
from connectors.conformance.bodies import renamed, texts
from connectors.conformance.check import Check, contact, content_type_of, kept, other, outcome, read, require
from connectors.conformance.subject import Subject
from normalizer.inbound import Handle, InboundMessage

_ABOUT_ANOTHER: Final = frozenset({"edit", "delete", "reaction"})
_WORDS: Final = ("sent", "delivered", "read", "failed", "undelivered", "seen", "played", "deleted")
"""What providers call the states of a message."""
_REPEATED: Final = ("_again", "_repeated", "_redelivered")
_EVERYWHERE: Final = frozenset({"phone", "email"})
"""Kinds of handles that mean the same person for every account."""


def _repeats(subject: Subject, name: str) -> bool:
    return name.endswith(_REPEATED) or name.startswith("same_") or name in subject.more.get("repeats", ())


def samples_share_no_key(subject: Subject) -> None:
    """An edit, a deletion, a reaction or a status has the key of nothing else: it would be taken for a repeat, and be lost."""
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    for name, body in subject.samples.items():
        if _repeats(subject, name):
            continue
        for sort, one in kept(read(subject, body, name)):
            plain = msgspec.structs.replace(one, raw=b"")
            before, known = seen.setdefault((sort, one.event_key), (name, plain))
            about = sort == "status" or _ABOUT_ANOTHER & {getattr(plain, "kind", ""), getattr(known, "kind", "")}
            require(known == plain or not about, f"{name}: its {sort} has the key of another one in {before}")


def what_is_about_a_message_has_a_key_of_its_own(subject: Subject) -> None:
    """The message that an edit, a deletion or a reaction is about was taken under its own key; the same key twice is once."""
    (plain,) = read(subject, contact(subject), subject.contact).messages
    content_type = content_type_of(subject, contact(subject))
    for name, body in subject.samples.items():
        for message in read(subject, body, name).messages:
            about = message.refers_to or message.external_id
            if message.kind not in _ABOUT_ANOTHER:
                continue
            changed = renamed(contact(subject), content_type, {plain.external_id: about})
            for original in read(subject, changed, f"{subject.contact} with the id of {name}").messages:
                same = original.event_key == message.event_key
                require(not same, f"{name}: its {message.kind} has the key of the message that it is about")


def states_of_a_message_have_keys_of_their_own(subject: Subject) -> None:
    """Sent, delivered and read are three events of one message."""
    for name, body in subject.samples.items():
        for status in read(subject, body, name).statuses:
            for word, later in _later(subject, body, status):
                same = later.event_key == status.event_key
                require(not same, f"{name}: {status.state} and {word} of one message have one key")


def _later(subject: Subject, body: bytes, status: Status) -> Iterator[tuple[str, Status]]:
    """What the same message becomes when another word stands somewhere in the body."""
    for value, write in texts(body, content_type_of(subject, body)):
        if value.lower() not in _WORDS:
            continue
        for word in _WORDS:
            found = outcome(subject, subject.request(write(word)), f"the state {word}")
            for later in found.statuses if isinstance(found, Parsed) else ():
                if later.external_id == status.external_id and later.state != status.state:
                    yield word, later


def accounts_are_kept_apart(subject: Subject) -> None:
    """The same told to another account of ours is another event, of another person: most ids hold for one account only. Where
    the provider's hold for all, `more["global_handles"]` names the kinds of handles, and `more["global_keys"]` is true, or
    names the samples of which that is so."""
    handles = _EVERYWHERE | frozenset(subject.more.get("global_handles", ()))
    for account, settings in subject.settings["accounts"].items():
        names = {str(account): other(str(account))}
        there = subject.connector(accounts={names[str(account)]: settings})
        for name, body in subject.samples.items():
            changed = renamed(body, content_type_of(subject, body), names)
            if changed == body or (changed == _anew(body)):
                continue
            here, found = read(subject, body, name), there.parse(subject.request(changed))
            _keys_differ(subject, name, here, found)
            for one, its in zip(here.messages, found.messages, strict=False):
                shared = {handle for handle in _known(one) & _known(its) if handle.kind not in handles}
                require(not shared, f"{name}: a sender of one account is the same person at another")


def _anew(body: bytes) -> bytes:
    """As `renamed` writes JSON that it did not change."""
    try:
        return json.dumps(json.loads(body)).encode()
    except ValueError:
        return body


def _keys_differ(subject: Subject, name: str, here: Parsed, there: Parsed) -> None:
    shared = subject.more.get("global_keys", ())
    if shared is True or name in shared:
        return
    both = {(sort, one.event_key) for sort, one in kept(here)} & {(sort, one.event_key) for sort, one in kept(there)}
    require(not both, f"{name}: told to two accounts, its {' and '.join(sorted({sort for sort, _ in both}))} has one key")


def _known(message: InboundMessage) -> set[Handle]:
    return {message.sender.handle, *message.sender.aliases}


def our_own_words_are_no_contact(subject: Subject) -> None:
    """An echo, of what we wrote in another program, is a status: as a contact it would be answered, and echo for ever.
    `more["echo"]` names the sample; None where this provider of the channel sends none."""
    require("echo" in subject.more, 'the channel tells echoes, but the subject names no sample of one: more["echo"]')
    name = subject.more["echo"]
    if name is None:
        return
    found = read(subject, subject.samples[name], name)
    require(not found.messages, f"{name}: our own words are taken for a contact")
    require("echo" in [status.state for status in found.statuses], f"{name}: the echo is not told")


KEYS: Final[tuple[Check, ...]] = (
    Check(samples_share_no_key),
    Check(what_is_about_a_message_has_a_key_of_its_own),
    Check(states_of_a_message_have_keys_of_their_own),
    Check(accounts_are_kept_apart, lambda subject: "accounts" in subject.settings),
    Check(our_own_words_are_no_contact, lambda subject: "echo" in subject.channel.abilities.states),
)
