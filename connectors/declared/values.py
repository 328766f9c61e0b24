"""From what the expressions of a description found to the parts of an envelope. Pure.

What an expression finds is asked for as in any channel: ids and words strictly, what only decorates by hint.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel

from connectors.declared.query import Query
from connectors.declared.times import SentAt
from connectors.kit.content import Content, unsupported
from connectors.reading import Misshapen, Part, moment
from normalizer.inbound import (
    Button,
    Call,
    FieldValue,
    InboundAttachment,
    Kind,
    Location,
    Page,
    Reaction,
)
from normalizer.markup import html_to_text, sanitise_html

_IDS: Final = frozenset({"external_id", "refers_to", "in_reply_to", "id"})
_LATEST_YEAR: Final = 2200


def found(model: BaseModel, seen: Mapping[str, Any], path: str) -> Part:
    """Everything the expressions of a part of a description find, by its keys. Whole numbers that are ids become texts.
    Raises `Misshapen`."""
    return Part(_found(model, seen, path), path)


def _found(model: BaseModel, seen: Mapping[str, Any], path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, asked in model:
        way = f"{path}.{name}"
        if isinstance(asked, Query):
            value = asked.value(seen, way)
            values[name] = id_of(value) if name in _IDS else value
        elif isinstance(asked, BaseModel):
            values[name] = _found(asked, seen, way)
        elif isinstance(asked, dict):
            values[name] = {key: one.value(seen, f"{way}.{key}") for key, one in asked.items() if isinstance(one, Query)}
    return values


def id_of(value: Any) -> Any:
    """An id that came as a whole number, as the text it is in envelopes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def word_of(value: Any) -> Any:
    """A word that came as a number or a truth value, as the text it is as a key of YAML."""
    return ("true" if value else "false") if isinstance(value, bool) else id_of(value)


def content(meaning: str, message: Part, *, channel: str, word: str | None) -> Content:
    """What the customer did. `meaning` is a kind of ours, or `message`, which is told apart. Raises `Misshapen`."""
    said = Content(
        kind="unsupported",
        text=message.optional_text("text") or _text_of(message.hint("html")),
        subject=message.hint("subject"),
        refers_to=message.optional_ident("refers_to"),
        attachments=_attachments(message),
        location=_location(message.hints("location")),
        button=_button(message.hints("button")),
        reaction=Reaction(emoji=message.hint("reaction")) if meaning == "reaction" or message.hint("reaction") else None,
        call=_call(message.hints("call"), always=meaning == "call"),
        fields=_fields(message.hints("fields").data),
        page=_page(message.hints("page")),
        language=(message.hint("language") or "").replace("_", "-") or None,
    )
    kind: Kind = _told_apart(said, message) if meaning == "message" else meaning  # type: ignore[assignment]  # a Meaning
    if kind in _NEEDED and not _NEEDED[kind](said):
        raise Misshapen(message.at(_WHERE[kind]), f"something, as it is of kind {kind}")
    if kind == "unsupported":
        return msgspec.structs.replace(said, fields={**said.fields, **unsupported(channel, word).fields})
    if kind in ("edit", "delete"):
        return msgspec.structs.replace(said, kind=kind, about=said.refers_to or message.ident("external_id"), refers_to=None)
    return msgspec.structs.replace(said, kind=kind)


def _text_of(html: str | None) -> str | None:
    return (html_to_text(html) or None) if html is not None else None


def html(message: Part) -> str | None:
    """Markup that is safe to show; None where there is none, or it cannot be cleaned."""
    given = message.hint("html")
    return (sanitise_html(given) or None) if given is not None else None


_NEEDED: Final[Mapping[str, Callable[[Content], object]]] = MappingProxyType(
    {
        "text": lambda said: said.text,
        "media": lambda said: said.attachments,
        "location": lambda said: said.location,
        "postback": lambda said: said.button,
        "reaction": lambda said: said.refers_to,
    }
)
"""What an envelope of a kind is nothing without."""
_WHERE: Final = {"text": "text", "media": "attachments", "location": "location", "postback": "button", "reaction": "refers_to"}


def _told_apart(said: Content, message: Part) -> Kind:
    held: tuple[tuple[Kind, object], ...] = (
        ("reaction", said.reaction),
        ("postback", said.button),
        ("location", said.location),
        ("call", said.call),
        ("media", said.attachments),
        ("text", said.text),
    )
    kind = next((kind for kind, value in held if value), None)
    if kind is None:
        raise Misshapen(message.at("text"), "a text, or attachments, a location, a button, a reaction or a call")
    return kind


def _attachments(message: Part) -> tuple[InboundAttachment, ...]:
    return tuple(
        InboundAttachment(
            reference=one.ident("url") if one.hint("url") else None,
            content_type=one.hint("content_type"),
            filename=one.hint("filename"),
            caption=one.hint("caption"),
            unavailable=None if one.hint("url") else "gone",
        )
        for one in message.objects("attachments")
    )


def _location(place: Part) -> Location | None:
    if place.data.get("latitude") is None and place.data.get("longitude") is None:
        return None
    return Location(
        latitude=place.number("latitude"),
        longitude=place.number("longitude"),
        name=place.hint("name"),
        address=place.hint("address"),
    )


def _button(tap: Part) -> Button | None:
    button = Button(id=tap.optional_ident("id"), title=tap.hint("title"))
    return None if button == Button() else button


def _call(call: Part, *, always: bool) -> Call | None:
    outbound = call.data.get("direction") == "outbound"
    told = Call(
        direction="outbound" if outbound else "inbound",
        state=call.hint("state"),
        duration=call.whole("duration"),
        recording=call.hint("recording"),
    )
    return told if always or told != Call(direction=told.direction) else None


def _page(site: Part) -> Page | None:
    page = Page(url=site.hint("url"), title=site.hint("title"), referrer=site.hint("referrer"))
    return None if page == Page() else page


def _fields(values: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Those that say something and fit into an envelope."""
    fitting = {name: value for name, value in values.items() if _is_scalar(value) or _is_list_of_scalars(value)}
    return {name: value for name, value in fitting.items() if value not in (None, "", [])}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_list_of_scalars(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_scalar, value))


def sent_at(described: SentAt | None, message: Part) -> datetime | None:
    """The time of the message as aware UTC; None where there is none, or nobody can say which."""
    value = message.hints("sent_at").data.get("at") if described is not None else None
    if described is None or value is None:
        return None
    if described.format is None and (at := moment(value)) is not None:
        return at
    try:
        text = id_of(value)
        at = datetime.fromisoformat(text) if described.format is None else datetime.strptime(text, described.format)  # noqa: DTZ007  # the next line gives it a zone
        zoned = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(described.zone))
        return zoned.astimezone(UTC) if zoned.year < _LATEST_YEAR else None
    except (ValueError, TypeError, OverflowError):
        return None
