"""One request, many events: each is read by itself, so that an unreadable one never takes its neighbours with it.

A channel lays its body out flat (`lay_out`) and says what one element is (`read`). The shape of the request is judged
by the first, what an element says by the second.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from connectors.base import ChannelEvent, Parsed, Status, Unreadable
from connectors.errors import QuarantineReason
from connectors.kit.place import JSON, UnknownAccount
from connectors.reading import Misshapen, Part, decode, encode
from normalizer.inbound import InboundMessage

Found: TypeAlias = InboundMessage | Status | ChannelEvent | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One thing that a request held. `alone` is the smallest request that holds only it, which the channel reads again;
    `within` what it hung on (the account, the entry), as the channel needs it; `word` which array or key it stood in."""

    value: Any
    path: str
    alone: Any
    within: Part = field(default_factory=lambda: Part({}))
    word: str = ""
    problem: Misshapen | None = None

    @property
    def part(self) -> Part:
        """Raises `Misshapen`, also for what was wrong with what it hung on."""
        if self.problem is not None:
            raise self.problem
        return Part.of(self.value, self.path)


def read_json(
    body: bytes,
    lay_out: Callable[[Part], Iterable[Element]],
    read: Callable[[Element, bytes], Found | Iterable[Found]],
) -> Parsed:
    """Everything a verified JSON body held. `read` gets an element and its raw bytes: the body as it came where it held
    this one alone, else the smallest body that holds it, encoded anew. Nothing is raised for what arrives."""
    try:
        elements = list(lay_out(Part.of(decode(body), "body")))
    except Misshapen as problem:
        return parsed([unreadable(body, str(problem))])
    except ValueError:
        return parsed([unreadable(body, "the body is not JSON", reason="undecodable")])
    found: list[Found] = []
    for element in elements:
        raw = body if len(elements) == 1 else encode(element.alone) or body
        found += attempt(lambda element=element, raw=raw: read(element, raw), raw, element.path)  # type: ignore[misc]
    return parsed(found)


def attempt(
    read: Callable[[], Found | Iterable[Found]], raw: bytes, path: str = "body", content_type: str = JSON
) -> Iterator[Found]:
    """What `read` gives, or why it cannot be read."""
    try:
        found = read()
        yield from [found] if isinstance(found, InboundMessage | Status | ChannelEvent | Unreadable) else list(found)
    except Misshapen as problem:
        yield unreadable(raw, str(problem), content_type=content_type)
    except UnknownAccount:
        detail = f"{path}: its account is not among the connector's accounts"
        yield unreadable(raw, detail, reason="unknown_account", content_type=content_type)


def parsed(found: Iterable[Found]) -> Parsed:
    """What was found, by its sort."""
    every = list(found)
    return Parsed(
        messages=tuple(item for item in every if isinstance(item, InboundMessage)),
        statuses=tuple(item for item in every if isinstance(item, Status)),
        events=tuple(item for item in every if isinstance(item, ChannelEvent)),
        unreadable=tuple(item for item in every if isinstance(item, Unreadable)),
    )


def unreadable(raw: bytes, detail: str, *, reason: QuarantineReason = "unreadable", content_type: str = JSON) -> Unreadable:
    return Unreadable(reason=reason, raw=raw, content_type=content_type, detail=detail)
