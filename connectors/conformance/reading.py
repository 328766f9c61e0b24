"""What a channel makes of what is signed: everything is read or kept, one by one, and nothing is raised."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import msgspec

from connectors.base import Parsed
from connectors.conformance.bodies import NOT_OURS, Way, at, dump, is_json, put, ways, without, wrong_everywhere
from connectors.conformance.check import Check, contact, held, keys, messages, outcome, read, require, secrets_of, trying
from connectors.conformance.subject import ARRIVED, Subject
from connectors.errors import Rejected
from normalizer.inbound import InboundMessage, Kind

CANARY: Final = "CANARY-7731"
_CONTENT: Final[frozenset[Kind]] = frozenset({"reaction", "delete", "unsupported", "visit", "call", "edit", "media"})
"""Kinds that may come without a word, a place, a card, a button or a field."""
_MANY: Final = 2_000
_BAD: Final[tuple[Any, ...]] = (17, None, "x", [], {}, {"type": 5}, {"id": [], "type": {}})
"""What may stand in the place of an event."""


def _content_type(subject: Subject) -> str:
    return subject.request(b"").content_type


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
        require(held(parsed) or _empty(body), f"{name}: nothing of it was kept")


def _empty(body: bytes) -> bool:
    """Whether a body has an array without elements: a provider's test of the address."""
    return is_json(body) and any(at(json.loads(body), way) == [] for way in ways(json.loads(body)))


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


def every_event_of_a_batch_is_read(subject: Subject) -> None:
    """One request holds several events; each is there, not only the first."""
    parsed = read(subject, _batch(subject), subject.batch or "")
    require(held(parsed) > 1, f"{subject.batch}: {held(parsed)} of several events")
    require(len(set(keys(parsed))) == len(keys(parsed)), f"{subject.batch}: its events do not have keys of their own")
    for way, array in _arrays(subject):
        for index in range(len(array)):
            gone = read(subject, dump(without(json.loads(_batch(subject)), (*way, index))), "a batch without one of its events")
            require(held(gone) <= held(parsed), f"{subject.batch}: more is read of it when an element is taken out")


def a_bad_event_never_spoils_its_neighbours(subject: Subject) -> None:
    """With any value in the place of one event, all others are read as before."""
    document = json.loads(_batch(subject))
    for way, array in _arrays(subject):
        for index in range(len(array)):
            rest = read(subject, dump(without(document, (*way, index))), "a batch without one of its events")
            for bad in _BAD:
                found = read(subject, dump(put(document, (*way, index), bad)), "a batch with a bad event")
                where = f"{subject.batch}: {bad!r} at {'.'.join(map(str, (*way, index)))}"
                lost = set(keys(rest)) - set(keys(found))
                require(not lost or not _events(rest, way), f"{where}: {len(lost)} of its neighbours are lost")


def _events(rest: Parsed, way: Way) -> bool:
    """Whether the array is one of events: what remains is still several things, or it is not inside an event."""
    return held(rest) > 0 and len(way) > 0


def _batch(subject: Subject) -> bytes:
    return subject.samples[subject.batch or subject.contact]


def _arrays(subject: Subject) -> Iterator[tuple[Way, list[Any]]]:
    """The arrays of the batch that hold its events: taking an element out takes an event out."""
    document = json.loads(_batch(subject))
    whole = keys(read(subject, _batch(subject), "the batch"))
    for way in ways(document):
        array = at(document, way)
        if isinstance(array, list) and len(array) > 1:
            less = keys(read(subject, dump(without(document, (*way, 0))), "the batch without an element"))
            more = keys(read(subject, dump(without(document, (*way, len(array) - 1))), "the batch without an element"))
            if len(less) < len(whole) and len(more) < len(whole):
                yield way, array


def raw_is_read_again(subject: Subject) -> None:
    """What is kept of a contact gives the same contact, without headers: quarantine and replay read it so."""
    connector = subject.connector()
    for name, message in messages(subject):
        with trying(f"{name}: its raw bytes"):
            again = connector.reread(message.raw, message.raw_content_type, ARRIVED)
        found = [msgspec.structs.replace(one, raw=b"") for one in again.messages]
        require(msgspec.structs.replace(message, raw=b"") in found, f"{name}: its raw bytes do not give the contact again")


def what_is_kept_is_exact(subject: Subject) -> None:
    """A body that cannot be read is in quarantine byte for byte, with a reason that can be driven again."""
    connector = subject.connector()
    for body in NOT_OURS:
        found = outcome(subject, subject.request(body), f"the body {body[:12]!r}")
        if isinstance(found, Rejected):
            continue
        require(not found.messages, f"the body {body[:12]!r} was read as a contact")
        for kept in found.unreadable:
            require(kept.raw == body, f"the body {body[:12]!r} was not kept as it came")
            with trying(f"the body {body[:12]!r}, read again"):
                connector.reread(kept.raw, kept.content_type, ARRIVED)


def a_wrong_type_anywhere_loses_nothing(subject: Subject) -> None:
    """Any value at any place of any sample: nothing is raised, and something is kept."""
    for name, body in subject.samples.items():
        for where, changed in wrong_everywhere(body, _content_type(subject)):
            found = outcome(subject, subject.request(changed), f"{name}: {where}")
            if isinstance(found, Parsed):
                require(held(found) or _empty(changed) or _empty(body), f"{name}: {where}: nothing was kept")
                if changed:
                    _fit_the_journal(found, f"{name}: {where}")


def _fit_the_journal(parsed: Parsed, what: str) -> None:
    for message in parsed.messages:
        require(message.event_key and message.external_id and message.sender.handle.value, f"{what}: without key, id or sender")
        with trying(f"{what}: written to the journal"):
            again = msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=InboundMessage)
            require(again == message, f"{what}: it comes out of the journal as something else")
    for kept in parsed.unreadable:
        require(kept.raw and kept.detail, f"{what}: kept without its bytes or without a reason")


def a_new_word_is_kept(subject: Subject) -> None:
    """Providers add kinds. Whatever text stands where one was known, something is kept."""
    for name, body in subject.samples.items():
        if not is_json(body):
            continue
        document = json.loads(body)
        for way in ways(document):
            if isinstance(at(document, way), str):
                found = outcome(subject, subject.request(dump(put(document, way, "regia_new_word"))), f"{name}: a new word")
                require(isinstance(found, Rejected) or held(found) or _empty(body), f"{name}: a new word at {way}: lost")


def odd_texts_arrive(subject: Subject) -> None:
    """Emoji, right to left, half a surrogate pair, NUL and a megabyte of text: the contact is there or kept."""
    body = contact(subject)
    if not is_json(body):
        return
    document = json.loads(body)
    for text in ("👩🏽‍🍳", "مرحبا אבא", "\ud83d", "a\x00b", "a" * 1_000_000, "<b>&amp;</b>", "\u202e\u2028\r\n"):
        for way in ways(document):
            if isinstance(at(document, way), str):
                found = outcome(subject, subject.request(dump(put(document, way, text))), f"the text {text[:6]!r}")
                require(isinstance(found, Rejected) or held(found), f"the text {text[:6]!r} at {way}: nothing was kept")


def many_events_are_all_read(subject: Subject) -> None:
    """Thousands of events in one request are thousands of events."""
    document = json.loads(_batch(subject))
    for way, array in _arrays(subject):
        before = held(read(subject, _batch(subject), "the batch"))
        many = put(document, way, array + [array[0]] * _MANY)
        found = held(read(subject, dump(many), f"{_MANY} events"))
        require(found >= before + _MANY, f"of {_MANY} more events at {way} only {found - before} were read")


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


def nothing_of_a_customer_is_told(subject: Subject) -> None:
    """Reasons and logs name places, never what was found there, and no secret."""
    secrets = secrets_of(subject)
    for name, body in subject.samples.items():
        if not is_json(body):
            continue
        document = json.loads(body)
        for way in ways(document):
            changed = dump(put(document, way, {CANARY: CANARY}))
            with _logged() as lines:
                found = outcome(subject, subject.request(changed), name)
            told = [found.detail] if isinstance(found, Rejected) else [kept.detail for kept in found.unreadable]
            told += lines
            require(not any(CANARY in text for text in told), f"{name}: what stands at {way} is told in a reason or a log")
            require(not any(secret in text for text in told for secret in secrets), f"{name}: a secret is told")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What is logged meanwhile, values included."""
    lines: list[str] = []

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.__dict__}")

    handler, root = Note(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _has_batch(subject: Subject) -> bool:
    return subject.batch is not None and is_json(_batch(subject))


READING: Final[tuple[Check, ...]] = (
    Check(the_contact_is_one_message),
    Check(every_sample_is_read),
    Check(every_contact_says_something),
    Check(reading_is_pure),
    Check(repeats_have_the_same_keys),
    Check(different_events_have_different_keys),
    Check(every_event_of_a_batch_is_read, _has_batch),
    Check(a_bad_event_never_spoils_its_neighbours, _has_batch),
    Check(many_events_are_all_read, _has_batch),
    Check(raw_is_read_again),
    Check(what_is_kept_is_exact),
    Check(a_wrong_type_anywhere_loses_nothing),
    Check(a_new_word_is_kept),
    Check(odd_texts_arrive),
    Check(senders_are_who_the_provider_says),
    Check(times_are_in_utc),
    Check(brands_are_announced),
    Check(an_unknown_account_is_kept, lambda subject: "accounts" in subject.settings),
    Check(what_it_can_do_is_declared),
    Check(nothing_of_a_customer_is_told),
)
