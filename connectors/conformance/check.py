"""One thing that a channel must hold, and how the suite says that it does not."""

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import ChannelEvent, Parsed, Request, Status
from connectors.conformance.bodies import at, is_json, ways
from connectors.conformance.subject import Subject
from connectors.errors import Rejected
from normalizer.inbound import InboundMessage

CANARY: Final = "CANARY-7731"
"""A value that must not come out again."""


class Broken(AssertionError):
    """The channel does not hold what was checked. The text says what was tried and what came of it."""


@dataclass(frozen=True, slots=True)
class Check:
    """`run` raises `Broken`, or whatever the channel raised that it should not. `applies` says for which channels it holds."""

    run: Callable[[Subject], Awaitable[None] | None]
    applies: Callable[[Subject], bool] = lambda subject: True

    @property
    def name(self) -> str:
        return self.run.__name__.replace("_", " ")

    @property
    def about(self) -> str:
        return " ".join((inspect.getdoc(self.run) or "").split())


def require(held: object, text: str) -> None:
    """Raises `Broken` with the text unless it holds."""
    if not held:
        raise Broken(text)


@contextmanager
def trying(what: str) -> Iterator[None]:
    """Say what was tried when something else than a `Broken` comes out of it."""
    try:
        yield
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"{what}: raised {type(error).__name__}, which nobody expects") from error


def outcome(subject: Subject, request: Request, what: str) -> Parsed | Rejected:
    """Verify and parse as the gateway does. Whatever else than `Rejected` is raised is a defect."""
    connector = subject.connector()
    with trying(what):
        try:
            connector.verify(request)
            return connector.parse(request)
        except Rejected as rejected:
            return rejected


def read(subject: Subject, body: bytes, what: str) -> Parsed:
    """What a signed body holds; a channel may refuse none of them."""
    found = outcome(subject, subject.request(body), what)
    if isinstance(found, Rejected):
        raise Broken(f"{what}: refused with {found.code}, although it was signed")
    return found


def contact(subject: Subject) -> bytes:
    """The body that holds one plain contact."""
    return subject.samples[subject.contact]


def held(parsed: Parsed) -> int:
    """How many things a request held, read or not."""
    return len(parsed.messages) + len(parsed.statuses) + len(parsed.events) + len(parsed.unreadable)


def keys(parsed: Parsed) -> list[str]:
    """The event keys of everything that was read."""
    return [
        *(one.event_key for one in parsed.messages),
        *(one.event_key for one in parsed.statuses),
        *(one.event_key for one in parsed.events),
    ]


def kept(parsed: Parsed) -> Iterator[tuple[str, InboundMessage | Status | ChannelEvent]]:
    """Everything that was read, each with the word for what it is: their keys are kept apart."""
    yield from (("contact", one) for one in parsed.messages)
    yield from (("status", one) for one in parsed.statuses)
    yield from (("event", one) for one in parsed.events)


def other(text: str) -> str:
    """An id of the same form that is another: its last letter or digit is the next one."""
    place = max(index for index, sign in enumerate(text) if sign.isalnum())
    sign = text[place]
    following = str((int(sign) + 1) % 10) if sign.isdigit() else ("b" if sign in "aA" else "a")
    return text[:place] + (following.upper() if sign.isupper() else following) + text[place + 1 :]


def content_type_of(subject: Subject, body: bytes = b"") -> str:
    """How the provider sends such a body."""
    return subject.request(body).content_type


def empty(body: bytes) -> bool:
    """Whether a body has an array without elements: a provider's test of the address."""
    return is_json(body) and any(at(json.loads(body), way) == [] for way in ways(json.loads(body)))


def messages(subject: Subject) -> Iterator[tuple[str, InboundMessage]]:
    """Every contact of every sample, with the sample's name."""
    for name, body in subject.samples.items():
        for message in read(subject, body, name).messages:
            yield name, message


def secrets_of(subject: Subject) -> frozenset[str]:
    """The settings' values that look like secrets: strings under keys that say so."""
    return frozenset(value for key, value in _strings(subject.settings) if _SAYS_SECRET.search(key) and len(value) >= _LONG)


_SAYS_SECRET = re.compile(r"secret|token|password|key|auth", re.IGNORECASE)
_LONG = 8


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, str(name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part, key)
    elif isinstance(value, str):
        yield key, value
