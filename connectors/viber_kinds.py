"""What each message of Viber says, as a table.

Source: Viber developers, "REST bot API: Receive message from user".
"""

from types import MappingProxyType
from typing import Final

import msgspec

from connectors.kit.content import Content, Kinds, present, unsupported
from connectors.reading import Misshapen, Part
from normalizer.inbound import InboundAttachment, Location, SharedContact


def content(message: Part) -> Content:
    """What the user sent. The words of a type that is new are kept. Raises `Misshapen`."""
    word = message.ident("type")
    reader = MESSAGES.get(word)
    if reader is None:
        return msgspec.structs.replace(unsupported("viber", word), text=message.hint("text"))
    return reader(message)


def _text(message: Part) -> Content:
    """Also a tap on a keyboard: it comes as the text that we gave its button."""
    return Content(kind="text", text=message.text("text"))


def _file(message: Part) -> Content:
    file = InboundAttachment(reference=message.ident("media"), filename=message.hint("file_name"))
    return Content(kind="media", text=message.optional_text("text"), attachments=(file,))


def _sticker(message: Part) -> Content:
    """The document has the number alone; clients send its picture along."""
    picture = message.optional_ident("media")
    files = (InboundAttachment(reference=picture),) if picture else ()
    return Content(kind="media", attachments=files, fields=present(viber_sticker=message.whole("sticker_id")))


def _contact(message: Part) -> Content:
    contact = message.part("contact")
    phone = contact.optional_text("phone_number")
    shared = SharedContact(name=contact.hint("name"), phones=(phone,) if phone else ())
    return Content(kind="contact", contacts=(shared,))


def _url(message: Part) -> Content:
    """A link is words, and may have some of the user's before it: nothing of a stranger's page is loaded."""
    link, words = message.text("media"), message.optional_text("text") or ""
    return Content(kind="text", text=words if link in words else "\n".join(filter(None, (words, link))))


def _location(message: Part) -> Content:
    place = message.part("location")
    location = Location(latitude=_degrees(place, "lat"), longitude=_degrees(place, "lon"), address=place.hint("address"))
    return Content(kind="location", text=message.optional_text("text"), location=location)


def _degrees(place: Part, key: str) -> float:
    """Documented as a number, and seen as a text. Raises `Misshapen`."""
    value = place.data.get(key)
    if not isinstance(value, str):
        return place.number(key)
    try:
        return Part({key: float(value)}, place.path).number(key)
    except ValueError as error:
        raise Misshapen(place.at(key), "a number") from error


MESSAGES: Final[Kinds] = MappingProxyType(
    {
        "text": _text,
        "picture": _file,
        "video": _file,
        "file": _file,
        "sticker": _sticker,
        "contact": _contact,
        "url": _url,
        "location": _location,
    }
)
