"""From a verified body to what it held, as a description says. Pure: no clock, no network, nothing raised for what arrives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from connectors.base import ChannelEvent, Parsed, Request, Status
from connectors.declared import carried, people, values
from connectors.declared.description import Description
from connectors.declared.query import Query
from connectors.declared.settings import WebhookSettings
from connectors.kit.elements import Element, Found, attempt, parsed, unreadable
from connectors.kit.place import Place, fingerprint
from connectors.reading import Misshapen, Part, decode, encode
from normalizer.inbound import InboundMessage, Reply, Thread


def read(request: Request, settings: WebhookSettings) -> Parsed:
    """Everything the body held. `raw` of an event is the body as it came where it held this one alone; otherwise the
    smallest body that holds it, where `events` is a plain path; otherwise the whole body."""
    headers = settings.described.signature.seen(request.headers)
    content_type = carried.content_type(headers, settings.described.headers)
    try:
        body = decode(request.body)
        elements = list(lay_out(settings.described, body, headers))
    except Misshapen as problem:
        return parsed([unreadable(request.body, str(problem), content_type=content_type)])
    except ValueError:
        return parsed([unreadable(request.body, "the body is not JSON", reason="undecodable", content_type=content_type)])
    found: list[Found] = []
    for element in elements:
        alone = len(elements) == 1 or element.alone is None
        raw = request.body if alone else encode(element.alone) or request.body
        event = Event(element, body, headers, settings, request.received_at, raw, content_type)
        found += attempt(event.read, raw, element.path, content_type)
    return parsed(found)


def lay_out(described: Description, body: Any, headers: Mapping[str, str]) -> Iterator[Element]:
    """The events of a body. Raises `Misshapen` where it has no list of them."""
    events, seen = described.events, {"body": body, "headers": headers}
    if events is None or (events.when is not None and not events.when.is_true(seen, "events.when")):
        yield Element(value=body, path="body", alone=None)
        return
    listed = events.at.value(seen, "events")
    if not isinstance(listed, list):
        raise Misshapen(events.at.text, "an array")
    for index, value in enumerate(listed):
        alone = _with_only(value, body, events.at.way[1:]) if events.at.way else None
        yield Element(value=value, path=f"{events.at.text}[{index}]", alone=alone)


def _with_only(value: Any, body: Any, way: tuple[str, ...]) -> Any:
    """The body with this one in the place of its list of events."""
    if not way:
        return [value]
    return {**body, way[0]: _with_only(value, body[way[0]], way[1:])}


class _Told(NamedTuple):
    """What an event is: the provider's word, ours, and what it is when it comes again."""

    word: str | None
    meaning: str
    event_key: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event with everything it is read by."""

    element: Element
    body: Any
    headers: Mapping[str, str]
    settings: WebhookSettings
    received_at: datetime
    raw: bytes
    content_type: str

    @property
    def described(self) -> Description:
        return self.settings.described

    def read(self) -> Found:
        """Raises `Misshapen` and `UnknownAccount`."""
        described = self.described
        seen = {"event": self.element.part.data, "body": self.body, "headers": self.headers, "key": None}
        account_id = self._id(described.account, seen, "account")
        place = self.settings.place_of(account_id)
        seen["key"] = self._key(seen)
        word = self._word(described.kind, seen, "kind")
        told = _Told(word, self._meaning(word, seen), self._event_key(seen["key"], account_id, word))
        reader = _READERS.get(told.meaning)
        return self._contact(place, account_id, told, seen) if reader is None else reader(self, place, told, seen)

    def _meaning(self, word: str | None, seen: Mapping[str, Any]) -> str:
        """A kind of ours, or what is done instead. Only what would be a contact can be an echo of our own words."""
        described = self.described
        meaning = "message" if word is None else described.kinds.get(word, described.otherwise)
        if meaning in ("ignore", "status") or described.echo_when is None:
            return meaning
        return "echo" if described.echo_when.is_true(seen, self._at("echo_when")) else meaning

    def _at(self, key: str) -> str:
        return f"{self.element.path}: {key}"

    def _id(self, query: Query | None, seen: Mapping[str, Any], name: str) -> str | None:
        path = self._at(name)
        return None if query is None else _ident(values.id_of(query.value(seen, path)), path)

    def _word(self, query: Query | None, seen: Mapping[str, Any], name: str) -> str | None:
        path = self._at(name)
        return None if query is None else _ident(values.word_of(query.value(seen, path)), path)

    def _key(self, seen: Mapping[str, Any]) -> str:
        """One id as it is; several values, or an event without one, as a fingerprint."""
        asked = [values.id_of(query.value(seen, self._at("key"))) for query in self.described.key]
        if len(asked) == 1 and isinstance(asked[0], str):
            return _ident(asked[0], self._at("key"))
        parts = asked if any(one is not None for one in asked) else [seen["event"]]
        return fingerprint(*parts)

    def _event_key(self, key: str, account_id: str | None, word: str | None) -> str:
        """The provider's key among all that may have the same one. Its ids are unique only within an account; and where only
        a header says what an event is, that too tells two events apart. Such a header is rarely signed: with the words that
        are described, and no others, whoever changes it makes no more than a few of one."""
        kind = self.described.kind
        scope = [account_id] if account_id is not None else []
        if kind is not None and kind.headers:
            scope.append(word if word in self.described.kinds else "")
        return ":".join([*(quote(one or "", safe="") for one in scope), key])

    def _contact(self, place: Place, account_id: str | None, told: _Told, seen: Mapping[str, Any]) -> InboundMessage:
        described = self.described
        message = values.found(described.message, seen, self._at("message"))
        content = values.content(told.meaning, message, channel=described.channel, word=told.word)
        at = values.sent_at(described.message.sent_at, message)
        contact = place.contact(
            content,
            key=told.event_key,
            external_id=message.ident("external_id"),
            sender=people.sender(described.message.sender, message, account_id),
            raw=self.raw,
            content_type=self.content_type,
            sent_at=at,
            thread=Thread(in_reply_to=message.hint("in_reply_to")),
            reply=self._reply(at),
        )
        html = values.html(message)
        return contact if html is None else msgspec.structs.replace(contact, html=html)

    def _reply(self, at: datetime | None) -> Reply:
        send = self.described.send
        if send is None:
            return Reply(allowed=())
        until = None if send.window_hours is None else (at or self.received_at) + timedelta(hours=send.window_hours)
        return Reply(allowed=("text",), until=until)

    def event(self, place: Place, told: _Told, seen: Mapping[str, Any]) -> ChannelEvent:
        return place.event(told.word or told.meaning, key=told.event_key, raw=self.raw, at=self._sent_at(seen))

    def status(self, place: Place, told: _Told, seen: Mapping[str, Any]) -> Status:
        """What became of a message of ours. Raises `Misshapen`."""
        described = self.described.status
        state = self._word(described.state, seen, "status.state") or ""
        error = described.error.value(seen, self._at("status.error")) if described.error is not None else None
        return place.status(
            described.states.get(state, state),
            key=told.event_key,
            external_id=self._id_of_ours(described.external_id, seen, "status.external_id"),
            raw=self.raw,
            at=self._sent_at(seen),
            error=Part({"error": values.word_of(error)}).hint("error"),
        )

    def echo(self, place: Place, told: _Told, seen: Mapping[str, Any]) -> Status:
        """A message that we, or a colleague in the provider's own desk, wrote. Raises `Misshapen`."""
        external_id = self._id_of_ours(self.described.echo.external_id, seen, "echo.external_id")
        return place.status("echo", key=told.event_key, external_id=external_id, raw=self.raw, at=self._sent_at(seen))

    def _id_of_ours(self, query: Query | None, seen: Mapping[str, Any], name: str) -> str:
        asked = (query, name) if query is not None else (self.described.message.external_id, "message.external_id")
        return self._id(asked[0], seen, asked[1]) or ""

    def _sent_at(self, seen: Mapping[str, Any]) -> datetime | None:
        described = self.described.message.sent_at
        if described is None:
            return None
        return values.sent_at(described, Part({"sent_at": {"at": described.at.value(seen, self._at("message.sent_at"))}}))


def _ident(value: Any, path: str) -> str:
    return Part({path: value}).ident(path)


_Reader = Callable[[Event, Place, _Told, Mapping[str, Any]], Found]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType({"ignore": Event.event, "status": Event.status, "echo": Event.echo})
