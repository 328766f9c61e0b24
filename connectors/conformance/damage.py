"""Bodies that are signed and not what they should be: nothing is raised, nothing is lost, and nothing is told."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from connectors.base import Parsed
from connectors.conformance.bodies import NOT_OURS, at, dump, is_json, put, ways, wrong_everywhere
from connectors.conformance.check import (
    CANARY,
    Check,
    contact,
    content_type_of,
    empty,
    held,
    outcome,
    require,
    secrets_of,
    trying,
)
from connectors.conformance.subject import ARRIVED, Subject
from connectors.errors import Rejected
from normalizer.inbound import InboundMessage


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
        for where, changed in wrong_everywhere(body, content_type_of(subject)):
            found = outcome(subject, subject.request(changed), f"{name}: {where}")
            if isinstance(found, Parsed):
                require(held(found) or empty(changed) or empty(body), f"{name}: {where}: nothing was kept")
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


def what_is_signed_is_never_refused(subject: Subject) -> None:
    """A provider gives up, or loses, what it is refused; what cannot be read waits in quarantine instead."""
    connector, signed = subject.connector(), list(subject.samples.items())
    signed += [(f"the body {body[:12]!r}", body) for body in NOT_OURS]
    signed += [
        (f"{subject.contact}: {where}", body) for where, body in wrong_everywhere(contact(subject), content_type_of(subject))
    ]
    for name, body in signed:
        request = subject.request(body)
        try:
            connector.verify(request)
        except Rejected:
            continue
        with trying(name):
            try:
                connector.parse(request)
            except Rejected as rejected:
                require(held=False, text=f"{name}: its signature is good, and it is refused with {rejected.code}")


def a_new_word_is_kept(subject: Subject) -> None:
    """Providers add kinds. Whatever text stands where one was known, something is kept."""
    for name, body in subject.samples.items():
        if not is_json(body):
            continue
        document = json.loads(body)
        for way in ways(document):
            if isinstance(at(document, way), str):
                found = outcome(subject, subject.request(dump(put(document, way, "regia_new_word"))), f"{name}: a new word")
                require(isinstance(found, Rejected) or held(found) or empty(body), f"{name}: a new word at {way}: lost")


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


DAMAGE: Final[tuple[Check, ...]] = (
    Check(what_is_kept_is_exact),
    Check(a_wrong_type_anywhere_loses_nothing),
    Check(what_is_signed_is_never_refused),
    Check(a_new_word_is_kept),
    Check(odd_texts_arrive),
    Check(nothing_of_a_customer_is_told),
)
