"""What each event and message of LINE says, as tables.

Source: LINE Developers, "Messaging API reference: Webhook event objects".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.kit.content import Content, Kinds, flat, present, read_kind
from connectors.reading import Part
from normalizer.inbound import Button, FieldValue, InboundAttachment, Location


def content(event: Part, word: str) -> Content | None:
    """What the customer did, or None for an event that is no contact (follow, join, another menu …). Raises `Misshapen`."""
    reader = _EVENTS.get(word)
    return None if reader is None else reader(event)


def circumstances(event: Part) -> Mapping[str, FieldValue]:
    """Where it was said besides a chat of two."""
    source = event.hints("source")
    return present(line_group=source.optional_ident("groupId"), line_room=source.optional_ident("roomId"))


def _message(event: Part) -> Content:
    message = event.part("message")
    word, _ = message.ident("type"), message.ident("id")
    return read_kind(MESSAGES, word, message, "line")


def _edited(event: Part) -> Content:
    original = event.part("message").ident("id")
    return msgspec.structs.replace(_message(event), kind="edit", about=original)


def _unsend(event: Part) -> Content:
    return Content(kind="delete", about=event.part("unsend").ident("messageId"))


def _postback(event: Part) -> Content | None:
    """A tap on a button of ours. Going from one menu to another is nothing that was said to us."""
    postback = event.part("postback")
    if _MENU in postback.hints("params").data:
        return None
    fields = flat(postback.data.get("params"), "line")
    return Content(kind="postback", button=Button(id=postback.text("data")), fields=fields)


def _text(message: Part) -> Content:
    return Content(kind="text", text=message.text("text"))


def _file(message: Part) -> Content:
    provider = message.hints("contentProvider")
    reference = provider.ident("originalContentUrl") if provider.hint("type") == "external" else message.ident("id")
    fields = present(line_duration_ms=message.whole("duration"), line_image_set=message.hints("imageSet").optional_ident("id"))
    return Content(
        kind="media",
        attachments=(InboundAttachment(reference=reference, filename=message.hint("fileName")),),
        fields=fields,
    )


def _location(message: Part) -> Content:
    place = Location(
        latitude=message.number("latitude"),
        longitude=message.number("longitude"),
        name=message.hint("title"),
        address=message.hint("address"),
    )
    return Content(kind="location", location=place)


def _sticker(message: Part) -> Content:
    """A picture of LINE's own shop: what it says, there is no file to be had."""
    words = [word for word in message.data.get("keywords") or () if isinstance(word, str)] if _listed(message) else []
    fields = present(line_package=message.hint("packageId"), line_sticker=message.hint("stickerId"), line_keywords=list(words))
    return Content(kind="media", text=message.hint("text"), fields=fields)


def _listed(message: Part) -> bool:
    return isinstance(message.data.get("keywords"), list)


MESSAGES: Final[Kinds] = MappingProxyType(
    {
        "text": _text,
        "image": _file,
        "video": _file,
        "audio": _file,
        "file": _file,
        "location": _location,
        "sticker": _sticker,
    }
)

_MENU: Final = "newRichMenuAliasId"
_EVENTS: Final[Mapping[str, Callable[[Part], Content | None]]] = MappingProxyType(
    {"message": _message, "messageEdited": _edited, "unsend": _unsend, "postback": _postback}
)
